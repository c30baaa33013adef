"""What an open opportunity is expected to bring by how long it has waited in its stage: by hand, and from the books."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np
import pytest

from loopline.reports.forecast.waiting import FEWEST, LOST, OPEN, WON, Stays, chance
from loopline.reports.library.forecast import REPORT
from loopline.reports.options import Options
from loopline.reports.result import ReportResult
from loopline.reports.run import open_figure, settle_for
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, LEARNT, Shelf

ENDS = np.array([30.0, 60.0])
YEAR = {"first": date(2024, 1, 1), "last": date(2024, 5, 31)}


def stays(*alike: tuple[int, float, float, int]) -> Stays:
    """How many of each, when they left the stage, when they ended, and how."""
    lines = np.array([one[1:] for one in alike for _ in range(one[0])])
    nothing = np.zeros(len(lines))
    return Stays(lines[:, 0], nothing, nothing, lines[:, 1], lines[:, 2].astype(np.int64))


def test_who_has_waited_long_fares_like_those_that_had_waited_as_long() -> None:
    """40 were won on their 20th day, and 60 lost on their 100th. Of those there on the 50th none was won."""
    history = stays((40, 20, 20, WON), (60, 100, 100, LOST))
    just, long = chance(history, 0.5, ENDS), chance(history, 50.0, ENDS)
    assert just
    assert long
    assert just.won_by.tolist() == pytest.approx([0.4, 0.4])
    assert long.won_by.tolist() == [0, 0]
    assert (just.told_from, long.told_from) == (100, 60)


def test_what_is_still_open_counts_as_long_as_it_was_seen() -> None:
    """40 there at first. 10 are won on the 10th day: 3/4 remain. 10 were seen last on the 20th: of the 20 others 10 are
    lost on the 25th (half of 3/4 remains), and 10 won on the 40th."""
    history = stays((10, 10, 10, WON), (10, 20, 20, OPEN), (10, 25, 25, LOST), (10, 40, 40, WON))
    found = chance(history, 0.0, ENDS)
    assert found
    assert found.won_by.tolist() == pytest.approx([0.25, 0.25 + 0.375])
    assert found.told_from == FEWEST, "what was not seen for all the time to come is none of those that it is told from"


def test_who_moved_on_is_none_of_those_that_wait_but_what_became_of_them_counts() -> None:
    """On the 15th day 30 still wait, who are lost on the 80th; of those that moved on on the 10th all were won."""
    history = stays((30, 10, 50, WON), (30, 80, 80, LOST))
    early, late = chance(history, 5.0, ENDS), chance(history, 25.0, ENDS)
    assert early
    assert late
    assert early.won_by.tolist() == pytest.approx([0, 0.5])
    assert late.won_by.tolist() == [0, 0]


def test_who_has_waited_longer_than_all_but_a_few_counts_as_the_last_ones_that_are_enough() -> None:
    """31 were lost after 100 to 130 days but for the 29th, which was won; nobody is known who waited for a year."""
    history = stays(*((1, 100 + place, 100 + place, WON if place == 28 else LOST) for place in range(31)))
    found = chance(history, 365.0, ENDS)
    assert found
    assert found.told_from == FEWEST
    assert found.won_by.tolist() == pytest.approx([1 / 30, 1 / 30])
    assert chance(stays((FEWEST - 1, 100, 100, WON)), 5.0, ENDS) is None


def test_where_few_had_waited_as_long_those_that_had_as_nearly_make_up_for_the_others() -> None:
    """30 were lost on their 50th day and 10 won on their 100th. On the 60th only those 10 are known, all of them won
    within 60 days; a day before the 50th a quarter of 40 was: 10 and 20 make up 30."""
    found = chance(stays((30, 50, 50, LOST), (10, 100, 100, WON)), 60.0, ENDS)
    assert found
    assert found.told_from == FEWEST
    assert found.won_by.tolist() == pytest.approx([0, (10 * 1 + 20 * 0.25) / 30])


def test_who_was_there_before_the_time_that_is_learnt_from_is_seen_from_its_beginning() -> None:
    """Ten of the 40 that waited were there before, and seen from their 20th day: of 30 half were won by then. The 15
    others and those ten were lost on their 25th, so that 10 of 25 do not make it more."""
    history = stays((15, 10, 10, WON), (15, 25, 25, LOST), (10, 25, 25, LOST))
    history = replace(history, seen_from=np.array([0.0] * 30 + [20.0] * 10))
    found = chance(history, 0.0, ENDS)
    assert found
    assert found.won_by.tolist() == pytest.approx([0.5, 0.5])
    later = chance(replace(history, known_from=history.seen_from), 22.0, ENDS)
    assert later
    assert later.told_from == FEWEST
    assert later.won_by.tolist() == pytest.approx([5 * 0.5 / 30] * 2), "25 there, of whom none was won, and 5 of before"


def test_what_was_decided_at_one_moment_is_so_in_no_order() -> None:
    found = chance(stays((20, 10, 10, WON), (20, 10, 10, LOST)), 0.0, ENDS)
    assert found
    assert found.won_by.tolist() == pytest.approx([0.5, 0.5])


def lingering(engine: Engine, *, seen: bool = True) -> Shelf:
    """60 opportunities of before: half are won on their 20th day, the lost linger for 60. Each is known when it comes,
    or where not `seen` all together when it ends. Open are ten that came a day ago, and ten of 40 days ago."""
    shelf = Shelf(engine)
    for number in range(60):
        created = datetime(2024, 1, 2, tzinfo=LEARNT.tzinfo) + timedelta(days=number)
        outcome, days = ("won", 20) if number % 2 else ("lost", 60)
        closed = created + timedelta(days=days)
        known = created if seen else closed
        shelf.won(f"old-{number}", "", closed, 100_00, outcome="open", stage="proposal", closed_at=None,
                  created_at=created, occurred_at=known, learnt=known)  # fmt: skip
        shelf.won(f"old-{number}", "", closed, 100_00, outcome=outcome, stage="proposal", created_at=created,
                  occurred_at=closed, learnt=closed)  # fmt: skip
    for name, age in (("new", 1), ("old", 40)):
        created = LEARNT - timedelta(days=age)
        for number in range(10):
            shelf.won(f"{name}-open-{number}", "", created, 100_00, outcome="open", stage="proposal", closed_at=None,
                      created_at=created, occurred_at=created, learnt=created)  # fmt: skip
    return shelf.store()


def forecast(engine: Engine, **asked: object) -> ReportResult:
    """Asked anew: what was answered before as of the same moment is not taken again."""
    options = Options(**{**YEAR, "as_of": LEARNT, **asked})  # type: ignore[arg-type]
    return REPORT.run(REPORT, settle_for(REPORT, options, engine, BOOKS), engine)


def test_the_new_are_won_as_often_as_the_old_were_and_those_that_linger_are_not(engine: Engine) -> None:
    """70 were still there on their 20th day, the ten that wait now among them, and 30 were won on it: of ten new ones
    3/7 are. Of those that have waited for 40 days none is; at the win rate of the stage each would count half."""
    lingering(engine)
    result = forecast(engine)
    assert result.warnings == []
    opened = open_figure("forecast", "~total", "from_open_minor", Options(**YEAR, as_of=LEARNT), engine, BOOKS)
    assert opened.total == result.totals.values["from_open_minor"] == pytest.approx(428_57, rel=0.03)
    assert {one.record_id for one in opened.items} == {f"new-open-{number}" for number in range(10)}
    waits = next(one for one in opened.workings if one.title.startswith("How long"))
    assert [(step.label, *step.values.values()) for step in waits.steps] == [
        ("Proposal, up to 30 days", 10, 42.8571, 60), ("Proposal, 30 to 60 days", 10, 0.0, 30),
    ]  # fmt: skip


def test_where_nobody_was_seen_waiting_the_rate_of_the_stage_counts_and_the_page_says_so(engine: Engine) -> None:
    lingering(engine, seen=False)
    result = forecast(engine)
    assert result.totals.values["from_open_minor"] == pytest.approx(500_00, rel=0.05), "older ones had all been won"
    [said] = result.warnings
    assert said.startswith("20 of 20 open opportunities count at the win rate of their stage, however long")


def test_only_what_was_known_then_counts_as_of_an_earlier_day(engine: Engine) -> None:
    """As of March 20 most of January's are decided, and those of February wait: what comes later changes nothing."""
    lingering(engine)
    then = datetime(2024, 3, 20, tzinfo=LEARNT.tzinfo)
    asked = forecast(engine, as_of=then, last=then.date())
    assert asked.totals.values["from_open_minor"]
    assert asked.warnings == []
    shelf = Shelf(engine)
    shelf.won("late", "", LEARNT, 9_000_00, outcome="won", stage="proposal", created_at=then - timedelta(days=60))
    for number in range(40, 60, 2):
        shelf.won(f"old-{number}", "", LEARNT, 100_00, outcome="open", stage="negotiation", closed_at=None,
                  created_at=datetime(2024, 1, 2, tzinfo=LEARNT.tzinfo) + timedelta(days=number))  # fmt: skip
    shelf.store()
    assert forecast(engine, as_of=then, last=then.date()).to_json() == asked.to_json()


