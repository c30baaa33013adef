"""Why a report changed: each kind of late fact has its share, and the shares add up to the whole difference."""

from datetime import UTC, date, datetime, timedelta

import pytest

from loopline.reports.change.cause_facts import facts_of
from loopline.reports.change.causes import CAUSES
from loopline.reports.change.difference import Why
from loopline.reports.change.partly_known import tables_read
from loopline.reports.change.records_changed import records_changed
from loopline.reports.change.why import why_changed
from loopline.reports.dimension import TOTAL
from loopline.reports.options import Books, OptionError, Options
from loopline.reports.run import settle
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, MARCH, Shelf, closed_loop, day

APRIL = datetime(2024, 4, 10, tzinfo=UTC)


def books_of_april(engine: Engine) -> Shelf:
    """Ines came through spring and bought for 100; Ben came through an unknown code and bought for 50."""
    shelf = Shelf(engine)
    shelf.campaign("spring", "spring", learnt=APRIL)
    for person, visitor, code in (("ines", "v1", "spring"), ("ben", "v2", "sprnig")):
        shelf.person(person, visitor, learnt=APRIL)
        shelf.touch(f"t-{visitor}", f"visitor:{visitor}", day(2), learnt=APRIL, utm_campaign=code, visitor_id=visitor)
        shelf.lead(f"l-{person}", person, day(3), learnt=APRIL)
    shelf.won("o1", "ines", day(20), 100_00, learnt=APRIL)
    shelf.won("o2", "ben", day(21), 50_00, learnt=APRIL)
    shelf.cost("c1", "spring", 30_00, date(2024, 3, 4), learnt=APRIL)
    return shelf.store()


def why(engine: Engine, **options: object) -> Why:
    books, metric = options.pop("books", BOOKS), str(options.pop("metric", "revenue_minor"))
    assert isinstance(books, Books)
    return why_changed("closed-loop", Options(**{**MARCH, **options}), APRIL, engine, books, metric=metric)  # type: ignore[arg-type]


def shares(found: Why, metric: str) -> dict[str, object]:
    return {one.cause.key: one.changes[metric] for one in found.shares if one.changes[metric]}


def assert_adds_up(found: Why) -> None:
    for metric in found.totals:
        total = round(sum(one.changes[metric.key] or 0 for one in found.shares), 6)
        assert total == found.change(metric.key), metric.key
    for row in found.rows:
        assert round(sum(one.by_row.get(row.key) or 0 for one in found.shares), 6) == row.change, row.key


def test_nothing_arrived_and_nothing_changed(engine: Engine) -> None:
    books_of_april(engine)
    shelf = Shelf(engine)
    shelf.cost("later", "spring", 1_00, date(2024, 9, 1))
    shelf.store()
    found = why(engine)
    assert not found.has_changed
    assert [one.cause.key for one in found.shares] == ["costs"]


def test_each_kind_of_fact_has_its_share(engine: Engine) -> None:
    shelf = books_of_april(engine)
    shelf.code("sprnig", "spring")
    shelf.won("o1", "", day(20), 100_00, refunded_minor=40_00, reporting_minor=60_00)
    shelf.won("o3", "", day(22), 7_00)
    shelf.cost("c1", "spring", 45_00, date(2024, 3, 4))
    shelf.lead("l-late", "ines", day(6))
    shelf.store()
    found = why(engine)
    assert shares(found, "revenue_minor") == {"refunds": -40_00, "opportunities": 7_00}
    assert shares(found, "cost_minor") == {"costs": 15_00}
    assert shares(found, "leads") == {"leads": 1}
    by_row = {row.key: (row.before, row.after) for row in found.rows}
    assert by_row == {"spring": (100_00, 110_00), "~unmapped": (50_00, None), "~unattributed": (None, 7_00)}
    [codes] = [one for one in found.shares if one.cause.key == "codes"]
    assert codes.by_row == {"spring": 50_00, "~unmapped": -50_00}
    assert_adds_up(found)


