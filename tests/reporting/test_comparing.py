"""Frozen runs compared with each other and with now: the parts sum, what no fact says is told apart, units are kept."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse

from loopline.access.actor import SYSTEM
from loopline.access.books import books_for
from loopline.access.models import BusinessUnit
from loopline.access.roles import Role
from loopline.lib.times import utc_now
from loopline.reporting.comparing import changed_between, frozen_answer, runs_like
from loopline.reporting.freezing import freeze_run
from loopline.reporting.models import FrozenRun
from loopline.reports.address import read_address, usual_of
from loopline.reports.catalogue import REPORTS
from loopline.reports.change.difference import Why
from loopline.reports.options import OptionError
from loopline.reports.run import run_report, told_whole
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.web.api.schemas import ChangesAnswer
from tests.api.asking import program_of
from tests.attribution.shelf import Shelf
from tests.make import make_unit, make_user, signed_in

pytestmark = pytest.mark.django_db
OPTIONS = {"period": "custom", "from": "2026-01-01", "to": "2036-01-01"}


@pytest.fixture
def north(store: DuckDBEngine) -> BusinessUnit:
    """A sale of 100 is known for an hour; its refund for half an hour; another sale just now."""
    unit, now = make_unit("North"), utc_now()
    for minutes, sale, amount, refunded in ((60, "o1", 100_00, 0), (30, "o1", 60_00, 40_00), (1, "o2", 7_00, 0)):
        shelf = Shelf(store)
        shelf.won(sale, "", now - timedelta(days=1), amount, unit_id=str(unit.pk), refunded_minor=refunded,
                  learnt=now - timedelta(minutes=minutes))  # fmt: skip
        shelf.store()
    return unit


def frozen(store: DuckDBEngine, minutes_ago: float, key: str = "buyers", **options: str) -> FrozenRun:
    books, said = books_for(SYSTEM), OPTIONS | options
    asked = read_address(
        said | {"as_of": (utc_now() - timedelta(minutes=minutes_ago)).isoformat()},
        books, utc_now().date(), usual_of(REPORTS[key]),
    )  # fmt: skip
    result = run_report(key, asked.options, store, books)
    return freeze_run(told_whole(result, asked.options, store, books), said, by=SYSTEM)


def between(store: DuckDBEngine, run: FrozenRun, against: str) -> Why:
    return changed_between(run, against, SYSTEM, store, books_for(SYSTEM), metric="closed_minor")


def parts(found: Why) -> dict[str, object]:
    return {one.cause.key: one.changes["closed_minor"] for one in found.shares if one.changes["closed_minor"]}


def test_two_runs_and_a_run_with_now(store: DuckDBEngine, north: BusinessUnit) -> None:
    first, second = frozen(store, 45), frozen(store, 15)
    assert parts(between(store, first, str(second.pk))) == {"refunds": -40_00}
    assert parts(between(store, second, str(first.pk))) == {"refunds": -40_00}, "the earlier one is the beginning"
    assert parts(between(store, first, "now")) == {"refunds": -40_00, "opportunities": 7_00}
    told = frozen_answer("buyers", str(first.pk), {"against": "now"}, SYSTEM, store, books_for(SYSTEM))
    assert told["change"]["closed_minor"] == -33_00  # type: ignore[index]
    alone = frozen_answer("buyers", str(first.pk), {}, SYSTEM, store, books_for(SYSTEM))
    assert {name: value for name, value in alone.items() if name != "run"} == first.told


def test_what_no_fact_says_is_told_apart_and_the_sum_still_holds(store: DuckDBEngine, north: BusinessUnit) -> None:
    run = frozen(store, 45)
    for row in (run.told["totals"], *run.told["rows"]):
        row["closed_minor"] += 5_00
    run.save()
    found = between(store, run, "now")
    assert parts(found) == {"refunds": -40_00, "opportunities": 7_00, "outside": -5_00}
    assert sum(parts(found).values()) == found.change("closed_minor") == -38_00  # type: ignore[arg-type]
    [row] = found.rows
    assert sum(one.by_row[row.key] or 0 for one in found.shares if row.key in one.by_row) == row.change


def test_only_runs_of_the_same_question_are_compared(store: DuckDBEngine, north: BusinessUnit) -> None:
    run, same, again = frozen(store, 45), frozen(store, 15), frozen(store, 15)
    others = frozen(store, 15, by="size"), frozen(store, 15, "funnel")
    assert set(runs_like(run, SYSTEM)) == {same, again}
    for other in (*others, run):
        with pytest.raises(OptionError, match="same options and units"):
            between(store, run, str(other.pk))
    with pytest.raises(OptionError, match="no frozen run nonsense"):
        between(store, run, "nonsense")
    FrozenRun.objects.filter(pk=again.pk).update(as_of=same.as_of)
    with pytest.raises(OptionError, match="same moment"):
        between(store, same, str(again.pk))


def test_an_option_that_the_report_does_not_read_tells_no_two_runs_apart(
    store: DuckDBEngine, north: BusinessUnit
) -> None:
    run, plain = frozen(store, 45, model="last_touch", clock="cohort"), frozen(store, 15)
    assert run.options != plain.options, "kept before only what a report reads was kept"
    read = frozen(store, 15, "closed-loop", model="last_touch"), frozen(store, 15, "closed-loop")
    assert set(runs_like(run, SYSTEM)) == {plain}
    assert set(runs_like(plain, SYSTEM)) == {run}
    assert not any(runs_like(one, SYSTEM) for one in read)
    assert parts(between(store, run, str(plain.pk))) == {"refunds": -40_00}


def test_the_page_compares_runs_for_those_who_may_see_them(store: DuckDBEngine, north: BusinessUnit) -> None:
    run, other = frozen(store, 45), frozen(store, 15)
    page = reverse("report_changes", args=["buyers"])
    finance = signed_in(make_user(Role.FINANCE))
    shown = finance.get(reverse("frozen_run", args=[run.pk])).content.decode()
    assert f"?frozen={run.pk}&amp;against={other.pk}" in shown
    for against in ("now", str(other.pk)):
        answer = finance.get(page, {"frozen": str(run.pk), "against": against, "cause": "refunds"}, follow=True)
        text = answer.content.decode()
        assert answer.status_code == 200
        assert "−€40.00" in text
        assert "€100.00" in text
    answer = signed_in(make_user(Role.MARKETING, unit=north)).get(page, {"frozen": str(run.pk)}, follow=True)
    assert answer.status_code == 400
    assert "no frozen run" in answer.content.decode()
    assert "40.00" not in answer.content.decode()


def test_now_gets_its_moment_into_the_address_so_that_the_page_says_the_same_again(
    store: DuckDBEngine, north: BusinessUnit
) -> None:
    run, page = frozen(store, 45), reverse("report_changes", args=["buyers"])
    finance = signed_in(make_user(Role.FINANCE))
    led = finance.get(page, {"frozen": str(run.pk), "against": "now", "whole": "yes"})
    assert led.status_code == 302
    said = parse_qs(urlsplit(led.url).query)  # type: ignore[attr-defined]
    horizon = store.horizon()
    assert said == {"frozen": [str(run.pk)], "against": ["now"], "whole": ["yes"], "as_of": [horizon.isoformat()]}
    first = finance.get(led.url).content.decode()  # type: ignore[attr-defined]
    assert "−€33.00" in first
    shelf = Shelf(store)
    shelf.won("o-late", "", utc_now() - timedelta(days=2), 900_00, unit_id=str(north.pk), learnt=utc_now())
    shelf.store()
    assert store.horizon() > horizon
    assert "−€33.00" in finance.get(led.url).content.decode()  # type: ignore[attr-defined]
    assert "−€33.00" not in finance.get(page, {"frozen": str(run.pk), "whole": "yes"}, follow=True).content.decode()
    told = frozen_answer(
        "buyers", str(run.pk), {"against": "now", "as_of": horizon.isoformat()}, SYSTEM, store, books_for(SYSTEM)
    )
    assert (told["as_of"], told["change"]["closed_minor"]) == (horizon.isoformat(), -33_00)  # type: ignore[index]


def test_a_moment_that_cannot_be_compared_with_is_named(store: DuckDBEngine, north: BusinessUnit) -> None:
    first, second = frozen(store, 45), frozen(store, 15)
    for against, as_of in (("now", "2020-01-01"), (str(second.pk), utc_now().isoformat()), ("now", "soon")):
        with pytest.raises(OptionError) as refused:
            changed_between(first, against, SYSTEM, store, books_for(SYSTEM), as_of=as_of)
        assert refused.value.field == "as_of"


def test_straight_after_freezing_nothing_arrived_and_an_earlier_moment_is_refused_as_people_read_it(
    store: DuckDBEngine, north: BusinessUnit
) -> None:
    user = make_user(Role.FINANCE)
    signed_in(user).post(reverse("report_freeze", args=["buyers"]) + "?period=last_90_days")
    run = FrozenRun.objects.get()
    assert run.as_of == store.horizon()
    page = reverse("report_changes", args=["buyers"])
    for said in ({"whole": "yes"}, {}):
        shown = signed_in(user).get(page, {"frozen": str(run.pk), "against": "now", **said}, follow=True)
        assert (shown.status_code, "Nothing arrived" in shown.content.decode()) == (200, True)
    told = program_of(user).told(f"runs/{run.pk}/changes")
    ChangesAnswer.model_validate(told)
    assert (told["causes"], told["rows"], set(told["change"].values()) <= {0, None}) == ([], [], True)
    earlier = {"frozen": str(run.pk), "against": "now", "as_of": (run.as_of - timedelta(seconds=2)).isoformat()}
    refused = signed_in(user).get(page, earlier)
    words = f"The run is as of {run.as_of:%-d %b %Y, %H:%M:%S} UTC; choose a later moment."
    assert (refused.status_code, words in refused.content.decode()) == (400, True)
    answer = program_of(user).refusal(f"runs/{run.pk}/changes", as_of=earlier["as_of"])
    assert answer == (422, "option_not_usable", "as_of")
