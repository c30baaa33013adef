"""Who is let in at the API, what is refused and in which words, and that nothing else opens it."""

import dataclasses
import gzip
import io
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

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
from loopline.reporting.models import FrozenRun
from loopline.reports.address import OPTION_NAMES
from loopline.reports.catalogue import CATALOGUE, REPORTS
from loopline.reports.option_words import OPTION_WORDS, options_of
from loopline.store.current import use_engine
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.web import floods
from loopline.web.api import door, metrics, pace
from loopline.web.api.schemas import Problem
from tests.api.asking import NO_RUN, Program, program_of, template_of
from tests.make import make_unit, make_user, signed_in

pytestmark = pytest.mark.django_db

ADDRESSES: dict[str, Scope | None] = {
    "token": None, "metrics": Scope.METRICS_READ, "metrics/leads": Scope.METRICS_READ, "reports": Scope.REPORTS_READ,
    "reports/buyers": Scope.REPORTS_READ, "reports/weekly": Scope.REPORTS_READ,
    "reports/closed-loop/changes": Scope.REPORTS_READ, "reports/buyers/sql": Scope.RECORDS_READ,
    "reports/weekly/sql": Scope.RECORDS_READ, "reports/budget-planner/proposal": Scope.REPORTS_READ,
    "reports/buyers/windows": Scope.REPORTS_READ, "reports/buyers/behind": Scope.RECORDS_READ,
    "reports/closed-loop/changes/refunds": Scope.RECORDS_READ,
    "reports/buyers/unusual/won.without-rate": Scope.RECORDS_READ, "runs": Scope.REPORTS_READ,
    f"runs/{NO_RUN}": Scope.REPORTS_READ, f"runs/{NO_RUN}/changes": Scope.REPORTS_READ,
    f"runs/{NO_RUN}/changes/refunds": Scope.RECORDS_READ,
}  # fmt: skip
"""One address of each operation, with the scope it needs."""
KEY_OR_ID = r"leads|buyers|closed-loop|[0-9a-f-]{36}"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A LOOPLINE_DATA of its own, and buckets that are full and stay so until they are empty."""
    monkeypatch.setattr(settings, "CONFIG", dataclasses.replace(settings.CONFIG, data=tmp_path))
    monkeypatch.setattr(floods, "uncounted", floods.Uncounted())
    for flood in (door.CALLS, pace.CALLS_OF_ONE):
        monkeypatch.setattr(flood, "buckets", Buckets(lambda: 0.0))
    yield tmp_path
    close_logs(tmp_path)


def program(*scopes: Scope) -> Program:
    return program_of(make_user(Role.MARKETING, unit=make_unit()), *scopes)


def test_the_document_lists_exactly_the_addresses_that_these_tests_ask() -> None:
    answer: Any = Client().get("/api/v1/openapi.json")
    document = answer.json()
    assert document["openapi"].startswith("3.1")
    templates = {template_of(address) for address in ADDRESSES}
    assert set(document["paths"]) == {f"/api/v1/{one}" for one in templates}
    ids: list[str] = []
    for path in document["paths"].values():
        assert set(path) == {"get"}, "nothing can be changed"
        assert path["get"]["security"] == [{"Bearer": []}]
        ids.append(path["get"]["operationId"])
    assert len(set(ids)) == len(ids), "generators name functions so"


def test_the_document_names_the_fields_that_answers_have(store: DuckDBEngine) -> None:
    document: Any = Client().get("/api/v1/openapi.json").json()
    shapes = document["components"]["schemas"]
    asker = program()
    for address, options in (
        ("reports/buyers", {}), ("reports/weekly", {}), ("reports/buyers/changes", {"since": "2020-01-01"}),
    ):  # fmt: skip
        answer = document["paths"][f"/api/v1/{template_of(address)}"]["get"]["responses"]["200"]
        shape = shapes[answer["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]]
        told = asker.told(address, **options)
        assert set(shape["required"]) <= set(told) <= set(shape["properties"]), address
    named = {name for shape in shapes.values() for name in shape["properties"]}
    assert not {name for name in named if name.endswith("_")}, "names of Python, not of answers"


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
    for method in ("post", "put", "patch", "delete"):
        answer: Any = getattr(Client(enforce_csrf_checks=True), method)(f"/api/v1/{address}", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
        assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
    answer = Client().options(f"/api/v1/{address}")
    assert (answer.status_code, answer.content, answer.headers["Allow"]) == (204, b"", "GET, HEAD, OPTIONS")


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
    monkeypatch.setattr("loopline.web.api.pace.CALLS_OF_ONE.burst_s", 1)
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


def test_one_token_has_a_few_calls_answered_at_the_same_time_and_others_are_not_held_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    greedy, other, told = program(), program(), metrics.told
    answers: list[Any] = []

    def told_meanwhile(*about: Any) -> dict[str, Any]:
        """While a call is being answered the same is asked again, deeper and deeper until one is refused."""
        answers.extend((greedy.ask("metrics/leads"), other.ask("token")))
        return told(*about)

    with monkeypatch.context() as busy:
        busy.setattr(metrics, "told", told_meanwhile)
        assert greedy.ask("metrics/leads").status_code == 200
    assert [answer.status_code for answer in answers[::2]] == [429] + [200] * (pace.AT_ONCE - 1)
    assert (answers[0].json()["wait_s"], answers[0].headers["Retry-After"]) == (1, "1")
    assert {answer.status_code for answer in answers[1::2]} == {200}
    assert {greedy.ask("metrics/leads").status_code for _ in range(pace.AT_ONCE + 1)} == {200}, "each was let go again"


def test_each_answer_says_how_many_calls_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loopline.web.api.pace.CALLS_OF_ONE.burst_s", 1)
    asker = program(Scope.REPORTS_READ)
    answers = [asker.ask("token"), asker.ask("metrics"), asker.ask("no/such"), *(asker.ask("token") for _ in range(4))]
    names = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
    assert [tuple(answer.headers.get(name) for name in names) for answer in answers] == [
        ("5", "4", "1"), ("5", "3", "1"), (None, None, None), ("5", "2", "1"), ("5", "1", "1"), ("5", "0", "1"),
        ("5", "0", "1"),
    ]  # fmt: skip
    assert [answer.status_code for answer in answers] == [200, 403, 404, 200, 200, 200, 429]


def test_a_refusal_says_in_its_header_what_is_wrong_with_the_token() -> None:
    asker = program(Scope.REPORTS_READ)
    for answer, said in (
        (asker.ask("metrics"), 'Bearer realm="Loopline", error="insufficient_scope", scope="metrics:read"'),
        (Program("ll_api_x").ask("metrics"), 'Bearer realm="Loopline", error="invalid_token"'),
        (Client().get("/api/v1/metrics"), 'Bearer realm="Loopline"'),
    ):
        assert answer.headers["WWW-Authenticate"] == said


def test_a_token_in_the_address_lets_nobody_in_and_is_not_said_again() -> None:
    asker = program()
    for options in ({"access_token": asker.token}, {"clock": asker.token}):
        for headers in ({}, {"Authorization": f"Bearer {asker.token}"}):
            answer: Any = Client().get("/api/v1/reports/buyers", options, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (400, "token_in_address")
            assert asker.token not in answer.content.decode()


def test_who_asks_for_the_head_gets_the_headers_of_the_answer_and_nothing_else(store: DuckDBEngine) -> None:
    asker = program()
    headers = {"Authorization": f"Bearer {asker.token}"}
    whole: Any = asker.ask("reports/buyers")
    head: Any = Client().head("/api/v1/reports/buyers", headers=headers)
    assert (head.status_code, head.content, head.headers["ETag"]) == (200, b"", whole.headers["ETag"])
    assert head.headers["Content-Length"] == str(len(whole.content))


def test_who_takes_gzip_gets_it_and_the_same_etag_is_known(store: DuckDBEngine) -> None:
    asker, takes = program(), {"Accept-Encoding": "gzip"}
    packed: Any = asker.ask("metrics", takes)
    assert gzip.decompress(packed.content) == asker.ask("metrics").content
    assert (packed.headers["Content-Encoding"], "Accept-Encoding" in packed.headers["Vary"]) == ("gzip", True)
    assert asker.ask("metrics", takes | {"If-None-Match": packed.headers["ETag"]}).status_code == 304


def test_what_fails_before_the_api_is_asked_is_told_to_programs_too(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(raise_request_exception=False)
    answers: list[Any] = [client.get("/api/v1"), client.get("/api/v2/x"), client.get("/api/"),
                          client.get("/api/v1/token", headers={"Host": "evil host"})]  # fmt: skip
    monkeypatch.setattr("loopline.web.middleware.Organisation.current", lambda: 1 / 0)
    answers.append(client.get("/api/v1/token"))
    told = [(answer.status_code, Problem.model_validate(answer.json()).code) for answer in answers]
    assert told == [(404, "not_found")] * 3 + [(400, "bad_request"), (500, "failed")]


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


def undocumented(document: dict[str, Any], answers: dict[str, list[Any]]) -> set[tuple[str, int]]:
    """Template and status of answers that the OpenAPI document does not know; whatever is no figure has to be a
    problem in words."""
    found = set()
    for address, given in answers.items():
        operation = document["paths"][f"/api/v1/{template_of(address)}"]["get"]
        for answer in given:
            if answer.status_code >= 400:
                Problem.model_validate(answer.json())
            if str(answer.status_code) not in operation["responses"]:
                found.add((template_of(address), answer.status_code))
    return found


def answers_of(address: str, asker: Program, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What this address answers to whoever asks rightly, wrongly, too often, and while something is broken."""
    options = {"metric": "closed"} if address.endswith("behind") else {}
    given = [asker.ask(address, **options)]
    given.append(asker.ask(address, {"If-None-Match": given[0].headers.get("ETag", "-")}, **options))
    given += [asker.ask(address, no_such="1"), asker.ask(address, access_token=asker.token), program().ask(address)]
    given += [asker.ask(address, **{str(number): "" for number in range(1_001)})]
    given += [asker.ask(re.sub(KEY_OR_ID, "no-such", address))]
    given += [getattr(Client(), method)(f"/api/v1/{address}") for method in ("get", "post")]
    with monkeypatch.context() as broken:
        broken.setattr("loopline.web.api.bearer.token_in_force", lambda _: 1 / 0)
        given.append(asker.ask(address))
    with monkeypatch.context() as broken:
        broken.setattr("loopline.web.api.pace.CALLS_OF_ONE.burst_s", 0)
        broken.setattr("loopline.web.api.pace.CALLS_OF_ONE.buckets", Buckets(lambda: 0.0))
        given.append(asker.ask(address))
    return given


