"""Models of an organisation's own making: shares for milestones, for kinds of touchpoints, and a half-life.

Each saved version is a fact, so that a report as of a moment deals by the version of that moment.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from loopline.attribution.milestones import Shares
from loopline.attribution.model import Model
from loopline.attribution.state import Part, latest, question
from loopline.attribution.touchpoints import EARNING_KINDS
from loopline.store.engine import Engine, Row, StoreError, Value

PREFIX = "custom_"
MOST_TIMES = 10.0
"""A kind of touchpoint counts at most so many times as much as others."""
_PLACES = {
    "first": "the first touchpoint",
    "lead": "lead creation",
    "opportunity": "opportunity creation",
    "last": "the last touchpoint",
}
OWN_MODELS = Part("own_models", latest("attribution_model_facts", "name", "number", "plan"))


def is_own(key: str) -> bool:
    return key.startswith(PREFIX)


class PlanError(ValueError):
    """The weights cannot be meant; the message says why and what to write."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the organisation decides. Shares are percent of the whole; only their proportion counts."""

    first: float = 0
    lead: float = 0
    opportunity: float = 0
    last: float = 0
    rest: float = 0
    kinds: Mapping[str, float] = field(default_factory=dict)
    """Kind of touchpoint → how many times as much as others it counts; 0: not at all. Others count once."""
    half_life_days: float | None = None
    """Credit halves with every so many days before the last touchpoint; None: time does not matter."""

    def check(self) -> None:
        """Raises PlanError."""
        shares = self.shares
        parts = (shares.first, shares.lead, shares.opportunity, shares.last, shares.rest)
        if any(not 0 <= part <= 100 for part in parts):
            raise PlanError("A share is a percentage from 0 to 100.")
        if any(round(part, 2) != part for part in parts):
            raise PlanError("Write a share with at most two digits behind the point.")
        if round(sum(parts), 6) != 100:
            raise PlanError(f"The shares add up to {sum(parts):g} %; make them 100 %.")
        for kind, times in self.kinds.items():
            if kind not in EARNING_KINDS:
                raise PlanError(f"There is no kind of touchpoint “{kind}”. Choose of: {', '.join(EARNING_KINDS)}.")
            if not 0 <= times <= MOST_TIMES:
                raise PlanError(f"How much {EARNING_KINDS[kind]} count is a number from 0 to {MOST_TIMES:g}.")
        if self.kinds and all(self.kinds.get(kind, 1) == 0 for kind in EARNING_KINDS):
            raise PlanError("Some kind of touchpoint has to count.")
        if self.half_life_days is not None and not 1 <= self.half_life_days <= 3650:
            raise PlanError("The half-life is from 1 to 3650 days; leave it empty where time does not matter.")

    @property
    def shares(self) -> Shares:
        return Shares(self.first, self.lead, self.opportunity, self.last, self.rest)

    @property
    def sentence(self) -> str:
        """The whole plan in English, as pages and exports print it."""
        parts = [f"{share:g} % on {_PLACES[name]}" for name in _PLACES if (share := getattr(self, name))]
        if self.rest:
            parts.append(f"{self.rest:g} % shared by {'the rest' if parts else 'all touchpoints'}")
        told = [", ".join(parts)]
        told += [f"{EARNING_KINDS[kind]} {_times(times)}" for kind, times in self.kinds.items() if times != 1]
        if self.half_life_days:
            told.append(f"halved for every {self.half_life_days:g} days before the last touchpoint")
        return "; ".join(told)

    @property
    def weight_sql(self) -> str:
        """Weights relative to the largest of the path, because many half-lives would round to nothing.

        Where no touchpoint of the path would have a weight, the shares alone decide, so that every sale balances.
        """
        shares = self.shares.weight_sql
        weight = " * ".join([f"({shares})", *self._by_kind, *self._by_time])
        largest = f"max({weight}) OVER (PARTITION BY conversion_no)"
        return f"CASE WHEN {largest} > 0 THEN ({weight}) / {largest} ELSE ({shares}) / 100e0 END"

    @property
    def _by_kind(self) -> list[str]:
        lines = [f"WHEN '{kind}' THEN {times:.2f}e0" for kind, times in self.kinds.items() if times != 1]
        return [f"CASE touch_kind {' '.join(lines)} ELSE 1e0 END"] if lines else []

    @property
    def _by_time(self) -> list[str]:
        days = self.half_life_days
        return [f"power(2e0, (last_days_before - days_before) / {days:.2f}e0)"] if days else []

    def to_json(self) -> str:
        names = ("first", "lead", "opportunity", "last", "rest")
        told = {name: getattr(self, name) for name in names}
        return json.dumps(told | {"kinds": dict(self.kinds), "half_life_days": self.half_life_days}, sort_keys=True)


def _times(times: float) -> str:
    return {0: "count for nothing", 0.5: "count half", 2: "count double"}.get(times, f"count {times:g} times")


def plan_from(text: str) -> Plan:
    return Plan(**json.loads(text))


def own_model(key: str, name: str, number: int, plan: Plan) -> Model:
    return Model(
        key=key,
        label=name,
        weights=plan.sentence,
        explanation=f"A model of this organisation's own, version {number}.",
        weight_sql=plan.weight_sql,
    )


def own_models(engine: Engine, values: Mapping[str, Value]) -> dict[str, Model]:
    """The organisation's own models as of `$as_of`, by key. Raises StoreError."""
    sql = question("SELECT id, name, number, plan FROM own_models WHERE NOT is_deleted ORDER BY name, id", OWN_MODELS)
    return {str(row["id"]): _model_of(row) for row in engine.rows(sql, values)}


def _model_of(row: Row) -> Model:
    number = row["number"]
    if not isinstance(number, int):
        raise StoreError(f"the own model {row['id']} has the number {number!r}; a number of a version is whole")
    return own_model(str(row["id"]), str(row["name"]), number, plan_from(str(row["plan"])))
