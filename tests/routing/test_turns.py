"""Round robin: the fewest recent leads, then the longest wait, then the name; and it says why."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from loopline.routing.turns import Candidate, choose

EARLY, LATE = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)


def one(name: str, recent: int, last_at: datetime | None = None, user_id: UUID | None = None) -> Candidate:
    return Candidate(user_id or uuid4(), name, recent, last_at)


def chosen(*candidates: Candidate) -> str:
    choice = choose(candidates)
    assert choice is not None
    return next(candidate.name for candidate in candidates if candidate.user_id == choice.user_id)


def test_the_one_with_fewest_recent_leads_is_next() -> None:
    assert chosen(one("Ana", 3, EARLY), one("Ben", 2, LATE)) == "Ben"


def test_among_equals_the_longest_wait_decides_then_never_then_the_name() -> None:
    assert chosen(one("Ana", 1, LATE), one("Ben", 1, EARLY)) == "Ben"
    assert chosen(one("Ana", 0, EARLY), one("Ben", 0)) == "Ben"
    assert chosen(one("Ben", 0), one("Ana", 0)) == "Ana"


def test_nobody_gets_it_where_nobody_takes_leads() -> None:
    assert choose([]) is None


def test_the_choice_explains_itself_within_what_the_record_holds() -> None:
    two = choose([one("Ana", 3), one("Ben", 4)])
    assert two is not None
    assert two.because == "round robin: Ana had 3 this week, Ben 4"
    many = choose([one(f"Person with a very long name number {n} " + "x" * 80, n) for n in range(9)])
    assert many is not None
    assert len(many.because) <= 200
    alone = choose([one("Ana", 3)])
    assert alone is not None
    assert alone.because == "round robin: Ana is the only one who takes leads"