def test_of_a_stage_that_nobody_left_nothing_is_expected_and_the_page_says_so(engine: Engine) -> None:
    shelf = lingering(engine)
    shelf.won("strange", "", LEARNT, 100_00, outcome="open", stage="negotiation", closed_at=None,
              created_at=LEARNT - timedelta(days=1))  # fmt: skip
    shelf.store()
    [said] = forecast(engine).warnings
    assert said.startswith("Of 1 of 21 open opportunities nothing is expected")


def test_how_long_is_said_of_nobody_of_whom_it_is_not_known_and_no_rate_of_a_stage_without_one(
    engine: Engine,
) -> None:
    """Two imported without a stage, 200 days ago, and one that was the first to come to its stage."""
    shelf = lingering(engine)
    for name, stage, days in (("import-1", "", 200), ("import-2", "", 200), ("first", "negotiation", 1)):
        shelf.won(name, "", LEARNT, 100_00, outcome="open", stage=stage, closed_at=None,
                  created_at=LEARNT - timedelta(days=days))  # fmt: skip
    shelf.store()
    opened = open_figure("forecast", "~total", "from_open_minor", Options(**YEAR, as_of=LEARNT), engine, BOOKS)
    waits = next(one for one in opened.workings if one.title.startswith("How long"))
    told = {step.label: (step.values["waiting"], step.note) for step in waits.steps}
    assert told["No stage, not known how long"] == (2, "of 2 of them nothing is expected")
    assert told["Negotiation, up to 30 days"] == (1, "of 1 of them nothing is expected")
    assert "No stage, up to 30 days" not in told


