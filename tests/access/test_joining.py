"""Inviting, joining, changing and shutting out users."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from loopline.access import joining
from loopline.access.actor import Actor, NotAllowedError
from loopline.access.joining import Membership
from loopline.access.models import AuditEntry, OneTimeLink, User
from loopline.access.one_time_links import LinkNotValidError, find_link, new_link, use_link
from loopline.access.roles import Role
from loopline.lib.times import utc_now
from tests.make import make_unit, make_user

pytestmark = pytest.mark.django_db

GOOD = "a long enough password"


@pytest.fixture
def administrator() -> Actor:
    return make_user(Role.ADMINISTRATOR, name="Ada").actor


def invite(by: Actor, email: str = "Tom@Nordwind.test") -> tuple[User, str]:
    return joining.invite_user(email, Membership("Tom", Role.SALES, frozenset({make_unit().pk}), True), by=by)


def test_an_invited_person_joins_with_the_link_and_their_own_password(administrator: Actor) -> None:
    invited, token = invite(administrator)
    assert invited.email == "tom@nordwind.test"
    assert not invited.has_usable_password()
    joined = joining.join(token, GOOD)
    assert joined.check_password(GOOD)
    assert [entry.verb for entry in AuditEntry.objects.all()] == ["invited user", "chose a password"]


def test_the_database_does_not_hold_the_token(administrator: Actor) -> None:
    _, token = invite(administrator)
    assert token not in str(OneTimeLink.objects.values())


def test_a_link_works_once(administrator: Actor) -> None:
    _, token = invite(administrator)
    joining.join(token, GOOD)
    with pytest.raises(LinkNotValidError, match="used already"):
        joining.join(token, GOOD)


def test_a_weak_password_does_not_use_the_link_up(administrator: Actor) -> None:
    _, token = invite(administrator)
    with pytest.raises(ValidationError):
        joining.join(token, "short")
    assert find_link(OneTimeLink.Purpose.JOIN, token).used_at is None


def test_a_link_runs_out(administrator: Actor) -> None:
    invited, _ = invite(administrator)
    token = new_link(OneTimeLink.Purpose.JOIN, invited, at=utc_now() - timedelta(days=8))
    with pytest.raises(LinkNotValidError, match="run out"):
        use_link(OneTimeLink.Purpose.JOIN, token)


def test_a_new_link_takes_the_place_of_the_old_one(administrator: Actor) -> None:
    invited, old = invite(administrator)
    joining.renew_link(invited, by=administrator)
    with pytest.raises(LinkNotValidError):
        joining.join(old, GOOD)


def test_a_link_for_joining_does_not_set_up(administrator: Actor) -> None:
    _, token = invite(administrator)
    with pytest.raises(LinkNotValidError):
        find_link(OneTimeLink.Purpose.SETUP, token)


def test_an_address_is_invited_once(administrator: Actor) -> None:
    invite(administrator)
    with pytest.raises(ValidationError, match="already"):
        invite(administrator, "tom@nordwind.TEST")


def test_only_administrators_invite() -> None:
    with pytest.raises(NotAllowedError):
        invite(make_user(Role.SALES_MANAGER).actor)


def test_sales_without_a_unit_is_refused(administrator: Actor) -> None:
    with pytest.raises(ValidationError, match="business unit"):
        joining.invite_user("x@nordwind.test", Membership("X", Role.SALES), by=administrator)


def test_marketing_does_not_take_leads(administrator: Actor) -> None:
    membership = Membership("X", Role.MARKETING, frozenset({make_unit().pk}), takes_leads=True)
    with pytest.raises(ValidationError, match="sales"):
        joining.invite_user("x@nordwind.test", membership, by=administrator)


def test_the_last_administrator_stays_one(administrator: Actor) -> None:
    last = User.objects.get(pk=administrator.id)
    with pytest.raises(ValidationError, match="last administrator"):
        joining.shut_out(last, by=administrator)
    with pytest.raises(ValidationError, match="last administrator"):
        joining.change_user(last, Membership("Ada", Role.FINANCE), by=administrator)


def test_a_change_of_role_is_on_record_with_before_and_after(administrator: Actor) -> None:
    invited, _ = invite(administrator)
    joining.change_user(invited, Membership("Tom", Role.FINANCE), by=administrator)
    detail = AuditEntry.objects.get(verb="changed user").detail
    assert (detail["before"]["role"], detail["after"]["role"]) == ("sales", "finance")


def test_shutting_out_ends_links_and_the_round_robin(administrator: Actor) -> None:
    invited, token = invite(administrator)
    joining.shut_out(invited, by=administrator)
    invited.refresh_from_db()
    assert (invited.is_active, invited.takes_leads) == (False, False)
    with pytest.raises(LinkNotValidError):
        joining.join(token, GOOD)
