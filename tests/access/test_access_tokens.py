"""Access tokens: made once, kept as a digest, ended with their person; their pages and their command."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from loopline.access.access_tokens import (
    MOST,
    NewToken,
    TokenRefusedError,
    create_access_token,
    revoke_access_token,
    token_in_force,
)
from loopline.access.actor import SYSTEM, NotAllowedError
from loopline.access.joining import Membership, change_user, let_back_in, renew_link, shut_out
from loopline.access.models import AccessToken, AuditEntry, User
from loopline.access.roles import Role
from loopline.access.scopes import Scope
from loopline.cli.main import main
from loopline.lib.times import utc_now
from tests.make import make_unit, make_user, signed_in

pytestmark = pytest.mark.django_db

NEW = NewToken("spreadsheet", frozenset({Scope.REPORTS_READ}))
PASSWORD, OTHER = "correct horse battery", "another battery horse"
FORM = {"name": "spreadsheet", "scopes": ["reports:read"], "days": "30"}


def refusal(plain: str, **more: object) -> str:
    with pytest.raises(TokenRefusedError) as caught:
        token_in_force(plain, **more)  # type: ignore[arg-type]
    return caught.value.code


def member(role: Role = Role.MARKETING) -> User:
    return make_user(role, unit=make_unit())


def test_only_the_digest_is_kept_and_the_audit_log_never_holds_the_token() -> None:
    user = member()
    token, plain = create_access_token(user, NEW, by=user.actor)
    revoke_access_token(token, by=user.actor)
    kept = str([*AccessToken.objects.values(), *AuditEntry.objects.values()])
    assert plain not in kept
    assert plain.removeprefix("ll_api_") not in kept
    verbs = AuditEntry.objects.filter(object_id=str(token.pk)).values_list("verb", flat=True)
    assert list(verbs) == ["created access token", "revoked access token"]


def test_its_use_is_noted_once_a_minute() -> None:
    user, now = member(), utc_now()
    _, plain = create_access_token(user, NEW, by=user.actor)
    for seconds, noted in ((1, 1), (59, 1), (62, 62)):
        token_in_force(plain, at=now + timedelta(seconds=seconds))
        assert AccessToken.objects.get().last_used_at == now + timedelta(seconds=noted)


def test_a_token_that_is_none_ran_out_or_was_revoked_lets_nobody_in_and_says_which() -> None:
    user = member()
    token, plain = create_access_token(user, NEW, by=user.actor)
    assert token_in_force(plain).user == user
    assert {refusal(one) for one in ("", "x" * 300, plain[:-1], plain + "\ud800")} == {"token_unknown"}
    assert refusal(plain, at=token.expires_at) == "token_expired"
    revoke_access_token(token, by=user.actor)
    assert refusal(plain) == "token_revoked"


def test_it_ends_for_good_when_its_person_leaves_or_has_another_role_and_not_with_another_name() -> None:
    user = member()
    _, plain = create_access_token(user, NEW, by=user.actor)
    units = frozenset(user.units.values_list("pk", flat=True))
    change_user(user, Membership("Ada", Role.MARKETING, units), by=SYSTEM)
    assert token_in_force(plain).user.name == "Ada"
    change_user(user, Membership("Ada", Role.SALES, units), by=SYSTEM)
    assert refusal(plain) == "token_revoked"
    _, plain = create_access_token(user, NEW, by=User.objects.get(pk=user.pk).actor)
    shut_out(user, by=SYSTEM)
    let_back_in(user, by=SYSTEM)
    assert refusal(plain) == "token_revoked"
    ended = AuditEntry.objects.filter(verb="revoked access token")
    assert [entry.detail["because"] for entry in ended] == ["another role", "shut out"]


def test_another_password_ends_it_whether_its_person_or_a_link_changed_it() -> None:
    user = member()
    user.set_password(PASSWORD)
    user.save()
    client, page = signed_in(user), reverse("account_change_password")
    assert "access tokens" in client.get(page).content.decode()
    for old, refused in (("wrong", False), (PASSWORD, True)):
        _, plain = create_access_token(user, NEW, by=user.actor)
        client.post(page, {"oldpassword": old, "password1": OTHER, "password2": OTHER})
        assert is_refused(plain) is refused
    _, plain = create_access_token(user, NEW, by=user.actor)
    link = reverse("join", args=[renew_link(user, by=SYSTEM)])
    assert not is_refused(plain), "the link is not used yet"
    assert "access tokens" in Client().get(link).content.decode()
    Client().post(link, {"password": PASSWORD})
    assert is_refused(plain)
    ended = AuditEntry.objects.filter(verb="revoked access token")
    assert {(entry.actor_name, entry.detail["because"]) for entry in ended} == {(user.name, "another password")}
    assert ended.count() == AccessToken.objects.count() == 3


def is_refused(plain: str) -> bool:
    try:
        token_in_force(plain)
    except TokenRefusedError:
        return True
    return False


def test_its_state_and_the_tokens_in_force_agree_at_every_moment() -> None:
    user, left, now, state = member(), member(), utc_now(), AccessToken.State
    running, ended, orphan = (create_access_token(one, NEW, by=one.actor)[0] for one in (user, user, left))
    revoke_access_token(ended, by=user.actor)
    User.objects.filter(pk=left.pk).update(is_active=False)
    for at, first in ((now, state.IN_FORCE), (running.expires_at, state.EXPIRED)):
        tokens = [AccessToken.objects.get(pk=one.pk) for one in (running, ended, orphan)]
        assert [token.state_at(at) for token in tokens] == [first, state.REVOKED, state.OWNER_SHUT_OUT]
        assert list(AccessToken.objects.in_force(at)) == [one for one in tokens if one.state_at(at) == state.IN_FORCE]


def test_what_cannot_be_a_token_is_refused_in_words() -> None:
    user = member()
    for wrong in (NewToken(" ", NEW.scopes), NewToken("x", frozenset()), NewToken("x", NEW.scopes, 366)):
        with pytest.raises(ValidationError):
            create_access_token(user, wrong, by=user.actor)
    for _ in range(MOST):
        create_access_token(user, NEW, by=user.actor)
    with pytest.raises(ValidationError, match="revoke one"):
        create_access_token(user, NEW, by=user.actor)


def test_nobody_makes_a_token_of_somebody_else() -> None:
    with pytest.raises(NotAllowedError):
        create_access_token(member(), NEW, by=member(Role.ADMINISTRATOR).actor)


def test_everybody_makes_shows_once_and_revokes_their_own() -> None:
    user = member(Role.SALES)
    client, page = signed_in(user), reverse("access_tokens")
    assert Client().get(page).headers["Location"].startswith("/account/login/")
    answer = client.post(page, FORM)
    plain = re.search(r"ll_api_[\w-]{43}", answer.content.decode())
    assert plain
    assert answer.headers["Cache-Control"] == "no-store"
    assert plain[0] not in client.get(page).content.decode()
    assert "This field is required" in client.post(page, {"name": "x", "days": "30"}).content.decode()
    token = token_in_force(plain[0])
    revoke = reverse("access_token_revoke", args=[token.pk])
    assert Client().post(revoke).headers["Location"].startswith("/account/login/")
    for stranger in (member(), member(Role.FINANCE)):
        assert signed_in(stranger).post(revoke).status_code == 404
    assert client.get(revoke).status_code == 405
    assert client.post(revoke).headers["Location"] == page
    assert refusal(plain[0]) == "token_revoked"


def test_administrators_see_and_revoke_everybodys_and_others_do_not() -> None:
    user = member()
    token, plain = create_access_token(user, NEW, by=user.actor)
    page = reverse("every_access_token")
    assert Client().get(page).headers["Location"].startswith("/account/login/")
    assert signed_in(user).get(page).status_code == 403
    administrator = signed_in(member(Role.ADMINISTRATOR))
    shown = administrator.get(page).content.decode()
    assert user.name in shown
    assert plain not in shown
    assert user.name not in administrator.get(reverse("access_tokens")).content.decode()
    assert administrator.post(reverse("access_token_revoke", args=[token.pk])).headers["Location"] == page
    assert refusal(plain) == "token_revoked"


def test_the_command_makes_lists_and_revokes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOOPLINE_DATA", str(tmp_path))
    user = member()
    assert main(["tokens", "create", "--user", user.email, "--name", "nightly", "--scope", "metrics:read"]) == 0
    plain = capsys.readouterr().out.strip()
    token = token_in_force(plain)
    assert (token.user, token.scopes) == (user, ["metrics:read"])
    assert main(["tokens", "list"]) == 0
    listed = capsys.readouterr().out
    assert f"{user.email}: nightly (metrics:read)" in listed
    assert plain not in listed
    assert main(["tokens", "revoke", str(token.pk)]) == 0
    assert refusal(plain) == "token_revoked"
    for wrong in (["revoke", str(token.pk)], ["revoke", "x"], ["create", "--user", "no@one.test", "--name", "x"],
                  ["create", "--user", user.email, "--name", "x", "--days", "0"]):  # fmt: skip
        assert main(["tokens", *wrong]) == 1
