"""A lead definition: what must be known of a person, what must not be, and what its scores give points for.

{"evidence": {"who": rule, "company": rule, "need": rule, "timing": rule, "consent": rule},
 "also": rule, "never": [rule, …],
 "scores": {"fit": {"cap": 100, "levels": {"A": 70, "B": 50}, "points": [{"points": 20, "when": rule},
            {"points": 10, "each": {"kind": "page"}, "within_days": 90, "half_life_days": 14, "up_to": 40}]}},
 "segments": {"nordics": rule}}

Every part may be left out. Rules in it may refer to its scores and segments; scores to segments; segments to neither. A
bare rule is a definition, too. All of it together is one rule, so whatever judges rules judges definitions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from loopline.rules.errors import RuleError
from loopline.rules.events import filter_json, read_filter
from loopline.rules.explain import to_sentence
from loopline.rules.measures import Measure
from loopline.rules.read import read_rule, rule_json
from loopline.rules.score import MOST_POINTS, Named, Points, PointsEach, PointsWhen, Score
from loopline.rules.tree import All, AnyOf, Rule, Unless, measures_of
from loopline.rules.values import checked_text, days_at, number_at

EVIDENCE = {
    "who": "Who it is",
    "company": "Which company",
    "need": "What they need",
    "timing": "Why now",
    "consent": "That we may talk to them",
}
"""What a lead must show, in the order in which people ask."""
_KEYS = {"evidence", "also", "never", "scores", "segments"}
_MOST = 20


@dataclass(frozen=True, slots=True)
class Clause:
    """One thing that a definition asks for."""

    part: str
    """A key of EVIDENCE, `also`, or `never` for a veto."""
    rule: Rule

    @property
    def asked(self) -> Rule:
        return Unless(self.rule) if self.part == "never" else self.rule

    @property
    def sentence(self) -> str:
        return to_sentence(self.rule)


@dataclass(frozen=True, slots=True)
class Definition:
    evidence: Mapping[str, Rule] = field(default_factory=dict)
    also: Rule | None = None
    never: tuple[Rule, ...] = ()
    scores: Mapping[str, Score] = field(default_factory=dict)
    segments: Mapping[str, Rule] = field(default_factory=dict)

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """What is asked for, one clause each: evidence, the parts of what is asked besides, vetoes."""
        also = () if self.also is None else self.also.parts if isinstance(self.also, All) else (self.also,)
        return (
            *(Clause(part, self.evidence[part]) for part in EVIDENCE if part in self.evidence),
            *(Clause("also", rule) for rule in also),
            *(Clause("never", rule) for rule in self.never),
        )

    @property
    def rule(self) -> Rule:
        """All of it as one rule."""
        return All(tuple(clause.asked for clause in self.clauses))

    @property
    def measures(self) -> list[Measure]:
        """The behaviour that must be measured to judge it and to work out its scores."""
        scored = [measure for score in self.scores.values() for measure in score.measures()]
        return list(dict.fromkeys([*measures_of(self.rule), *scored]))

    @property
    def named(self) -> Named:
        return Named(self.scores, self.segments)

    @property
    def sentence(self) -> str:
        asked = ", and ".join(_asked(one.rule) for one in self.clauses if one.part != "never")
        vetoes = " or ".join(to_sentence(rule) for rule in self.never)
        never = f"; never one who {vetoes}" if vetoes else ""
        return f"A lead is a person who {asked or 'is known'}{never}."


def _asked(rule: Rule) -> str:
    """`either` tells where the choice begins among what stands before and after it."""
    return f"{'either ' if isinstance(rule, AnyOf) and len(rule.parts) > 1 else ''}{to_sentence(rule)}"


def read_definition(value: object) -> Definition:
    """The definition that a JSON value stands for. Raises RuleError with the place and the reason."""
    if not isinstance(value, Mapping) or not value.keys() & _KEYS:
        return Definition(also=read_rule(value))
    if unknown := [str(key) for key in value if key not in _KEYS]:
        raise RuleError(f"A definition has no {', '.join(unknown)[:100]}; it has {', '.join(sorted(_KEYS))}")
    segments = {
        _name(name): read_rule(rule, place=f"segments.{name}") for name, rule in _object(value, "segments").items()
    }
    plain = Named({}, segments)
    scores = {_name(name): _read_score(name, one, plain) for name, one in _object(value, "scores").items()}
    named = Named(scores, segments)
    definition = Definition(
        evidence=_read_evidence(_object(value, "evidence"), named),
        also=read_rule(value["also"], named, place="also") if "also" in value else None,
        never=_read_never(value.get("never", []), named),
        scores=scores,
        segments=segments,
    )
    if not any(clause.part != "never" for clause in definition.clauses):
        raise RuleError("A definition asks for at least one thing: give evidence, or a rule under “also”")
    return definition


def definition_json(definition: Definition) -> dict[str, object]:
    """The definition as JSON; reading it again gives the same one. One that is a bare rule stays one."""
    if not (definition.evidence or definition.never or definition.scores or definition.segments) and definition.also:
        return rule_json(definition.also)
    parts: dict[str, object] = {
        "evidence": {part: rule_json(rule) for part, rule in definition.evidence.items()},
        "never": [rule_json(rule) for rule in definition.never],
        "scores": {name: score_json(score) for name, score in definition.scores.items()},
        "segments": {name: rule_json(rule) for name, rule in definition.segments.items()},
    }
    also: dict[str, object] = {"also": rule_json(definition.also)} if definition.also else {}
    return also | {key: value for key, value in parts.items() if value}


def score_json(score: Score) -> dict[str, object]:
    levels: dict[str, object] = {"levels": dict(score.levels)} if score.levels else {}
    return {"cap": score.cap, **levels, "points": [_points_json(one) for one in score.points]}


def _points_json(one: Points) -> dict[str, object]:
    if isinstance(one, PointsWhen):
        return {"points": one.points, "when": rule_json(one.rule)}
    said = {"within_days": one.within_days, "half_life_days": one.half_life_days, "up_to": one.up_to}
    return {"points": one.points, "each": filter_json(one.events)} | {
        key: value for key, value in said.items() if value is not None
    }


def _read_evidence(evidence: Mapping[str, object], named: Named) -> dict[str, Rule]:
    if unknown := evidence.keys() - EVIDENCE.keys():
        raise RuleError(f"There is no evidence {', '.join(sorted(unknown))[:100]}; there is {', '.join(EVIDENCE)}")
    return {part: read_rule(evidence[part], named, place=f"evidence.{part}") for part in EVIDENCE if part in evidence}


def _read_never(never: object, named: Named) -> tuple[Rule, ...]:
    if not isinstance(never, list) or len(never) > _MOST:
        raise RuleError(f"“never” must be a list of at most {_MOST} rules")
    return tuple(read_rule(rule, named, place=f"never[{number}]") for number, rule in enumerate(never))


def _read_score(name: str, value: object, named: Named) -> Score:
    place = f"scores.{name}"
    if not isinstance(value, Mapping) or not value.keys() <= {"cap", "levels", "points"}:
        raise RuleError(f"{place}: must be an object with points, and cap and levels if you like")
    points = value.get("points")
    if not isinstance(points, list) or not 1 <= len(points) <= _MOST:
        raise RuleError(f"{place}: points must be a list of 1 to {_MOST} lines")
    cap = number_at(value, "cap", least=1, most=MOST_POINTS) if "cap" in value else 100
    read = tuple(_read_points(one, f"{place}.points[{number}]", named) for number, one in enumerate(points))
    return Score(name, read, cap, _read_levels(value.get("levels", {}), cap, place))


def _read_levels(levels: object, cap: int, place: str) -> tuple[tuple[str, int], ...]:
    if not isinstance(levels, Mapping) or len(levels) > _MOST:
        raise RuleError(f"{place}: levels must be an object such as {{“A”: 70, “B”: 50}}")
    named = [(_name(name), number_at(levels, name, most=cap)) for name in levels]
    return tuple(sorted(named, key=lambda one: -one[1]))


def _read_points(value: object, place: str, named: Named) -> Points:
    if not isinstance(value, Mapping):
        raise RuleError(f"{place}: must be an object with points and either when or each")
    try:
        points = number_at(value, "points", least=-MOST_POINTS, most=MOST_POINTS)
        if value.keys() == {"points", "when"}:
            return PointsWhen(points, read_rule(value["when"], named, place="when"))
        if "each" not in value or not value.keys() <= {"points", "each", "within_days", "half_life_days", "up_to"}:
            raise RuleError("has points and either when, or each with within_days, half_life_days and up_to")
        bounds = {"least": 0, "most": MOST_POINTS} if points > 0 else {"least": -MOST_POINTS, "most": 0}
        up_to = number_at(value, "up_to", **bounds) if "up_to" in value else None
        return PointsEach(points, read_filter(value, "each"), days_at(value), days_at(value, "half_life_days"), up_to)
    except RuleError as error:
        raise RuleError(f"{place}: {error}") from error


def _object(value: Mapping[str, object], key: str) -> Mapping[str, object]:
    found = value.get(key, {})
    if not isinstance(found, Mapping) or len(found) > _MOST or not all(isinstance(name, str) for name in found):
        raise RuleError(f"“{key}” must be an object with at most {_MOST} entries")
    return found


def _name(name: str) -> str:
    if not name or len(name) > 40 or checked_text(name, "name").strip() != name:
        raise RuleError(f"{name!r:.60} is no name: 1 to 40 printable characters")
    return name
