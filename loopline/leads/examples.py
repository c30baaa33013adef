"""Example leads of a definition: people who must pass and people who must not. They are its unit tests. Pure.

{"name": "Head of operations at a food maker", "passes": true, "because": "…",
 "fields": {"person.email": "known", "person.business_email": "halden.example", …}, "consents": {"email": true},
 "forms": [{"slug": "demo", "days_ago": 2}],
 "did": [{"kind": "page", "path": "/pricing", "days_ago": 3, "times": 2, …}]}
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from loopline.leads.definition import Judgement, evaluate
from loopline.rules.definition import Definition
from loopline.rules.facts import Facts, FieldValue, Measured, SentForm
from loopline.rules.fields import find_field
from loopline.rules.measures import EventFilter, Measure, Measuring, PropertyTest
from loopline.rules.words import fits, is_one_of

MOST = 50
"""How many examples a definition has at most."""


@dataclass(frozen=True, slots=True)
class Act:
    """Something an example person did, so often, so many days before the judging."""

    kind: str
    days_ago: float = 1
    path: str = ""
    name: str = ""
    channel: str = ""
    campaign: str = ""
    """Name or code of the campaign it came through."""
    engaged_seconds: int = 0
    times: int = 1
    properties: Mapping[str, FieldValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Example:
    name: str
    passes: bool
    """Whether the definition must let this person pass."""
    because: str = ""
    fields: Mapping[str, FieldValue] = field(default_factory=dict)
    consents: Mapping[str, bool] = field(default_factory=dict)
    forms: Sequence[tuple[str, float]] = ()
    """Words of the form's address, and days ago."""
    did: Sequence[Act] = ()

    def facts(self, measures: Iterable[Measure], at: datetime) -> Facts:
        return Facts(
            at=at,
            fields=self.fields,
            consents=self.consents,
            forms=[SentForm(slug, at - timedelta(days=days)) for slug, days in self.forms],
            behaviour={measure: _measured(self.did, measure, at) for measure in measures},
        )


@dataclass(frozen=True, slots=True)
class Tried:
    """An example judged by a definition."""

    example: Example
    judgement: Judgement

    @property
    def is_right(self) -> bool:
        return self.judgement.is_met == self.example.passes

    @property
    def why(self) -> str:
        """What decided, in words: the clauses that are not met, or all that are."""
        missed = [str(one["reason"]) for one in self.judgement.evidence if one["is_met"] is not True]
        return "; ".join(missed or [str(one["reason"]) for one in self.judgement.evidence])


def try_examples(definition: Definition, examples: Iterable[Example], at: datetime) -> list[Tried]:
    return [Tried(one, evaluate(definition, one.facts(definition.measures, at))) for one in examples]


def example_json(example: Example) -> dict[str, object]:
    return {
        "name": example.name,
        "passes": example.passes,
        "because": example.because,
        "fields": dict(example.fields),
        "consents": dict(example.consents),
        "forms": [{"slug": slug, "days_ago": days} for slug, days in example.forms],
        "did": [_act_json(act) for act in example.did],
    }


def read_example(value: Mapping[str, object]) -> Example:
    """The example that we once kept as JSON. Raises KeyError, TypeError, RuleError for what is none."""
    fields, consents, forms, did = (value[key] for key in ("fields", "consents", "forms", "did"))
    if not (isinstance(fields, Mapping) and isinstance(consents, Mapping)):
        raise TypeError("fields and consents are objects")
    if not (isinstance(forms, list) and isinstance(did, list)):
        raise TypeError("forms and did are lists")
    for key in fields:
        find_field(key)
    return Example(
        name=str(value["name"]),
        passes=value["passes"] is True,
        because=str(value.get("because", "")),
        fields=fields,
        consents=consents,
        forms=tuple((str(one["slug"]), float(one["days_ago"])) for one in forms),
        did=tuple(Act(**act) for act in did),
    )


def _act_json(act: Act) -> dict[str, object]:
    said: dict[str, object] = {
        "path": act.path,
        "name": act.name,
        "channel": act.channel,
        "campaign": act.campaign,
        "engaged_seconds": act.engaged_seconds,
        "properties": dict(act.properties),
    }
    kept = {key: value for key, value in said.items() if value}
    return {"kind": act.kind, "days_ago": act.days_ago, "times": act.times} | kept


def _measured(did: Sequence[Act], measure: Measure, at: datetime) -> Measured:
    """What the event store would measure, had it seen these acts."""
    acts = [act for act in did if _fits(act, measure)]
    match measure.measuring:
        case Measuring.LAST_AT:
            return max((at - timedelta(days=act.days_ago) for act in acts), default=None)
        case Measuring.ENGAGED_MS:
            return sum(act.engaged_seconds * act.times for act in acts) * 1000
        case Measuring.COUNT:
            return _total((1.0, act) for act in acts) if measure.half_life_days is None else _faded(acts, measure)
    return round(sum(_number(act, measure.property) * act.times * _weight(act, measure) for act in acts), 6)


def _total(counted: Iterable[tuple[float, Act]]) -> int:
    return int(sum(one * act.times for one, act in counted))


def _faded(acts: Sequence[Act], measure: Measure) -> float:
    return round(sum(act.times * _weight(act, measure) for act in acts), 6)


def _weight(act: Act, measure: Measure) -> float:
    return 1.0 if measure.half_life_days is None else float(0.5 ** (act.days_ago / measure.half_life_days))


def _fits(act: Act, measure: Measure) -> bool:
    events = measure.events
    return (
        all(wanted in ("", said) for wanted, said in _pairs(events, act))
        and act.path.startswith(events.path)
        and (not events.campaigns or fits(is_one_of(events.campaigns), act.campaign))
        and (measure.within_days is None or act.days_ago < measure.within_days)
        and all(_passes(act, test) for test in events.where)
    )


def _pairs(events: EventFilter, act: Act) -> list[tuple[str, str]]:
    return [(events.kind, act.kind), (events.name, act.name), (events.channel, act.channel)]


def _passes(act: Act, test: PropertyTest) -> bool:
    value = act.properties.get(test.name)
    if test.words:
        return value is not None and fits(is_one_of(test.words), str(value))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return (test.at_least is None or value >= test.at_least) and (test.at_most is None or value <= test.at_most)


def _number(act: Act, name: str) -> float:
    value = act.properties.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0
