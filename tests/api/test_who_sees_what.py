"""Nobody is told by the API what their pages would not show."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from loopline.access.models import BusinessUnit
from loopline.access.roles import Role
from loopline.access.scopes import Scope
from loopline.lib.times import utc_now
from loopline.reporting.models import FrozenRun
from loopline.web.api.schemas import MetricList, ReportList, TokenAnswer
from tests.api.asking import NO_RUN, program_of, template_of
from tests.api.two_units import DAYS, finance
from tests.make import make_user, signed_in

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("turn", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_no_role_is_told_a_word_of_another_unit_by_any_address(
    turn: int, units: tuple[BusinessUnit, BusinessUnit]
) -> None:
    """Each role in one unit, and in the other one in `make test-slow`."""
    words = {"North": ("spring", "North", "100010"), "South": ("hush", "South", "7777777", "77777.77")}
    runs, before = {}, {"as_of": (utc_now() - timedelta(minutes=6)).isoformat()}
    for unit in units:
        signed_in(finance(unit)).post(f"{reverse('report_freeze', args=['buyers'])}?{urlencode(DAYS | before)}")
        runs[unit.name] = str(FrozenRun.objects.latest("frozen_at").pk)
    sides = [units[:: 1 if (number + turn) % 2 else -1] for number in range(len(Role))]
    askers = [program_of(make_user(role, unit=own)) for role, (own, _) in zip(Role, sides, strict=True)]
    for asker, role, (own, other) in zip(askers, Role, sides, strict=True):
        sees_both, heard = role is Role.ADMINISTRATOR, ""
        for path, options in asked_everywhere(runs[own.name]):
            answer: Any = asker.ask(path, **options)
            assert answer.status_code == 200, (role, path, answer.content)
            heard += answer.content.decode()
        assert all(word in heard for word in words[own.name][:3]), "there is something to be told"
        for word in (str(other.pk), *words[other.name]):
            assert sees_both or word not in heard, (role, own.name, word)
        for path, refusal in (
            (f"runs/{runs[other.name]}", 404), (f"runs/{runs[other.name]}/changes", 404),
            (f"runs/{runs[other.name]}/changes/opportunities", 404),
            (f"reports/buyers?unit={other.pk}", 422), (f"reports/buyers/behind?metric=closed&unit={other.pk}", 422),
            (f"reports/buyers/changes?since=2026-01-01&unit={other.pk}", 422), (f"reports/weekly?unit={other.pk}", 422),
        ):  # fmt: skip
            assert sees_both or asker.ask(path).status_code == refusal, (role, path)


def test_that_walk_leaves_no_address_of_the_document_out() -> None:
    document: Any = Client().get("/api/v1/openapi.json")
    walked = {f"/api/v1/{template_of(path)}" for path, _ in asked_everywhere(NO_RUN)}
    assert walked == set(document.json()["paths"])


def asked_everywhere(run: str) -> list[tuple[str, dict[str, str]]]:
    """Every address that answers figures or records, with options that let it answer."""
    since = {"since": (utc_now() - timedelta(days=400)).isoformat()}
    behind = [{"metric": metric} for metric in ("leads", "cost_minor")]
    return [
        ("token", {}), ("metrics", {}), ("metrics/leads", {}), ("reports", {}), ("reports/closed-loop", DAYS),
        ("reports/closed-loop", DAYS | {"by": "campaign", "format": "csv"}), ("reports/weekly", DAYS),
        ("reports/closed-loop/windows", DAYS), ("reports/closed-loop/sql", DAYS), ("reports/weekly/sql", DAYS),
        ("reports/budget-planner/proposal", DAYS | {"total": "100"}),
        (f"runs/{run}/changes", {}), (f"runs/{run}/changes/opportunities", {"metric": "closed_minor"}),
        ("reports/closed-loop/changes/opportunities", since | DAYS), ("reports/weekly/changes", since | DAYS),
        ("reports/closed-loop/changes/codes", since | DAYS), ("reports/closed-loop/unusual/won.without-rate", DAYS),
        ("reports/buyers/behind", {"metric": "closed_minor"} | DAYS), ("reports/buyers/changes", since | DAYS),
        *[("reports/closed-loop/behind", one | DAYS) for one in behind], ("runs", {}), (f"runs/{run}", {}),
    ]  # fmt: skip


def test_who_may_not_see_people_is_told_no_names_and_no_people(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    options = {"metric": "leads", **DAYS}
    hidden = program_of(finance(units[0])).told("reports/closed-loop/behind", **options)
    shown = program_of(make_user(Role.MARKETING, unit=units[0])).told("reports/closed-loop/behind", **options)
    assert (hidden["hides_names"], shown["hides_names"]) == (True, False)
    assert {touch["person_id"] for one in hidden["records"] for touch in one["touches"]} == {None}
    assert None not in {touch["person_id"] for one in shown["records"] for touch in one["touches"]}


def test_a_token_sees_what_its_person_sees_now(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    user = make_user(Role.MARKETING, unit=units[0])
    asker = program_of(user, Scope.REPORTS_READ)
    assert list(TokenAnswer.model_validate(asker.told("token")).units.values()) == ["North"]
    assert asker.told("reports/closed-loop", **DAYS)["balance"]["revenue_minor"] == 1_001_50
    user.units.set([units[1]])
    assert asker.told("reports/closed-loop", **DAYS)["balance"]["revenue_minor"] == 77_777_77
    ReportList.model_validate(asker.told("reports"))
    MetricList.model_validate(program_of(user).told("metrics"))
