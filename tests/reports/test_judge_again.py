"""Channels judged again: new facts beside the events, read by every report, and by none as of an earlier moment."""

from datetime import UTC, datetime, timedelta

import pytest

from loopline.collect.channels import VERSION, Condition, Rule, RuleSet
from loopline.reports.behind import behind
from loopline.reports.options import Options
from loopline.reports.visits.judge_again import Judgement, judge_again
from loopline.reports.visits.route import read_visits
from loopline.reports.visits.visitors import Asked, visits
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, LEARNT, MARCH, Shelf, closed_loop, day

FAIR = RuleSet(1, (Rule("own-fair", "Event", ((Condition("campaign", "contains", ("fair",)),),)),))
NO_RULES = RuleSet(2)
LATER = LEARNT + timedelta(days=30)
OLD = {"channel_rule": f"ga4-paid-search@{VERSION}", "utm_source": "google", "utm_medium": "cpc", "kind": "page"}


def company(engine: Engine) -> None:
    """Ines came by an advertisement for a fair and one for spring; a third visit was declared by an import."""
    shelf = Shelf(engine)
    shelf.person("ines", "v1")
    same = {"visitor_id": "v1", "channel": "Paid Search", **OLD}
    shelf.touch("e1", "visitor:v1", day(2), utm_campaign="fair-north", session_id="s1", **same)
    shelf.touch("e2", "visitor:v1", day(3), utm_campaign="spring", session_id="s2", **same)
    declared = same | {"channel_rule": "declared@1", "channel": "Email"}
    shelf.touch("e3", "visitor:v1", day(4), utm_campaign="fair-north", session_id="s3", **declared)
    shelf.lead("l1", "ines", day(6))
    shelf.won("o1", "ines", day(20), 90_00, lead_id="l1")
    shelf.store()


def keep(engine: Engine, judgement: Judgement, *, learnt: datetime = LATER) -> None:
    """As the outbox and the relay carry the facts over."""
    shelf = Shelf(engine)
    for move in judgement.moves:
        shelf.fact("channel_facts", move.id, learnt=learnt, **move.row)
    shelf.store()


def revenue(engine: Engine, **options: object) -> dict[str, object]:
    result = closed_loop(engine, by="channel", model="linear", **options)
    return {row.key: row.values["revenue_minor"] for row in result.rows if row.values["revenue_minor"]}


def test_what_would_move_is_told_before_anything_is_written(engine: Engine) -> None:
    company(engine)
    found = judge_again(engine, FAIR)
    [moved] = found.summary
    assert (moved.before, moved.after, moved.rule) == ("Paid Search", "Event", f"own-fair@{VERSION}+1")
    assert (moved.events, moved.visits, found.events) == (1, 1, 1)
    assert revenue(engine) == {"Paid Search": 60_00, "Email": 30_00}
    assert judge_again(engine, RuleSet()).moves == ()


def test_reports_count_by_the_new_channel_and_as_of_before_by_the_old_one(engine: Engine) -> None:
    company(engine)
    keep(engine, judge_again(engine, FAIR))
    assert revenue(engine) == {"Event": 30_00, "Paid Search": 30_00, "Email": 30_00}
    assert revenue(engine, as_of=LEARNT + timedelta(days=1)) == {"Paid Search": 60_00, "Email": 30_00}
    assert judge_again(engine, FAIR).moves == ()
    events = engine.rows("SELECT channel FROM events ORDER BY event_id")
    assert [row["channel"] for row in events] == ["Paid Search", "Paid Search", "Email"]


def test_judging_by_other_rules_later_goes_ahead_of_what_was_judged_before(engine: Engine) -> None:
    company(engine)
    keep(engine, judge_again(engine, FAIR))
    keep(engine, judge_again(engine, NO_RULES), learnt=LATER + timedelta(days=1))
    assert revenue(engine) == {"Paid Search": 60_00, "Email": 30_00}
    assert revenue(engine, as_of=LATER) == {"Event": 30_00, "Paid Search": 30_00, "Email": 30_00}


def test_events_judged_by_newer_rules_on_arrival_speak_for_themselves(engine: Engine) -> None:
    company(engine)
    keep(engine, judge_again(engine, FAIR))
    shelf = Shelf(engine)
    new = OLD | {"channel_rule": f"own-other@{VERSION}+2", "channel": "Partner"}
    shelf.touch("e4", "visitor:v1", day(5), utm_campaign="fair-north", learnt=LATER, session_id="s4", **new)
    shelf.store()
    assert revenue(engine) == {"Event": 22_50, "Paid Search": 22_50, "Email": 22_50, "Partner": 22_50}


@pytest.mark.parametrize("row", ["Event", "~total"])
def test_what_is_behind_a_figure_names_the_same_channels(engine: Engine, row: str) -> None:
    company(engine)
    keep(engine, judge_again(engine, FAIR))
    found = behind(row, "revenue_minor", Options(**MARCH, by="channel", model="linear"), engine, BOOKS)
    channels = {touch.event_id: touch.channel for touch in found.records[0].touches}
    assert channels == ({"e1": "Event"} if row == "Event" else {"e1": "Event", "e2": "Paid Search", "e3": "Email"})


def test_lists_of_visits_and_routes_tell_the_new_channel(engine: Engine) -> None:
    company(engine)
    keep(engine, judge_again(engine, FAIR))
    asked = Asked(datetime(2024, 3, 1, tzinfo=UTC), datetime(2024, 3, 31, tzinfo=UTC), None)
    assert {one.id: one.channel for one in visits(engine, asked)} == {"s1": "Event", "s2": "Paid Search", "s3": "Email"}
    told = read_visits(engine, ["ines"], units=None)
    assert {moment.event_id: moment.detail for moment in told.moments}["e1"] == "Event"
