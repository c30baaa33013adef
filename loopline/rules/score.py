"""A score: points for what a person is and does, worked out when it is asked. Pure, and the same in SQL.

Points are given once, for a rule that is met, or for each event, fading with the event's age. They may be negative.
What is not known gives no points. The sum lies between 0 and the cap.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from loopline.rules.condition import Verdict
from loopline.rules.explain import judge, to_sentence
from loopline.rules.facts import Facts
from loopline.rules.measures import EventFilter, Measure, Measuring, figure, times, window
from loopline.rules.sql_parts import SqlParts
from loopline.rules.tokens import Tokens, word_text
from loopline.rules.tree import Rule, measures_of
from loopline.rules.truth_sql import truth

MOST_POINTS = 1_000


@dataclass(frozen=True, slots=True)
class PointsWhen:
    """Points for a rule that is met."""

    points: int
    rule: Rule


@dataclass(frozen=True, slots=True)
class PointsEach:
    """Points for each event; at most (or, when negative, at least) `up_to` in all."""

    points: int
    events: EventFilter
    within_days: int | None = None
    half_life_days: int | None = None
    up_to: int | None = None

    @property
    def measure(self) -> Measure:
        return Measure(Measuring.COUNT, self.events, self.within_days, self.half_life_days)

    def limited(self, points: float) -> float:
        if self.up_to is None:
            return points
        return min(points, self.up_to) if self.points > 0 else max(points, self.up_to)


Points = PointsWhen | PointsEach


@dataclass(frozen=True, slots=True)
class Score:
    name: str
    points: tuple[Points, ...]
    cap: int = 100
    levels: tuple[tuple[str, int], ...] = ()
    """Names of levels with the least points each, best first: `A` 70, `B` 50, …"""

    def measures(self) -> tuple[Measure, ...]:
        found = [
            measure
            for one in self.points
            for measure in ([one.measure] if isinstance(one, PointsEach) else measures_of(one.rule))
        ]
        return tuple(dict.fromkeys(found))

    def level_of(self, value: float) -> str:
        """`B`; empty for a score without levels, and below the last one."""
        return next((name for name, least in self.levels if value >= least), "")

    def least_for(self, level: str) -> int:
        return dict(self.levels)[level]


@dataclass(frozen=True, slots=True)
class Scored:
    """What a person's score is and where it comes from."""

    value: float | None
    """None: behaviour could not be asked."""
    level: str
    parts: tuple[tuple[float, str], ...]
    """Points and the reason of each, those without any left out."""

    @property
    def reason(self) -> str:
        said = "; ".join(f"{'+' if points > 0 else '−'}{figure(abs(points))} {why}" for points, why in self.parts)
        return said or "nothing that gives points"


def work_out(score: Score, facts: Facts) -> Scored:
    """The person's score as of `facts.at`."""
    if facts.behaviour is None and score.measures():
        return Scored(None, "", ((0.0, facts.behaviour_missing_because),))
    parts = [given for one in score.points if (given := _given(one, facts))[0]]
    value = round(min(score.cap, max(0.0, sum(points for points, _ in parts))), 6)
    return Scored(value, score.level_of(value), tuple(parts))


def _given(one: Points, facts: Facts) -> tuple[float, str]:
    if isinstance(one, PointsWhen):
        verdict = judge(one.rule, facts)
        return (one.points if verdict.is_met else 0, verdict.reason)
    count = (facts.behaviour or {}).get(one.measure)
    if not isinstance(count, int | float):
        return 0, ""
    said = f"{one.events.phrase()} {times(round(count, 1))}{window(one.within_days, one.half_life_days)}"
    return one.limited(one.points * count), said


def score_sql(score: Score, parts: SqlParts) -> str:
    """The score as a number over what is known of each person."""
    given = " + ".join(_points_sql(one, parts) for one in score.points)
    cap, nothing = parts.value(float(score.cap)), parts.value(0.0)
    return f"round(least({cap}, greatest({nothing}, {given})), 6)"


def _points_sql(one: Points, parts: SqlParts) -> str:
    if isinstance(one, PointsWhen):
        return f"(CASE WHEN {truth(one.rule, parts)} THEN {parts.value(float(one.points))} ELSE {parts.value(0.0)} END)"
    points = f"{parts.value(float(one.points))} * coalesce({parts.measure(one.measure)}, 0)"
    if one.up_to is None:
        return f"({points})"
    return f"{'least' if one.points > 0 else 'greatest'}({points}, {parts.value(float(one.up_to))})"


def score_sentence(score: Score) -> list[str]:
    """What gives points, a line each: `+20 works for a known company`."""
    return [f"{'−' if one.points < 0 else '+'}{abs(one.points)} {_what(one)}" for one in score.points]


def _what(one: Points) -> str:
    if isinstance(one, PointsWhen):
        return to_sentence(one.rule)
    limit = "" if one.up_to is None else f", {one.up_to} at most" if one.points > 0 else f", {one.up_to} at least"
    return f"each time: {one.events.phrase()}{window(one.within_days, one.half_life_days)}{limit}"


@dataclass(frozen=True, slots=True)
class ScoreCondition:
    """The person's score has at least so many points, or is at least at a level."""

    score: Score
    at_least: int = 0
    level: str = ""

    @property
    def _least(self) -> int:
        return self.score.least_for(self.level) if self.level else self.at_least

    def to_json(self) -> dict[str, object]:
        return {"score": self.score.name} | ({"level": self.level} if self.level else {"at_least": self.at_least})

    def text(self) -> str:
        asked = f"level {word_text(self.level)}" if self.level else f"at least {self.at_least}"
        return f"score {word_text(self.score.name)} {asked}"

    def sentence(self, *, is_denied: bool = False) -> str:
        if self.level:
            article = "no" if is_denied else "an" if self.score.name[:1].lower() in "aeiou" else "a"
            return f"has {article} {self.score.name} of {self.level} or better"
        bound = "less than" if is_denied else "at least"
        return f"has {bound} {self.at_least} of {self.score.cap} points for {self.score.name}"

    def measures(self) -> tuple[Measure, ...]:
        return self.score.measures()

    def judge(self, facts: Facts) -> Verdict:
        scored = work_out(self.score, facts)
        if scored.value is None:
            return Verdict(None, scored.parts[0][1])
        level = f"{scored.level}, " if scored.level else ""
        said = f"{self.score.name} {level}{figure(scored.value)} of {self.score.cap} points ({scored.reason})"
        return Verdict(scored.value >= self._least, said)

    def sql(self, parts: SqlParts) -> str:
        return f"{score_sql(self.score, parts)} >= {parts.value(self._least)}"


def parse_condition(tokens: Tokens) -> dict[str, object]:
    """The JSON of `score fit at least 60` or `score fit level B`, behind its first word."""
    json: dict[str, object] = {"score": tokens.word()}
    if tokens.take("level"):
        return json | {"level": tokens.word()}
    tokens.expect("at", "least")
    return json | {"at_least": tokens.number()}


@dataclass(frozen=True, slots=True)
class Named:
    """What a rule may refer to by name."""

    scores: Mapping[str, Score]
    segments: Mapping[str, Rule]


NOTHING_NAMED = Named({}, {})
