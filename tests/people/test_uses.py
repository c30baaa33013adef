"""Whose a shared browser was when: a table of cases, and what holds for any."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopline.people.uses import EVER, NEAR, Sighting, Use, uses

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
A, B, C = UUID(int=1), UUID(int=2), UUID(int=3)
NAMES = {A: "A", B: "B", C: "C", None: "-"}


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def told(found: list[Use]) -> str:
    """`-before A@30:named` …: whose it was, from which minute on, why."""
    return " ".join(f"{NAMES[one.person]}{minute(one.since)}:{one.why}" for one in found)


def minute(moment: datetime) -> str:
    return "" if moment == EVER else f"@{int((moment - START).total_seconds() // 60)}"


@pytest.mark.parametrize(
    ("seen", "logouts", "expected"),
    [
        # One after the other within a visit: from the first one's visit on, then from the moment the other is named.
        ([(60, A), (70, B)], [], "-:before A@30:named B@70:named"),
        # Days apart: each has their visit, what lies between cannot be told, the last one keeps it.
        ([(60, A), (2000, B)], [], "-:before A@30:named -@90:between B@1970:named"),
        # Nearer than two visits: what is near both is nobody's.
        ([(60, A), (100, B)], [], "-:before A@30:named -@70:between B@90:named"),
        # The same person before and after: nobody else was named in between.
        ([(60, A), (2000, A), (2010, B)], [], "-:before A@30:named B@2010:named"),
        # A logout parts a browser in two, each with one person: nothing is left open.
        ([(60, A), (2000, B)], [500], "A:alone B@500:alone"),
        # After a logout nobody is named until the next one.
        ([(60, A), (2000, B)], [500, 600], "A:alone -@500:logged_out B@600:alone"),
        ([(60, A), (70, B)], [500], "-:before A@30:named B@70:named -@500:logged_out"),
        # A logout inside a visit: the next one's part begins there.
        ([(60, A), (70, B), (80, A)], [75], "-:before A@30:named B@70:named A@75:alone"),
        # Two at one moment cannot be told apart, until one of them is named alone.
        ([(60, A), (60, B), (70, B)], [], "-:before -@30:several B@70:named"),
        ([(60, A), (60, B)], [], "-:several"),
        ([(60, A), (62, None), (64, C)], [], "-:before A@30:named -@62:several C@64:named"),
        ([], [], "-:before"),
        ([], [500], "-:before -@500:logged_out"),
    ],
)
def test_whose_a_browser_was(seen: list[tuple[int, UUID | None]], logouts: list[int], expected: str) -> None:
    found = uses([Sighting(at(minute), who) for minute, who in seen], [at(minute) for minute in logouts])
    assert told(found) == expected


some_sightings = st.lists(
    st.builds(Sighting, st.integers(0, 3000).map(at), st.sampled_from((A, B, C))), min_size=2, max_size=12
)
some_logouts = st.lists(st.integers(0, 3000).map(at), max_size=3)


@given(seen=some_sightings, logouts=some_logouts, chance=st.randoms(use_true_random=False))
def test_the_order_of_what_was_said_does_not_matter(
    seen: list[Sighting], logouts: list[datetime], chance: st.DataObject
) -> None:
    shuffled, late = [*seen, *seen[:2]], logouts[::-1]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert uses(shuffled, late) == uses(seen, logouts)


@given(seen=some_sightings, logouts=some_logouts)
def test_nobody_has_a_browser_while_another_one_was_named_last(seen: list[Sighting], logouts: list[datetime]) -> None:
    found = uses(seen, logouts)
    assert found[0].since == EVER
    assert [one.since for one in found] == sorted({one.since for one in found})
    ends = [*(one.since for one in found[1:]), at(10_000)]
    for use, until in zip(found, ends, strict=True):
        inside = [one for one in seen if use.since <= one.at < until]
        if use.person is None:
            assert not inside or use.why == "several"
            continue
        assert {one.person for one in inside} <= {use.person}
        assert inside or any(
            abs(one.at - edge) <= NEAR for one in seen if one.person == use.person for edge in (use.since, until)
        )
