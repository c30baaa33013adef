"""The way of one lead through the ordered rules: which rule, who was considered, why this one. Pure.

Rules are asked from the first to the last. A rule that fits but whose people are all away or full lets the lead go on
to the next one, and the decision says so; so does a queue when nobody is left who could take from it. What is not
known about a lead does not fit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from loopline.routing.turns import Candidate, choose

NOBODY = "nobody in this business unit takes leads; it is handed over when someone does"
NOBODY_NOW = "everybody who takes leads is away or has as many as they can take; it goes as soon as someone can"


@dataclass(frozen=True, slots=True)
class Way:
    """One rule, as it is asked."""

    name: str
    sentence: str
    target: str
    """person, turns or queue."""
    fits: Callable[[], tuple[bool | None, str]]
    """Whether the lead fits (None: not known), and the reason."""
    candidates: Callable[[], Sequence[Candidate]]
    team_id: UUID | None = None
    team_name: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    rule: str
    """Name of the rule that decided; empty when none could."""
    sentence: str
    because: str
    """Why this one, in at most 200 characters."""
    user_id: UUID | None = None
    is_pooled: bool = False
    """It goes into a queue; whoever takes it first has it."""
    team_id: UUID | None = None
    considered: list[dict[str, object]] = field(default_factory=list)
    """[{"name", "recent", "capacity", "said"}] of the rule that decided, in the order of their turn."""
    passed: list[dict[str, str]] = field(default_factory=list)
    """[{"rule", "why"}] of the rules before it."""

    @property
    def is_made(self) -> bool:
        return self.is_pooled or self.user_id is not None


def decide(ways: Sequence[Way]) -> Decision:
    """Where the lead goes. A decision that is not made says why it waits."""
    passed: list[dict[str, str]] = []
    anybody = False
    for way in ways:
        fits, reason = way.fits()
        if not fits:
            passed.append({"rule": way.name, "why": reason if fits is False else f"not known: {reason}"})
            continue
        candidates = list(way.candidates())
        anybody = anybody or bool(candidates)
        if way.target == "queue" and not candidates:
            whose = f"the team {way.team_name}" if way.team_name else "this business unit"
            passed.append({"rule": way.name, "why": f"fits, but nobody in {whose} takes leads"})
            continue
        if way.target == "queue":
            whose = way.team_name or "everybody who takes leads"
            because = _worded(ways, way, f"waits in the queue of {whose}")
            return Decision(way.name, way.sentence, because, is_pooled=True, team_id=way.team_id, passed=passed)
        choice = choose(candidates)
        if choice is None:
            why = "; ".join(f"{one.name} {_is(one)}" for one in candidates[:5]) or "nobody is there"
            passed.append({"rule": way.name, "why": f"fits, but {why}"})
            continue
        chosen = next(one for one in candidates if one.user_id == choice.user_id)
        because = f"it is {chosen.name}'s" if way.target == "person" else choice.because
        return Decision(
            way.name, way.sentence, _worded(ways, way, because), user_id=choice.user_id, team_id=way.team_id,
            considered=_considered(candidates, choice.user_id), passed=passed,
        )  # fmt: skip
    return Decision("", "", NOBODY_NOW if anybody else NOBODY, passed=passed)


def _worded(ways: Sequence[Way], way: Way, because: str) -> str:
    """The rule's name stands before the reason where there is more than one rule."""
    return (f"{way.name}: {because}" if len(ways) > 1 else because)[:200]


def _considered(candidates: Sequence[Candidate], chosen: UUID) -> list[dict[str, object]]:
    order = sorted(candidates, key=lambda one: (one.user_id != chosen, bool(one.cannot), one.recent / one.capacity))
    return [
        {
            "name": one.name,
            "recent": one.recent,
            "capacity": one.capacity,
            "said": "chosen" if one.user_id == chosen else one.cannot or "had more of their share, or one more lately",
        }
        for one in order
    ]


def _is(one: Candidate) -> str:
    return one.cannot if one.cannot.startswith("has") else f"is {one.cannot}"
