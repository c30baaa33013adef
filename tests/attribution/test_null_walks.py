"""Walks without a conversion out of the event store: whose they are, in which order, and that none of them is stale."""

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from loopline.attribution import null_walks as part
from loopline.attribution.by_walk import by_walk
from loopline.attribution.converted_walks import converted_walks
from loopline.attribution.fitted import weights_learnt
from loopline.attribution.model import MODELS
from loopline.attribution.null_walks import NullWalks, all_channels, null_walks, walks_of_everybody
from loopline.attribution.walks import Walks
from loopline.reports.options import Options
from loopline.reports.run import settle
from loopline.store.engine import Engine, StoreError
from tests.attribution.shelf import BOOKS, LEARNT, MARCH, Shelf, day

LATER = LEARNT + timedelta(days=1)


def asked(engine: Engine, *kinds: str, **options: object) -> NullWalks:
    params, channels = settle(Options(**MARCH | options), engine, BOOKS).params, all_channels(engine)  # type: ignore[arg-type]
    converted = converted_walks(engine, params, channels, kinds or ("won",))
    people = {kind: converted.people(kind) for kind in converted.kinds}
    return null_walks(channels, walks_of_everybody(engine, params, channels), people)


def told(walks: Walks) -> list[str]:
    """Each walk that counts as the first letters of its channels."""
    letters = ["".join(walks.channels[code][0] for code in walks.codes[walks.touches(slice(at, at + 1))])
               for at in range(len(walks))]  # fmt: skip
    return sorted(word for word, count in zip(letters, walks.nulls, strict=True) if count)


def strangers(engine: Engine, as_of: datetime | None = None) -> list[str]:
    return told(asked(engine, as_of=as_of).of("won"))


@pytest.mark.parametrize("highest", [7, 2**20, 2**62, 2**63 - 1])
@pytest.mark.parametrize("is_in_time", [True, False])
def test_walks_are_in_order_however_their_numbers_lie(highest: int, is_in_time: bool) -> None:
    chance = np.random.default_rng(highest % 1000)
    walk_no = chance.choice(chance.integers(0, highest, 40), 3_000)
    told = chance.integers(0, 900 << 2, 3_000)
    if is_in_time:
        told.sort()
    found = by_walk(pa.table({"walk_no": walk_no, "told": told}), 2)
    order = np.lexsort((told, walk_no))
    walks, moments = walk_no[order], told[order] >> 2
    is_start = np.append(True, walks[1:] != walks[:-1])
    assert found.codes.tolist() == (told[order] & 3).tolist()
    assert found.walk_no.tolist() == walks[is_start].tolist()
    assert found.starts.tolist() == [*np.flatnonzero(is_start), 3_000]
    pairs = list(zip(walks.tolist(), moments.tolist(), strict=True))
    assert found.together.tolist() == [place for place, pair in enumerate(pairs) if pairs.count(pair) > 1]
    assert found.together_at.tolist() == moments[found.together].tolist()
    tied = {moment for moment, channels in channels_at(pairs, found.codes.tolist()).items() if len(channels) > 1}
    assert found.tied_at.tolist() == sorted({moment for _, moment in tied})


def channels_at(pairs: list[tuple[int, int]], codes: list[int]) -> dict[tuple[int, int], set[int]]:
    channels: dict[tuple[int, int], set[int]] = {}
    for pair, code in zip(pairs, codes, strict=True):
        channels.setdefault(pair, set()).add(code)
    return channels


def test_nothing_is_in_order() -> None:
    nothing = pa.table({"walk_no": np.zeros(0, dtype=np.int64), "told": np.zeros(0, dtype=np.int64)})
    for found in (by_walk(nothing, 2), by_walk(nothing, 9)):
        assert (len(found.walk_no), found.starts.tolist(), len(found.codes), len(found.tied_at)) == (0, [0], 0, 0)


def test_touchpoints_of_one_moment_stand_in_the_order_of_their_event_ids(engine: Engine) -> None:
    shelf = Shelf(engine)
    for place, channel in (("3", "Direct"), ("1", "Email"), ("2", "Campaign")):
        shelf.touch(f"e{place}", "visitor:a", day(5), channel=channel)
    shelf.touch("e4", "visitor:b", day(5), channel="Partner")
    shelf.touch("e5", "visitor:b", day(5), channel="Partner")
    shelf.touch("e0", "visitor:a", day(6), channel="Partner")
    for place in range(2):
        shelf.touch(f"f{place}", "visitor:b", day(7), channel="Direct")
    shelf.store()
    assert strangers(engine) == ["ECDP", "PPDD"]


