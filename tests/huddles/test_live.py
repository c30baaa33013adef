"""The live line: rings at once, catches up after a pause, beats, ends, and holds up neither a person nor the server."""

import asyncio
from collections.abc import AsyncIterator
from unittest.mock import patch

import pytest

from loopline.huddles import live
from loopline.huddles.live import MOST_A_USER, Streams, TooManyStreamsError
from tests.own_loop import in_own_loop


async def next_of(events: AsyncIterator[bytes]) -> str:
    return (await asyncio.wait_for(anext(events), 5)).decode()


def test_a_change_rings_at_once_from_another_thread() -> None:
    async def listen() -> None:
        streams = Streams()
        events = streams.follow(streams.reserve("h", "u"), 3, lambda: 3)
        assert await next_of(events) == "retry: 2000\n\n"
        waiting = asyncio.ensure_future(next_of(events))
        await asyncio.sleep(0.05)
        assert not waiting.done(), "nothing changed yet"
        await asyncio.to_thread(streams.ring, "h", 4)
        assert await waiting == 'id: 4\nevent: changed\ndata: {"revision": 4}\n\n'
        await events.aclose()  # type: ignore[attr-defined]
        assert streams.count("h") == 0

    in_own_loop(listen())


def test_who_comes_back_hears_at_once_what_was_missed() -> None:
    async def listen() -> None:
        streams = Streams()
        events = streams.follow(streams.reserve("h", "u"), 3, lambda: 9)
        await next_of(events)
        assert (await next_of(events)).startswith("id: 9\n")
        await events.aclose()  # type: ignore[attr-defined]

    in_own_loop(listen())


def test_it_beats_and_finds_what_another_process_changed() -> None:
    async def listen() -> None:
        revisions = iter([5, 6])
        streams = Streams()
        with patch.object(live, "HEARTBEAT_S", 0.02):
            events = streams.follow(streams.reserve("h", "u"), 5, lambda: next(revisions))
            await next_of(events)
            assert await next_of(events) == ": still here\n\n"
            assert (await next_of(events)).startswith("id: 6\n")
        await events.aclose()  # type: ignore[attr-defined]

    in_own_loop(listen())


def test_the_server_ends_every_line_when_it_stops() -> None:
    async def listen() -> None:
        streams = Streams()
        events = streams.follow(streams.reserve("h", "u"), 1, lambda: 1)
        await next_of(events)
        ending = asyncio.ensure_future(anext(events, b"the end"))
        await asyncio.sleep(0.02)
        await asyncio.to_thread(streams.end_all)
        assert await asyncio.wait_for(ending, 5) == b"the end"

    in_own_loop(listen())


def test_one_person_cannot_take_all_lines_and_unused_ones_come_back() -> None:
    streams = Streams()
    for _ in range(MOST_A_USER):
        streams.reserve("h", "greedy")
    with pytest.raises(TooManyStreamsError):
        streams.reserve("another", "greedy")
    streams.reserve("h", "somebody else")
    for line in streams._lines["h"]:
        line.until = 0
    streams.reserve("h", "greedy")
