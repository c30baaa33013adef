"""Why it changed: one kind of fact arrives after the other, and each time that kind alone has the whole difference."""

from datetime import UTC, date, datetime

from loopline.attribution.own_model import Plan
from loopline.reports.change.cause_facts import facts_of
from loopline.reports.change.causes import CAUSES
from loopline.reports.change.why import why_changed
from loopline.reports.options import Options
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, MARCH, Shelf, day

APRIL, MAY, JUNE, JULY, AUGUST, SEPTEMBER, OCTOBER = (datetime(2024, month, 10, tzinfo=UTC) for month in range(4, 11))
FIRST = datetime(1970, 1, 1, tzinfo=UTC)


def books_of_april(engine: Engine) -> None:
    """Ines came by spring and bought for 100, Ben by an unknown code for 50; Zoe and a stranger came by spring too."""
    shelf = Shelf(engine)
    shelf.campaign("spring", "spring", learnt=APRIL)
    for person, visitor, code in (("ines", "v1", "spring"), ("ben", "v2", "sprnig"), ("zoe", "v9", "spring")):
        shelf.person(person, visitor, learnt=APRIL)
        shelf.touch(f"t-{visitor}", f"visitor:{visitor}", day(2), learnt=APRIL, utm_campaign=code)
    shelf.touch("t-v5", "visitor:v5", day(2), learnt=APRIL, utm_campaign="spring")
    shelf.won("o1", "ines", day(20), 100_00, learnt=APRIL)
    shelf.won("o2", "ben", day(21), 50_00, learnt=APRIL)
    shelf.cost("c1", "spring", 30_00, date(2024, 3, 4), learnt=APRIL)
    shelf.store()


def moved(engine: Engine, since: datetime, by: str = "campaign", metric: str = "revenue_minor") -> dict[str, object]:
    """Cause → row → change, of the causes that changed anything, in what became known after `since`."""
    found = why_changed("closed-loop", Options(**MARCH, by=by), since, engine, BOOKS, metric=metric)  # type: ignore[arg-type]
    return {one.cause.key: one.by_row for one in found.shares if one.by_row}


def test_each_kind_of_fact_alone_has_the_whole_difference(engine: Engine) -> None:
    books_of_april(engine)
    shelf = Shelf(engine)

    shelf.touch("late", "visitor:v1", day(4), learnt=MAY, utm_campaign="sprnig")
    shelf.store()
    assert moved(engine, APRIL) == {"touchpoints": {"spring": -50_00, "~unmapped": 50_00}}

    shelf.fact(
        "browser_use_facts", "use", identity="visitor:v5", person_id="ben", since=FIRST, why="named", learnt=JUNE
    )
    shelf.store()
    assert moved(engine, MAY) == {"browsers": {"spring": 25_00, "~unmapped": -25_00}}

    shelf.person("zoe", canonical="ines", learnt=JULY)
    shelf.store()
    assert moved(engine, JUNE) == {"people": {"spring": 16_67, "~unmapped": -16_67}}

    shelf.contact("o1", "ben", learnt=AUGUST)
    shelf.store()
    assert moved(engine, JULY) == {"contacts": {"spring": -6_67, "~unmapped": 6_67}}

    shelf.fact("channel_facts", "again", utm_campaign="spring", touch_kind="entry", channel="Event", learnt=SEPTEMBER)
    shelf.store()
    assert moved(engine, AUGUST, by="channel") == {"channels": {"": -85_00, "Event": 85_00}}

    shelf.fact("campaign_facts", "spring", unit_id="north", name="Spring", channel="Event", learnt=OCTOBER)
    shelf.store()
    changed = moved(engine, SEPTEMBER, by="channel", metric="cost_minor")
    assert changed == {"campaigns": {"Email": -30_00, "Event": 30_00}}


def test_a_changed_definition_has_the_whole_difference(engine: Engine) -> None:
    """Of how the organisation's own model shares: first all to the first touchpoint, then all to the last."""
    shelf = Shelf(engine)
    shelf.person("ines", "v1", learnt=APRIL)
    shelf.touch("t1", "visitor:v1", day(2), learnt=APRIL, channel="Email")
    shelf.touch("t2", "visitor:v1", day(4), learnt=APRIL, channel="Event")
    shelf.won("o1", "ines", day(20), 100_00, learnt=APRIL)
    for number, (plan, learnt) in enumerate([(Plan(first=100), APRIL), (Plan(last=100), MAY)], start=1):
        shelf.fact("attribution_model_facts", "custom_ours", name="Ours", number=number, plan=plan.to_json(),
                   sentence=plan.sentence, learnt=learnt)  # fmt: skip
    shelf.store()
    asked = Options(**MARCH, by="channel", model="custom_ours")  # type: ignore[arg-type]
    found = why_changed("closed-loop", asked, APRIL, engine, BOOKS)
    assert {one.cause.key: one.by_row for one in found.shares if one.by_row} == {
        "models": {"Email": -100_00, "Event": 100_00}
    }
    assert found.change("revenue_minor") == 0
    [fact] = facts_of(next(one for one in CAUSES if one.key == "models"), found.scope, APRIL, engine)
    assert fact.before
    assert fact.after
    assert fact.before["sentence"] != fact.after["sentence"]