def test_identity_machines_late_visits_and_judged_channels_move_credit(engine: Engine) -> None:
    shelf = books_of_april(engine)
    shelf.touch("t-late", "visitor:v3", day(4), utm_campaign="spring")
    shelf.link("visitor:v3", "ben")
    shelf.fact("bot_verdict_facts", "v1", verdict="machine:too_fast", rule_version="1", reasons="too_fast")
    shelf.store()
    found = why(engine)
    assert_adds_up(found)
    moved = {one.cause.key: one.by_row for one in found.shares if one.by_row}
    assert moved == {
        "identities": {"spring": 25_00, "~unmapped": -25_00},
        "verdicts": {"spring": -100_00, "~unattributed": 100_00},
    }
    assert found.change("revenue_minor") == 0


def test_late_visits_have_their_share_where_the_rows_of_a_model_overlap(engine: Engine) -> None:
    shelf = books_of_april(engine)
    shelf.person("cleo", "v9", learnt=APRIL)
    shelf.won("o3", "cleo", day(22), 10_00, learnt=APRIL)
    shelf.touch("t-v9", "visitor:v9", day(4), utm_campaign="spring", visitor_id="v9")
    shelf.store()
    found = why(engine, clock="cohort", model="influenced")
    assert shares(found, "revenue_minor") == {"touchpoints": 10_00}
    assert_adds_up(found)
    before = closed_loop(engine, clock="cohort", model="influenced", as_of=APRIL)
    assert found.before.totals.values["revenue_minor"] == before.totals.values["revenue_minor"]


def test_what_it_says_of_both_moments_is_what_the_report_said_then(engine: Engine) -> None:
    shelf = books_of_april(engine)
    shelf.fact("person_facts", "ben", unit_id="north", canonical_id="ines")
    shelf.contact("o2", "ines")
    shelf.fact("campaign_facts", "spring", unit_id="north", name="Spring", channel="Event", status="running",
               currency="EUR")  # fmt: skip
    shelf.code("spring", "")
    shelf.store()
    for by, clock in [("channel", "cohort"), ("campaign", "period")]:
        found = why(engine, by=by, clock=clock)
        before, after = closed_loop(engine, by=by, clock=clock, as_of=APRIL), closed_loop(engine, by=by, clock=clock)
        for metric in found.totals:
            assert found.before.totals.values[metric.key] == before.totals.values[metric.key]
            assert found.after.totals.values[metric.key] == after.totals.values[metric.key]
        assert_adds_up(found)


def test_a_cost_nobody_knew_is_all_new(engine: Engine) -> None:
    shelf = books_of_april(engine)
    shelf.campaign("fair", "fair")
    shelf.cost("c2", "fair", 9_00, date(2024, 3, 9))
    shelf.store()
    found = why(engine, metric="cost_minor")
    [row] = found.rows
    assert (row.key, row.label, row.before, row.after, row.change) == ("fair", "Fair", None, 9_00, 9_00)


def test_another_unit_shows_neither_its_figures_nor_how_many_facts_arrived(engine: Engine) -> None:
    shelf = books_of_april(engine)
    shelf.won("o-south", "", day(22), 9_99, unit_id="south")
    shelf.link("visitor:v77", "somebody")
    shelf.store()
    found = why(engine, books=Books(currency="EUR", zone="UTC", units={"north": "North"}, sees_all_units=False))
    assert not found.has_changed
    assert found.shares == ()


def test_a_moment_that_is_later_and_a_ratio_are_refused(engine: Engine) -> None:
    books_of_april(engine)
    assert (why(engine, as_of=APRIL).shares, why(engine, as_of=APRIL).has_changed) == ((), False)
    with pytest.raises(OptionError, match="nothing can have changed"):
        why(engine, as_of=APRIL - timedelta(microseconds=1))
    with pytest.raises(OptionError, match="Choose one of"):
        why(engine, metric="romi")