def test_what_moved_on_waits_anew_and_what_changed_otherwise_does_not(engine: Engine) -> None:
    """All of 80 were asked for their amount on their fifth day, half went to the next stage on their tenth and were won
    thirty days later. Of ten that have waited 20 days in the first stage none is won, of ten that moved on all are."""
    shelf = Shelf(engine)

    def version(key: str, created: datetime, days: float, stage: str, outcome: str = "open", amount: int = 1) -> None:
        at = created + timedelta(days=days)
        shelf.won(key, "", at, amount * 100_00, outcome=outcome, stage=stage, created_at=created, occurred_at=at,
                  learnt=at, **({"closed_at": None} if outcome == "open" else {}))  # fmt: skip

    def company(key: str, created: datetime, until: float, *, goes_on: bool) -> None:
        steps = [(0, "qualified", "open"), (5, "qualified", "open")]
        steps += [(10, "discovery", "open"), (40, "discovery", "won")] if goes_on else [(80, "qualified", "lost")]
        for days, stage, outcome in steps:
            if days <= until:
                version(key, created, days, stage, outcome, amount=1)

    for number in range(80):
        company(f"old-{number}", datetime(2024, 1, 2, tzinfo=LEARNT.tzinfo) + timedelta(days=number / 2), 99,
                goes_on=bool(number % 2))  # fmt: skip
    for number in range(10):
        company(f"waits-{number}", LEARNT - timedelta(days=20), 20, goes_on=False)
        company(f"moved-{number}", LEARNT - timedelta(days=30), 30, goes_on=True)
    shelf.store()
    result = forecast(engine)
    assert result.warnings == []
    assert result.rows[0].values["from_open_minor"] == pytest.approx(10 * 100_00, rel=0.02)
    opened = open_figure("forecast", "2024-06-01", "from_open_minor", Options(**YEAR, as_of=LEARNT), engine, BOOKS)
    assert {one.record_id for one in opened.items} == {f"moved-{number}" for number in range(10)}