def test_every_status_that_an_address_answers_is_in_the_document(
    monkeypatch: pytest.MonkeyPatch, store: DuckDBEngine
) -> None:
    user = make_user(Role.MARKETING, unit=make_unit())
    signed_in(user).post(reverse("report_freeze", args=["buyers"]))
    run = str(FrozenRun.objects.get().pk)
    asker, answers = program_of(user), {}
    for address in ADDRESSES:
        answers[address] = answers_of(address.replace(NO_RUN, run), asker, monkeypatch)
    answers["metrics"].append(program_of(user, Scope.REPORTS_READ).ask("metrics"))
    use_engine(None)
    answers["reports"].append(asker.ask("reports"))
    assert {answer.status_code for answer in answers["metrics"]} == {200, 304, 400, 401, 403, 405, 422, 429, 500}
    assert {answer.status_code for given in answers.values() for answer in given} >= {404, 503}
    document: Any = Client().get("/api/v1/openapi.json")
    assert undocumented(document.json(), answers) == set()
    planted = document.json()
    del planted["paths"]["/api/v1/metrics"]["get"]["responses"]["500"]
    assert undocumented(planted, answers) == {("metrics", 500)}, "the check finds what is missing"


def test_metrics_say_what_the_catalogue_says() -> None:
    asker = program(Scope.METRICS_READ)
    listed = asker.told("metrics")["metrics"]
    assert [one["key"] for one in listed] == list(CATALOGUE)
    romi = asker.told("metrics/romi")
    assert romi == next(one for one in listed if one["key"] == "romi")
    assert (romi["formula"], romi["parts"]) == (CATALOGUE["romi"].formula, list(CATALOGUE["romi"].parts))
    assert "closed-loop" in romi["reports"]
    assert asker.told("metrics/cost_minor")["unit"] == "EUR minor units"


def test_every_metric_says_where_its_sql_is(store: DuckDBEngine) -> None:
    asker = program()
    listed = asker.told("metrics")["metrics"]
    assert all(one["sql"] for one in listed)
    for address in sorted({address for one in listed for address in one["sql"]}):
        assert "SELECT" in asker.told(address.removeprefix("/api/v1/"))["sql"], address


def test_every_option_of_an_address_has_its_words_and_its_readers(store: DuckDBEngine) -> None:
    assert tuple(OPTION_WORDS) == OPTION_NAMES
    listed = {one["key"]: one for one in program().told("reports")["reports"]}
    assert list(listed) == list(REPORTS)
    for key, report in REPORTS.items():
        assert [one["name"] for one in listed[key]["options"]] == [one.name for one in options_of(report)]
    names = [one["name"] for one in listed["funnel"]["options"]]
    assert "by" in names
    assert "model" not in names