def told(engine: Engine, key: str, **options: object) -> list[tuple[str, object, object]]:
    [cause] = [one for one in CAUSES if one.key == key]
    scope = settle(Options(**MARCH, **options), engine, BOOKS)  # type: ignore[arg-type]
    return [(one.record_id, one.before, one.after) for one in facts_of(cause, scope, APRIL, engine)]


def test_the_facts_behind_a_cause_say_what_was_known_before(engine: Engine) -> None:
    shelf = books_of_april(engine)
    shelf.won("o1", "", day(20), 100_00, refunded_minor=40_00, reporting_minor=60_00)
    shelf.won("o3", "", day(22), 7_00)
    shelf.fact("campaign_code_facts", "north/spring", unit_id="north", code="spring", is_deleted=True)
    shelf.touch("t-late", "visitor:v3", day(4), channel="Email", utm_campaign="letter", landing_path="/x")
    shelf.touch("t-next-month", "visitor:v3", day(40))
    shelf.store()
    assert told(engine, "refunds") == [
        ("o1", {"reporting_minor": 100_00, "refunded_minor": 0}, {"reporting_minor": 60_00, "refunded_minor": 40_00})
    ]
    won = {"outcome": "won", "reporting_minor": 7_00, "closed_at": day(22)}
    assert told(engine, "opportunities") == [("o3", None, won)]
    assert told(engine, "codes") == [
        ("north/spring", {"code": "spring", "campaign_id": "spring", "activity_id": ""}, None)
    ]
    assert told(engine, "touchpoints") == [
        ("t-late", None, {"channel": "Email", "utm_campaign": "letter", "landing_path": "/x"})
    ]


def test_facts_of_another_unit_are_not_listed(engine: Engine) -> None:
    shelf = books_of_april(engine)
    shelf.won("o-south", "", day(22), 9_99, unit_id="south")
    shelf.touch("t-south", "visitor:v3", day(4), unit_id="south")
    shelf.link("visitor:v77", "somebody")
    shelf.store()
    north = Books(currency="EUR", zone="UTC", units={"north": "North"}, sees_all_units=False)
    scope = settle(Options(**MARCH), engine, north)
    assert [facts_of(cause, scope, APRIL, engine) for cause in CAUSES] == [[]] * len(CAUSES)


def test_a_model_that_learns_learns_from_what_was_known_then(engine: Engine) -> None:
    """Forty sales by two channels; later one channel's visits turn out to be machines', so its effect is another."""
    shelf = Shelf(engine)
    for number in range(40):
        person, at = f"p{number}", day(1 + number % 20)
        shelf.person(person, f"v{number}", learnt=APRIL)
        for place, channel in enumerate(("Email", "Paid Search") if number % 3 else ("Email",)):
            shelf.touch(f"t{number}-{place}", f"visitor:v{number}", at + timedelta(hours=place), learnt=APRIL,
                        channel=channel, visitor_id=f"v{number}")  # fmt: skip
        shelf.lead(f"l{number}", person, at + timedelta(days=1), learnt=APRIL)
        shelf.won(f"o{number}", person, at + timedelta(days=3), 100_00 + number, learnt=APRIL)
        shelf.touch(f"s{number}", f"visitor:s{number}", at, learnt=APRIL, channel="Paid Search")
    shelf.store()
    for number in (1, 2, 4):
        shelf.fact("bot_verdict_facts", f"v{number}", verdict="machine:too_fast", rule_version="1", reasons="too_fast")
    shelf.store()
    found = why(engine, by="channel", model="markov")
    before = closed_loop(engine, by="channel", model="markov", as_of=APRIL)
    assert {row.key: row.before for row in found.rows if row.before} == {
        row.key: row.values["revenue_minor"] for row in before.rows if row.key in {one.key for one in found.rows}
    }
    assert_adds_up(found)


