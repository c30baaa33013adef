"""Signing in, demo people, setting up, joining."""

import pytest
from django.core.cache import cache
from django.test import Client, override_settings
from django.urls import reverse

from loopline.access.joining import Membership, invite_user, shut_out
from loopline.access.models import AuditEntry, User
from loopline.access.roles import Role
from loopline.access.setup import setup_token
from loopline.lib.config import read_config
from tests.make import make_unit, make_user

pytestmark = pytest.mark.django_db

PASSWORD = "a long enough password"
DEMO = read_config({"LOOPLINE_DEMO": "1"})


@pytest.fixture(autouse=True)
def fresh_limits() -> None:
    cache.clear()


def somebody(**fields: object) -> User:
    return User.objects.create_user("ada@nordwind.test", PASSWORD, name="Ada", role="marketing", **fields)


def sign_in(client: Client, password: str = PASSWORD) -> int:
    return client.post(reverse("account_login"), {"login": "Ada@nordwind.test", "password": password}).status_code


def verbs() -> list[str]:
    return list(AuditEntry.objects.values_list("verb", flat=True))


def is_in(client: Client) -> bool:
    return client.get("/").status_code == 200


def test_signing_in_and_out_is_on_record() -> None:
    somebody()
    client = Client()
    assert sign_in(client) == 302
    assert is_in(client)
    client.post(reverse("account_logout"))
    assert not is_in(client)
    assert verbs() == ["signed in", "signed out"]
    assert AuditEntry.objects.earliest("seq").detail == {"method": "password"}


def test_a_wrong_password_is_refused_and_on_record() -> None:
    somebody()
    client = Client()
    assert sign_in(client, "wrong") == 200
    assert not is_in(client)
    assert verbs() == ["sign-in refused"]


def test_an_unknown_address_is_refused_in_the_same_words_and_not_kept() -> None:
    somebody()
    known = Client().post(reverse("account_login"), {"login": "ada@nordwind.test", "password": "wrong"})
    unknown = Client().post(reverse("account_login"), {"login": "eve@nordwind.test", "password": "wrong"})
    said = "The email address and/or password you specified are not correct."
    assert said in known.content.decode()
    assert said in unknown.content.decode()
    assert "eve@" not in str(list(AuditEntry.objects.values()))


def test_guessing_is_slowed_down() -> None:
    somebody()
    client = Client()
    for _ in range(5):
        sign_in(client, "wrong")
    assert (
        "Too many"
        in client.post(reverse("account_login"), {"login": "ada@nordwind.test", "password": PASSWORD}).content.decode()
    )
    assert not is_in(client)


def test_somebody_shut_out_is_out_at_once_and_cannot_come_back() -> None:
    user = somebody()
    client = Client()
    sign_in(client)
    shut_out(user, by=make_user(Role.ADMINISTRATOR).actor)
    assert not is_in(client)
    sign_in(client)
    assert not is_in(client)


def test_nobody_signs_up_alone() -> None:
    somebody()
    Client().post(reverse("account_signup"), {"email": "eve@nordwind.test", "password1": PASSWORD})
    assert User.objects.count() == 1


def test_a_new_password_is_on_record_and_works() -> None:
    somebody()
    client = Client()
    sign_in(client)
    new = "another long password"
    client.post(reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert "changed password" in verbs()
    assert sign_in(Client(), new) == 302


def test_demo_people_are_offered_only_in_demo_mode() -> None:
    somebody(is_demo=True)
    assert "Look around" not in Client().get(reverse("account_login")).content.decode()
    with override_settings(CONFIG=DEMO):
        assert "Look around" in Client().get(reverse("account_login")).content.decode()


def enter_demo(user: User, **request: str) -> bool:
    client = Client()
    client.post(reverse("demo_sign_in"), {"person": str(user.pk)}, **request)  # type: ignore[arg-type]
    return is_in(client)


def test_one_click_signs_in_as_a_demo_person_and_is_on_record() -> None:
    user = somebody(is_demo=True)
    with override_settings(CONFIG=DEMO):
        assert enter_demo(user)
    assert AuditEntry.objects.get().detail == {"method": "demo"}


def test_outside_demo_mode_nobody_enters_without_a_password() -> None:
    assert not enter_demo(somebody(is_demo=True))


def test_demo_mode_does_not_open_real_users() -> None:
    with override_settings(CONFIG=DEMO):
        assert not enter_demo(somebody())


@pytest.mark.parametrize("elsewhere", [{"REMOTE_ADDR": "203.0.113.9"}, {"HTTP_X_FORWARDED_FOR": "203.0.113.9"}])
def test_demo_mode_is_closed_to_other_machines(elsewhere: dict[str, str]) -> None:
    with override_settings(CONFIG=DEMO):
        assert not enter_demo(somebody(is_demo=True), **elsewhere)


@pytest.mark.parametrize("person", ["", "x", "0193e0a0-0000-7000-8000-000000000000"])
def test_a_demo_person_that_is_none_is_not_found(person: str) -> None:
    somebody(is_demo=True)
    with override_settings(CONFIG=DEMO):
        assert Client().post(reverse("demo_sign_in"), {"person": person}).status_code == 404


def test_before_the_first_user_every_door_leads_to_how_to_begin() -> None:
    for address in ("/", reverse("account_login")):
        assert Client().get(address).headers["Location"] == reverse("welcome")
    assert "loopline setup" in Client().get(reverse("welcome")).content.decode()


def test_the_setup_link_works_once() -> None:
    address = reverse("setup", args=[setup_token()])
    answers = {
        "name": "Ada", "email": "ada@nordwind.test", "password": PASSWORD, "organisation": "N", "unit_name": "Nordics",
        "time_zone": "Europe/Oslo", "reporting_currency": "EUR",
    }  # fmt: skip
    client = Client()
    assert client.post(address, answers).status_code == 302
    assert is_in(client)
    assert Client().get(address).status_code == 410
    assert Client().get(reverse("setup", args=["guess"])).status_code == 410


def test_a_weak_password_is_said_beside_the_form_and_the_link_still_works() -> None:
    administrator = make_user(Role.ADMINISTRATOR).actor
    membership = Membership("Tom", Role.SALES, frozenset({make_unit().pk}))
    _, token = invite_user("tom@nordwind.test", membership, by=administrator)
    client = Client()
    answer = client.post(reverse("join", args=[token]), {"password": "short"})
    assert "too short" in answer.content.decode()
    assert client.post(reverse("join", args=[token]), {"password": PASSWORD}).status_code == 302
    assert is_in(client)
