"""How many visits there are where clocks turn: the hour, midnight, the month, both nights in which clocks change, and
around half an hour without a page. From the collector to the reports, on both engines.
"""

from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from loopline.collect.inbox import Inbox, Limits
from loopline.collect.loader import Loader
from loopline.collect.request import Request
from loopline.collect.state import State
from loopline.reports.visits.sessions import visits_by
from loopline.reports.visits.visitors import Asked
from loopline.store.engine import Engine

ZONE = "Europe/Oslo"
UNIT = "unit-1"


def local(text: str, fold: int = 0) -> datetime:
    """A moment by the clock on the wall in Oslo; `fold` 1 is the second of the two in the night in autumn."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE), fold=fold)


VISITS: dict[str, tuple[list[datetime], dict[date, int]]] = {
    "over the hour": ([local("2026-03-03T09:50"), local("2026-03-03T10:10")], {date(2026, 3, 3): 1}),
    "over midnight": ([local("2026-03-03T23:50"), local("2026-03-04T00:10")], {date(2026, 3, 3): 1}),
    "on both sides of midnight, apart": (
        [local("2026-03-03T23:20"), local("2026-03-04T00:10")],
        {date(2026, 3, 3): 1, date(2026, 3, 4): 1},
    ),
    "just after midnight, which is the day before in UTC": ([local("2026-03-04T00:05")], {date(2026, 3, 4): 1}),
    "over the end of the month": ([local("2026-03-31T23:45"), local("2026-04-01T00:05")], {date(2026, 3, 31): 1}),
    "29 minutes without a page": ([local("2026-03-03T09:00"), local("2026-03-03T09:29")], {date(2026, 3, 3): 1}),
    "31 minutes without a page": ([local("2026-03-03T09:00"), local("2026-03-03T09:31")], {date(2026, 3, 3): 2}),
    # 01:50 and 03:10 by the clock, twenty minutes apart
    "the hour that is left out in spring": (
        [local("2026-03-29T01:50"), local("2026-03-29T03:10")],
        {date(2026, 3, 29): 1},
    ),
    # 02:50 and 02:10 by the clock, twenty minutes apart
    "the hour that comes twice in autumn": (
        [local("2026-10-25T02:50"), local("2026-10-25T02:10", fold=1)],
        {date(2026, 10, 25): 1},
    ),
    # 02:10 and 02:20 by the clock, an hour and ten minutes apart
    "the same minutes of both hours": (
        [local("2026-10-25T02:10"), local("2026-10-25T02:20", fold=1)],
        {date(2026, 10, 25): 2},
    ),
    "midnight after the long day": ([local("2026-10-25T23:50"), local("2026-10-26T00:10")], {date(2026, 10, 25): 1}),
}


def load(folder: Path, engine: Engine, moments: list[datetime]) -> None:
    """Through the inbox, the steps and the loader, as if a server had told of one visitor's pages."""
    inbox, state = Inbox(folder, Limits(min_free_bytes=1)), State(folder)
    page = {"url": "https://www.example.com/"}
    for moment in moments:
        body = {
            "anonymousId": "v",
            "timestamp": moment.astimezone(ZoneInfo("UTC")).isoformat(),
            "context": {"page": page},
        }
        received_us = int(moment.timestamp() * 1_000_000)
        inbox.append_now([Request(1, received_us, "key", UNIT, "server", "page", msgspec.json.encode(body))])
    Loader(inbox, engine, state).load_all()
    inbox.close()
    state.close()


@pytest.mark.parametrize("name", VISITS)
def test_visits_are_counted_right_where_clocks_turn(engine: Engine, tmp_path: Path, name: str) -> None:
    moments, expected = VISITS[name]
    load(tmp_path / "inbox", engine, moments)
    days = sorted(expected)
    since, until = local(days[0].isoformat()), local(days[-1].isoformat()) + timedelta(days=2)
    found = visits_by("day", engine, Asked(since, until, (UNIT,)), ZONE)
    assert {slot.at.date(): slot.visits for slot in found if slot.visits} == expected
    [row] = engine.rows(
        "SELECT count(*) FILTER (WHERE is_entry) AS entries, count(DISTINCT session_id) AS n FROM events"
    )
    assert (row["entries"], row["n"]) == (sum(expected.values()), sum(expected.values()))
