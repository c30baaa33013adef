"""Who is let in at the API, what is refused and in which words, and that nothing else opens it."""

import dataclasses
import io
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from loopline.access.access_tokens import revoke_access_token
from loopline.access.actor import SYSTEM
from loopline.access.joining import shut_out
from loopline.access.models import AccessToken
from loopline.access.roles import Role
from loopline.access.scopes import Scope
from loopline.collect.log import Log
from loopline.collect.own import close_logs
from loopline.lib.buckets import Buckets
from loopline.lib.times import utc_now
from loopline.reports.address import OPTION_NAMES
from loopline.reports.catalogue import CATALOGUE, REPORTS
from loopline.reports.option_words import OPTION_WORDS, options_of
from loopline.store.current import use_engine
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.web import floods
from loopline.web.api import bearer, door
from tests.api.asking import Program, program_of
from tests.make import make_unit, make_user, signed_in

pytestmark = pytest.mark.django_db

ADDRESSES = {
    "token": None, "metrics": Scope.METRICS_READ, "metrics/leads": Scope.METRICS_READ, "reports": Scope.REPORTS_READ,
    "reports/buyers": Scope.REPORTS_READ, "reports/weekly": Scope.REPORTS_READ,
    "reports/closed-loop/changes": Scope.REPORTS_READ, "reports/buyers/sql": Scope.REPORTS_READ,
    "reports/buyers/windows": Scope.REPORTS_READ, "reports/buyers/behind": Scope.RECORDS_READ,
    "runs": Scope.REPORTS_READ,
    "runs/01998c2e-0000-7000-8000-000000000000": Scope.REPORTS_READ,
    "runs/01998c2e-0000-7000-8000-000000000000/changes": Scope.REPORTS_READ,
}  # fmt: skip
"""One address of each operation, with the scope it needs."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A LOOPLINE_DATA of its own, and buckets that are full and stay so until they are empty."""
    monkeypatch.setattr(settings, "CONFIG", dataclasses.replace(settings.CONFIG, data=tmp_path))
    monkeypatch.setattr(floods, "uncounted", floods.Uncounted())
    for flood in (door.CALLS, bearer.CALLS_OF_ONE):
        monkeypatch.setattr(flood, "buckets", Buckets(lambda: 0.0))
    yield tmp_path
    close_logs(tmp_path)


def program(*scopes: Scope) -> Program:
    return program_of(make_user(Role.MARKETING, unit=make_unit()), *scopes)


def test_the_document_lists_exactly_the_addresses_that_these_tests_ask() -> None:
    answer: Any = Client().get("/api/v1/openapi.json")
    document = answer.json()
    assert document["openapi"].startswith("3.1")
    templates = {
        address.replace("leads", "{key}").replace("/buyers", "/{key}").replace("closed-loop", "{key}")
        for address in ADDRESSES
    }
    templates = {one.replace("01998c2e-0000-7000-8000-000000000000", "{run_id}") for one in templates}
    assert set(document["paths"]) == {f"/api/v1/{one}" for one in templates}
    for path in document["paths"].values():
        assert set(path) == {"get"}, "nothing can be changed"
        assert path["get"]["security"] == [{"Bearer": []}]
        assert {"200", "401", "403", "404", "422", "429", "503"} <= set(path["get"]["responses"])


@pytest.mark.parametrize("address", ADDRESSES)
def test_without_a_token_in_force_nobody_is_let_in_not_even_with_a_session(address: str) -> None:
    user = make_user(Role.ADMINISTRATOR)
    for client in (Client(), signed_in(user)):
        answer: Any = client.get(f"/api/v1/{address}")
        assert (answer.status_code, answer.json()["code"]) == (401, "token_missing")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert not answer.cookies
        assert "Access-Control-Allow-Origin" not in answer.headers
    for wrong, code in (("Basic eDp5", "token_missing"), ("Bearer", "token_missing"), ("Bearer x", "token_unknown")):
        answer = Client().get(f"/api/v1/{address}", headers={"Authorization": wrong})
        assert (answer.status_code, answer.json()["code"]) == (401, code)