def test_walks_are_in_order_where_the_period_is_long_for_numbers_of_microseconds(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf(engine)
    for place, channel in enumerate(("Partner", "Direct", "Email")):
        shelf.touch(f"e{3 - place}", "visitor:a", day(5) + timedelta(microseconds=place), channel=channel)
    shelf.touch("e9", "visitor:b", day(6), channel="Direct")
    shelf.store()
    monkeypatch.setattr(part, "NUMBER_BITS", 40)
    assert strangers(engine) == ["D", "PDE"]


def test_nobody_is_a_null_walk_where_nobody_touched_anything(engine: Engine) -> None:
    assert strangers(engine) == []


def test_who_was_erased_between_the_two_questions_is_asked_for_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf(engine)
    for visitor in "ab":
        shelf.touch(f"{visitor}1", f"visitor:{visitor}", day(5), channel="Email")
        shelf.touch(f"{visitor}2", f"visitor:{visitor}", day(5), channel="Direct")
    shelf.store()
    second = part._tied_touches

    def erased_before(*words: object) -> str:
        engine.erase("events", "identity", ["visitor:a"])
        return second(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(part, "_tied_touches", erased_before)
    assert strangers(engine) == ["ED"]


def test_while_people_are_erased_again_and_again_it_ends_and_says_so(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf(engine)
    for number in range(part.MOST_TRIES + 2):
        shelf.touch(f"{number}1", f"visitor:{number}", day(5), channel="Email")
        shelf.touch(f"{number}2", f"visitor:{number}", day(5), channel="Direct")
    shelf.store()
    second, erased = part._tied_touches, []

    def erased_before(*words: object) -> str:
        engine.erase("events", "identity", [f"visitor:{len(erased)}"])
        erased.append(words)
        return second(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(part, "_tied_touches", erased_before)
    with pytest.raises(StoreError, match="People are being erased just now"):
        strangers(engine)
    assert len(erased) == part.MOST_TRIES


def test_who_converted_to_another_kind_is_a_null_walk_for_this_one(engine: Engine) -> None:
    shelf = Shelf(engine)
    for person, channel in (("lead", "Lead"), ("buyer", "Buyer")):
        shelf.person(person, person)
        shelf.touch(f"t-{person}", f"visitor:{person}", day(2), channel=channel)
    shelf.touch("t-nobody", "visitor:nobody", day(2), channel="Nobody")
    shelf.lead("l1", "lead", day(5))
    shelf.won("o1", "buyer", day(9), 100)
    shelf.store()
    walks = asked(engine, "lead", "won")
    assert told(walks.everybody) == ["B", "L", "N"]
    assert (told(walks.of("lead")), told(walks.but_for("lead"))) == (["B", "N"], ["L"])
    assert (told(walks.of("won")), told(walks.but_for("won"))) == (["L", "N"], ["B"])


def test_late_touchpoints_links_merges_and_conversions_change_the_walks_from_then_on(engine: Engine) -> None:
    shelf = Shelf(engine)
    shelf.person("p", "a")
    shelf.touch("t1", "visitor:a", day(2), channel="Email")
    shelf.touch("t2", "visitor:b", day(3), channel="Direct")
    shelf.touch("t3", "person:q", day(4), channel="Call")
    shelf.store()
    assert strangers(engine) == ["C", "D", "E"]
    shelf.touch("t0", "visitor:a", day(1), channel="Partner", learnt=LATER)
    shelf.link("visitor:b", "p", learnt=LATER)
    shelf.person("q", canonical="p", learnt=LATER)
    shelf.store()
    assert strangers(engine) == ["PEDC"]
    shelf.person("q", canonical="q", learnt=LATER + timedelta(days=1))
    shelf.store()
    assert strangers(engine) == ["C", "PED"]
    shelf.won("o", "p", day(9), 100, learnt=LATER + timedelta(days=2))
    shelf.store()
    assert strangers(engine) == ["C"]
    assert strangers(engine, LATER) == ["PEDC"]
    assert strangers(engine, LEARNT) == ["C", "D", "E"]


def test_what_is_erased_or_judged_again_is_on_no_walk_any_more(engine: Engine) -> None:
    shelf = Shelf(engine)
    for visitor in "abc":
        shelf.touch(
            f"{visitor}1", f"visitor:{visitor}", day(2), channel="Email", visitor_id=visitor, utm_source=visitor
        )
        shelf.touch(f"{visitor}2", f"visitor:{visitor}", day(3), channel="Direct", visitor_id=visitor)
    shelf.store()
    assert strangers(engine) == ["ED", "ED", "ED"]
    engine.erase("events", "identity", ["visitor:a"])
    assert strangers(engine) == ["ED", "ED"]
    shelf.fact("bot_verdict_facts", "b", verdict="machine:crawler", learnt=LATER)
    shelf.fact("channel_facts", "again", touch_kind="entry", utm_source="c", channel="Partner", learnt=LATER)
    shelf.store()
    assert strangers(engine) == ["PD"]
    assert strangers(engine, LEARNT) == ["ED", "ED"]


def test_weights_are_learnt_from_what_was_known_at_the_moment(engine: Engine) -> None:
    """Of 30 walks all converted, until a stranger is known who came by Event, then Email, and did not."""
    shelf = Shelf(engine)
    for number in range(30):
        shelf.person(f"p{number}", f"v{number}")
        shelf.touch(f"t{number}", f"visitor:v{number}", day(2), channel="Email" if number % 2 else "Event")
        shelf.won(f"o{number}", f"p{number}", day(9), 100)
    shelf.touch("s1", "visitor:stranger", day(2), channel="Event", learnt=LATER)
    shelf.touch("s2", "visitor:stranger", day(3), channel="Email", learnt=LATER)
    shelf.store()

    def learnt(as_of: datetime) -> dict[object, object]:
        scope = settle(Options(**MARCH, as_of=as_of), engine, BOOKS)  # type: ignore[arg-type]
        _, named = weights_learnt(MODELS["markov"], engine, scope.params, 1, "won")
        return {named[f"won_channel{place}"]: named[f"won_effect{place}"] for place in range(2)}

    email = 15 / 16
    whole = 15 / 31 * email + 16 / 31 * (15 / 16 + email / 16)
    assert learnt(LEARNT) == pytest.approx({"Email": 0.5, "Event": 0.5})
    assert learnt(LATER) == pytest.approx({"Email": 1 - 15 / 31 / whole, "Event": 1 - 15 / 31 * email / whole})