def test_the_store_is_asked_only_what_a_cause_can_have_moved(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Costs touch no credit: both states have the answer of one question of touchpoints, and each its own of costs."""
    shelf = books_of_april(engine)
    shelf.cost("c1", "spring", 45_00, date(2024, 3, 4))
    shelf.store()
    heard: list[str] = []
    ask = engine.query

    def listen(sql: str, *rest: object, **more: object) -> object:
        heard.append(sql)
        return ask(sql, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(engine, "query", listen)
    assert shares(why(engine), "cost_minor") == {"costs": 15_00}
    read = [tables_read(sql) for sql in heard if "$as_of_" in sql]
    assert sum("touches" in tables and "opportunity_facts" in tables for tables in read) == 2, "before, and once more"
    assert sum("cost_facts" in tables for tables in read) > sum("lead_facts" in tables for tables in read)
    asked = len(heard)
    why(engine, metric="cost_minor")
    assert not [sql for sql in heard[asked:] if "touches" in tables_read(sql)], "another figure is of the same states"


def test_what_was_worked_out_before_somebody_was_erased_is_worked_out_again(engine: Engine) -> None:
    shelf = books_of_april(engine)
    shelf.won("o3", "ines", day(22), 7_00)
    shelf.store()
    spring = {row.key: row.after for row in why(engine).rows}
    assert spring == {"spring": 107_00}
    engine.erase("identity_facts", "person_id", ["ines"])
    found = why(engine)
    assert {row.key: row.after for row in found.rows} == {"~unattributed": 107_00}
    assert_adds_up(found)


def test_what_a_report_reads_only_once_there_is_more_is_as_of_the_later_moment(engine: Engine) -> None:
    """Before anything was sold it asks for no names; what it reads first in a later state is known whole there."""
    Shelf(engine).store()
    shelf = books_of_april(engine)
    shelf.won("o9", "", day(22), 1_00)
    shelf.store()
    long_ago = APRIL - timedelta(days=400)
    found = why_changed("closed-loop", Options(**MARCH), long_ago, engine, BOOKS)  # type: ignore[arg-type]
    now = closed_loop(engine)
    assert found.after.totals.values == now.totals.values
    assert {row.key: row.values for row in found.after.rows} == {row.key: row.values for row in now.rows}
    assert_adds_up(found)


@pytest.mark.parametrize("lost", [False, True])
def test_a_model_that_could_be_learnt_at_one_of_the_moments_only_adds_up(engine: Engine, lost: bool) -> None:
    """Markov is refused below 30 sales: the comparison has its column at one moment and not at the other. Ten of the
    sales, and the visits of as many more, became known after April, or were deleted then."""
    shelf = Shelf(engine)
    shelf.campaign("spring", "spring", learnt=APRIL)
    for number in range(35):
        late = {} if number >= 25 and not lost else {"learnt": APRIL}
        shelf.person(f"p{number}", f"v{number}", learnt=APRIL)
        seen = {} if number % 2 and not lost else {"learnt": APRIL}
        shelf.touch(f"t{number}", f"visitor:v{number}", day(2), utm_campaign="spring", **seen)
        shelf.won(f"o{number}", f"p{number}", day(20), 10_00, **late)
    shelf.store()
    if lost:
        for number in range(25, 35):
            shelf.won(f"o{number}", f"p{number}", day(20), 10_00, is_deleted=True)
        shelf.store()
    found = why_changed("model-comparison", Options(**MARCH), APRIL, engine, BOOKS)  # type: ignore[arg-type]
    keys = {one.key for one in found.totals}
    assert ("by_markov" in keys) is not lost
    assert_adds_up(found)
    assert found.to_json()["change"] == {key: found.change(key) for key in keys}
    if not lost:
        asked = why_changed("model-comparison", Options(**MARCH), APRIL, engine, BOOKS, metric="by_markov")  # type: ignore[arg-type]
        assert asked.metric.key == "by_markov"
        assert asked.change("by_markov") == 350_00
        assert_adds_up(asked)
        for share in asked.shares:
            records = records_changed(asked, share.cause, TOTAL, engine)
            assert records is not None
            assert records.total == share.changes["by_markov"], "nothing was earned by a model that could not be learnt"