@pytest.mark.parametrize(("address", "scope"), ADDRESSES.items())
def test_a_token_is_for_its_scopes_only(address: str, scope: Scope | None, store: DuckDBEngine) -> None:
    if scope is not None:
        others = program(*(one for one in Scope if one != scope))
        assert others.refusal(address) == (403, "scope_missing", scope)
    status = program(*([scope] if scope else [Scope.METRICS_READ])).ask(address).status_code
    assert status in {200, 404, 422}, "a run that is not there, a figure that is not named"


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_option_that_means_nothing_is_refused_and_nothing_can_be_sent(address: str, store: DuckDBEngine) -> None:
    asker = program()
    assert asker.refusal(address, no_such="1") == (422, "option_unknown", "no_such")
    headers = {"Authorization": f"Bearer {asker.token}"}
    for method in ("post", "put", "patch", "delete", "options"):
        answer: Any = getattr(Client(enforce_csrf_checks=True), method)(f"/api/v1/{address}", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
        assert "GET" in answer.headers["Allow"]


def test_a_token_ends_at_once_when_it_is_revoked_or_its_person_is_shut_out() -> None:
    user = make_user(Role.MARKETING, unit=make_unit())
    first, second = program_of(user), program_of(user)
    assert first.told("token")["person"] == user.name
    revoke_access_token(AccessToken.objects.latest("created_at"), by=user.actor)
    assert second.refusal("token")[:2] == (401, "token_revoked")
    shut_out(user, by=SYSTEM)
    assert first.refusal("token")[:2] == (401, "token_revoked")
    AccessToken.objects.update(revoked_at=None, expires_at=utc_now())
    user.is_active = True
    user.save()
    assert first.refusal("token")[:2] == (401, "token_expired")


def test_too_much_from_one_token_is_asked_to_wait_and_counted_and_others_are_not_held_up(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loopline.web.api.bearer.CALLS_OF_ONE.burst_s", 1)
    greedy, other = program(), program()
    assert [greedy.ask("token").status_code for _ in range(6)] == [200] * 5 + [429]
    refused: Any = greedy.ask("token")
    told = refused.json()
    assert (told["code"], told["field"], told["wait_s"]) == ("too_many", None, int(refused.headers["Retry-After"]))
    assert told["wait_s"] >= 1
    assert other.ask("token").status_code == 200
    log = Log(folder)
    assert log.refused() == {("api", "flood"): (2, 2)}
    log.close()


def test_what_is_not_there_or_not_an_address_is_told_as_json() -> None:
    asker = program()
    for address in ("", "no/such", "reports/no-such", "metrics/no-such", "runs/1"):
        assert asker.refusal(address)[0] == 404, address
    answer: Any = Client().get("/api/v1/metrics/%00", headers={"Authorization": f"Bearer {asker.token}"})
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (400, "bad_request", None)


def test_a_store_that_does_not_answer_is_503_and_never_an_empty_report() -> None:
    use_engine(None)
    answer: Any = program().ask("reports/closed-loop")
    assert (answer.status_code, answer.json()["code"]) == (503, "not_available")
    assert answer.headers["Retry-After"]


def test_what_nobody_foresaw_is_logged_without_the_token_and_told_without_its_words(
    monkeypatch: pytest.MonkeyPatch, store: DuckDBEngine
) -> None:
    asker, heard = program(), io.StringIO()
    monkeypatch.setattr("loopline.web.api.metrics.told", lambda *_: 1 / 0)
    handler = logging.StreamHandler(heard)
    logging.getLogger().addHandler(handler)
    try:
        assert asker.refusal("metrics/leads") == (500, "failed", None)
        asker.refusal("reports/buyers", clock="x")
    finally:
        logging.getLogger().removeHandler(handler)
    assert "ZeroDivisionError" in heard.getvalue()
    assert asker.token not in heard.getvalue()


def test_metrics_say_what_the_catalogue_says() -> None:
    asker = program(Scope.METRICS_READ)
    listed = asker.told("metrics")["metrics"]
    assert [one["key"] for one in listed] == list(CATALOGUE)
    romi = asker.told("metrics/romi")
    assert romi == next(one for one in listed if one["key"] == "romi")
    assert (romi["formula"], romi["parts"]) == (CATALOGUE["romi"].formula, list(CATALOGUE["romi"].parts))
    assert "closed-loop" in romi["reports"]
    assert asker.told("metrics/cost_minor")["unit"] == "EUR minor units"


def test_every_option_of_an_address_has_its_words_and_its_readers(store: DuckDBEngine) -> None:
    assert tuple(OPTION_WORDS) == OPTION_NAMES
    listed = {one["key"]: one for one in program().told("reports")["reports"]}
    assert list(listed) == list(REPORTS)
    for key, report in REPORTS.items():
        assert [one["name"] for one in listed[key]["options"]] == [one.name for one in options_of(report)]
    names = [one["name"] for one in listed["funnel"]["options"]]
    assert "by" in names
    assert "model" not in names
