"""What the API says of a change and of unusual records is what their pages open, for those who may open them."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from loopline.access.models import BusinessUnit
from loopline.access.roles import Role
from loopline.access.scopes import Scope
from loopline.lib.times import utc_now
from loopline.reports.change.causes import CAUSES
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.web.api.schemas import BehindAnswer, CauseAnswer, ChangesAnswer, UnusualAnswer
from tests.api.asking import Program, program_of
from tests.attribution.shelf import Shelf
from tests.make import make_unit, make_user, signed_in

pytestmark = pytest.mark.django_db
ALL: dict[str, str] = {"period": "all"}


@pytest.fixture
def units(store: DuckDBEngine) -> tuple[BusinessUnit, BusinessUnit]:
    """For two months a sale of 100 and one without a rate; just now its refund, a link, and a sale in the south."""
    north, south = make_unit("North"), make_unit("South")
    now, own = utc_now(), {"unit_id": str(north.pk)}
    long_ago = now - timedelta(days=60)
    shelf = Shelf(store)
    shelf.person("ines", "v1", learnt=long_ago)
    shelf.won("o1", "ines", long_ago, 100_00, learnt=long_ago, **own)
    shelf.won("o3", "ines", long_ago, 9_00, learnt=long_ago, currency="USD", reporting_minor=None, **own)
    shelf.store()
    late = now - timedelta(minutes=5)
    shelf.won("o1", "", long_ago, 100_00, learnt=late, refunded_minor=40_00, reporting_minor=60_00, **own)
    shelf.won("o2", "", long_ago, 77_777_77, unit_id=str(south.pk), learnt=late)
    shelf.link("visitor:v9", "ines", learnt=late)
    shelf.store()
    return north, south


def a_week_ago() -> str:
    return (utc_now() - timedelta(days=7)).isoformat()


def finance(unit: BusinessUnit) -> tuple[Program, Any]:
    user = make_user(Role.FINANCE, unit=unit)
    return program_of(user), signed_in(user)


@pytest.mark.parametrize("key", ["closed-loop", "weekly"])
def test_a_cause_opens_into_the_facts_of_its_page(key: str, units: tuple[BusinessUnit, BusinessUnit]) -> None:
    asker, browser = finance(units[0])
    since = a_week_ago()
    changes = asker.told(f"reports/{key}/changes", since=since, metric="revenue_minor", **ALL)
    ChangesAnswer.model_validate(changes)
    page = browser.get(
        reverse("report_changes", args=[key]),
        {"since": since, "cause": "refunds", "metric": "revenue_minor", "as_of": changes["as_of"], **ALL},
    )
    found = page.context["found"]
    assert changes["change"]["revenue_minor"] == found.change("revenue_minor") == -40_00
    told = asker.told(f"reports/{key}/changes/refunds", since=since, as_of=changes["as_of"], **ALL)
    CauseAnswer.model_validate(told)
    assert told["as_of"] == changes["as_of"]
    shown = [(one.name, one.before, one.after, one.learned_at.isoformat()) for one in page.context["facts"]]
    assert [(one["name"], one["before_words"], one["after_words"], one["learned_at"]) for one in told["facts"]] == shown
    [fact] = told["facts"]
    assert fact["before"] == {"reporting_minor": 100_00, "refunded_minor": 0}
    assert fact["after"] == {"reporting_minor": 60_00, "refunded_minor": 40_00}
    assert fact["id"] is None, "no record of it is here to open"
    assert (told["has_more"], told["needs_all_units"], told["changed"]) == (False, False, None)
    of_figure = asker.told(
        f"reports/{key}/changes/refunds", since=since, as_of=changes["as_of"], metric="revenue_minor", **ALL
    )
    CauseAnswer.model_validate(of_figure)
    [record] = of_figure["changed"]["records"]
    assert (record["id"], record["before"], record["adds"], record["change"]) == ("o1", 100_00, 60_00, -40_00)
    assert of_figure["changed"]["change"] == changes["change"]["revenue_minor"]


def test_a_cause_of_a_change_since_a_frozen_run_opens_as_its_page_does(
    units: tuple[BusinessUnit, BusinessUnit],
) -> None:
    asker, browser = finance(units[0])
    browser.post(f"{reverse('report_freeze', args=['closed-loop'])}?period=all&as_of={a_week_ago()[:10]}")
    [run] = asker.told("runs")["runs"]
    asked = {"metric": "revenue_minor", "row": "~unattributed"}
    told = asker.told(f"runs/{run['id']}/changes/refunds", **asked)
    CauseAnswer.model_validate(told)
    [record] = told["changed"]["records"]
    assert (record["id"], record["before"], record["adds"]) == ("o1", 100_00, 60_00)
    page = browser.get(reverse("report_changes", args=["closed-loop"]),
                       asked | {"frozen": run["id"], "cause": "refunds", "as_of": told["as_of"]})  # fmt: skip
    assert page.context["changed"].total == told["changed"]["change"] == -40_00
    assert [one["name"] for one in told["facts"]] == [one.name for one in page.context["facts"]]
    path = f"runs/{run['id']}/changes"
    assert asker.told(f"{path}/refunds")["changed"] is None
    assert asker.refusal(f"{path}/weather") == (404, "cause_unknown", "cause")
    assert asker.refusal(f"{path}/refunds", row="x") == (422, "option_missing", "metric")
    assert asker.refusal(f"{path}/refunds", against="x") == (422, "option_not_usable", "against")
    stranger, _ = finance(units[1])
    assert stranger.refusal(f"{path}/refunds") == (404, "run_unknown", "run_id")


def test_a_line_of_the_weekly_table_opens_as_its_page_does(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    asker, browser = finance(units[0])
    [line] = [one for one in browser.get(reverse("weekly"), ALL).context["lines"] if one[0].revenue_minor]
    row = {"row": line[0].key, "metric": "revenue_minor"}
    told = BehindAnswer.model_validate(asker.told("reports/weekly/behind", **row, **ALL))
    assert (told.total, told.count) == (60_00, 1), "of the other the amount is not known"
    opened = browser.get(reverse("report_behind", args=["weekly"]), {**row, **ALL}).context["opened"]
    assert [(one.kind, one.id, one.adds) for one in told.records] == [
        (one.kind, one.record_id, one.adds) for one in opened.items
    ]
    assert asker.refusal("reports/weekly/behind", **ALL) == (422, "option_missing", "metric")
    assert asker.refusal("reports/weekly/behind", **ALL, metric="romi") == (422, "option_not_usable", "metric")
    assert asker.refusal("reports/weekly/behind", **ALL, metric="leads", row="x") == (422, "option_not_usable", "row")


def test_every_cause_of_facts_answers_and_hides_what_its_page_hides(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    north, _ = finance(units[0])
    everybody = program_of(make_user(Role.ADMINISTRATOR))
    for cause in (one for one in CAUSES if one.table):
        path = f"reports/closed-loop/changes/{cause.key}"
        told = CauseAnswer.model_validate(north.told(path, since=a_week_ago(), **ALL))
        assert told.needs_all_units == (not cause.has_unit)
        assert "7777777" not in str(told)
        CauseAnswer.model_validate(everybody.told(path, since=a_week_ago(), **ALL))
    [link] = everybody.told("reports/closed-loop/changes/identities", since=a_week_ago(), **ALL)["facts"]
    assert link["before"] is None
    assert "ines" not in str(link), "ids of others are told by their names alone"
    sales = everybody.told("reports/closed-loop/changes/opportunities", since=a_week_ago(), **ALL)["facts"]
    assert [one["after"]["reporting_minor"] for one in sales] == [77_777_77]


def test_unusual_records_are_those_of_their_page(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    asker, browser = finance(units[0])
    report = asker.told("reports/closed-loop", **ALL)
    [kind] = report["unusual"]
    told = UnusualAnswer.model_validate(asker.told(f"reports/closed-loop/unusual/{kind['key']}", **ALL))
    page = browser.get(reverse("report_unusual", args=["closed-loop", kind["key"]]), ALL)
    assert (told.count, told.amounts_minor, told.text) == (kind["records"], kind["amounts_minor"], kind["text"])
    shown = [(one.name, one.item.record_id, one.item.adds, one.item.currency) for one in page.context["entries"]]
    assert [(one.name, one.id, one.amount, one.currency) for one in told.records] == shown
    assert [(one.id, one.amount, one.currency) for one in told.records] == [("o3", 9_00, "USD")]
    none = UnusualAnswer.model_validate(finance(units[1])[0].told(f"reports/closed-loop/unusual/{kind['key']}", **ALL))
    assert (none.count, none.records) == (0, [])


def test_what_cannot_be_asked_is_refused_in_words(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    asker, _ = finance(units[0])
    since = {"since": a_week_ago()}
    facts = "reports/closed-loop/changes/refunds"
    assert asker.refusal(facts) == (422, "option_missing", "since")
    assert asker.refusal(facts, since="2099-01-01") == (422, "option_not_usable", "since")
    assert asker.refusal(facts, since="x") == (422, "option_not_usable", "since")
    assert asker.refusal(facts, compare="before", **since) == (422, "option_unknown", "compare")
    assert asker.refusal(facts, row="~total", **since) == (422, "option_missing", "metric")
    assert asker.refusal(facts, row="no such", metric="revenue_minor", **since) == (422, "option_not_usable", "row")
    assert asker.refusal("reports/closed-loop/changes/time", **since) == (404, "cause_unknown", "cause")
    assert asker.refusal("reports/closed-loop/changes/<b>'", **since) == (404, "cause_unknown", "cause")
    assert asker.refusal("reports/nothing/changes/refunds", **since) == (404, "report_unknown", "key")
    assert asker.refusal("reports/weekly/changes", conversion="lead", **since) == (422, "option_unknown", "conversion")
    assert asker.refusal("reports/closed-loop/unusual/x")[:2] == (422, "option_not_usable")
    assert asker.refusal("reports/nothing/unusual/x") == (404, "report_unknown", "key")
    only_figures = program_of(make_user(Role.FINANCE, unit=units[0]), Scope.REPORTS_READ)
    assert only_figures.refusal(facts, **since)[0] == 403
    assert only_figures.refusal("reports/closed-loop/unusual/won.without-rate")[0] == 403
    assert Program("ll_api_nobody").refusal(facts, **since)[0] == 401
