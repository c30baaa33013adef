"""Models side by side: the credit of each row by every model that was asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from loopline.attribution.aggregate import learnt_credit, learnt_interval
from loopline.attribution.conversions import conversions
from loopline.attribution.disagreement import apart, disagreement
from loopline.attribution.fitted import TooFewError, walks_of
from loopline.attribution.ledger import credit_ledger, unattributed
from loopline.attribution.model import Deal, Model
from loopline.attribution.state import Part, question
from loopline.lib.batches import batches
from loopline.reports.balance import number
from loopline.reports.closed_loop_sql import ROW_OF_CREDIT, TOUCHED_IN_PERIOD
from loopline.reports.dimension import DIMENSIONS, UNATTRIBUTED
from loopline.reports.learnt import learnt_model
from loopline.reports.metric import Number, whole
from loopline.reports.naming import Name, names_of
from loopline.reports.options import OptionError, Options, Scope
from loopline.reports.over_time.slices import beginnings, place_of, slices
from loopline.store.engine import Engine, Value

CONVERSIONS = {
    "revenue": "Revenue", "won": "Won", "opportunity": "Opportunities", "qualified": "Qualified leads", "lead": "Leads",
}  # fmt: skip
METRIC = {
    "revenue": "revenue_minor", "won": "won", "opportunity": "opportunities", "qualified": "qualified", "lead": "leads",
}  # fmt: skip
"""How figures of each conversion are printed, and which figure of the closed loop opens them."""
AT_FIRST = {"first_touch", "last_touch", "linear", "position_based", "w_shaped", "time_decay", "shapley", "markov"}
"""Models that are compared where none are named; with them those of the organisation's own."""
_NO_PLACE = "CAST(0 AS BIGINT)"
AT_ONCE = 4
"""Models in one statement: more would be a longer one than ClickHouse reads."""


@dataclass(frozen=True, slots=True)
class Compared:
    key: str
    name: Name
    credit: dict[str, Number]
    """By model: None where it could not answer."""
    apart: float | None
    """(largest − smallest) ÷ largest, in percent, of the models that share out the same whole."""
    disagreement: str = ""
    """What it means where models lie far apart; "" where they agree or the row hardly matters."""


@dataclass(slots=True)
class SideBySide:
    scope: Scope
    conversion: str
    rows: list[Compared] = field(default_factory=list)
    totals: dict[str, Number] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    """Models that could not answer, and why."""
    points: dict[str, list[int]] = field(default_factory=dict)
    """Row → what the model that was asked for it gives to it in each slice of the period."""

    @property
    def disagreements(self) -> list[str]:
        """Where the models lie far apart on a row that matters, and what that says about the row."""
        return [row.disagreement for row in self.rows if row.disagreement]

    @property
    def holds(self) -> bool:
        """Every model that answered shares out the same whole. On the cohort clock they need not: which touchpoints lie
        in the period differs, and only those count."""
        return (
            self.scope.options.clock == "cohort"
            or len({total for key, total in self.totals.items() if not self.scope.models[key].overlaps}) <= 1
        )


def side_by_side(scope: Scope, keys: Sequence[str], conversion: str, engine: Engine, *, course: str = "") -> SideBySide:
    """`course`: the model that is told by slices of the period too, on the period clock.

    Raises OptionError for a conversion that does not exist, and StoreError.
    """
    if conversion not in CONVERSIONS:
        raise OptionError(
            f"There is no conversion “{conversion}”. Choose one of: {', '.join(CONVERSIONS)}.", "conversion"
        )
    found = SideBySide(scope, conversion)
    models, values = _models(found, scope, keys, conversion, engine)
    credit: dict[str, dict[str, int]] = {model.key: {} for model in models}
    periods = slices(scope)[1] if course else []
    values |= beginnings(periods, scope)
    places = {course: place_of("c.converted_us", len(periods))}
    for some in batches(models, AT_ONCE):
        for row in engine.rows(_question(scope.options, some, conversion, places), {**scope.params, **values}):
            key, amount, of_model = str(row["row_key"]), number(row["amount"]), credit[str(row["model"])]
            of_model[key] = of_model.get(key, 0) + amount
            if row["model"] == course:
                found.points.setdefault(key, [0] * len(periods))[number(row["place"])] += amount
    _fill(found, credit, engine)
    return found


def _models(
    found: SideBySide, scope: Scope, keys: Sequence[str], conversion: str, engine: Engine
) -> tuple[list[Model], dict[str, Value]]:
    models, values = [], {}
    for key in keys:
        asked = replace(scope, options=replace(scope.options, model=key))
        try:
            model, learnt = learnt_model(asked, engine, conversion)
        except OptionError as error:
            found.refused[key] = str(error)
            continue
        models.append(model)
        values.update(learnt)
    return models, values


def _question(options: Options, models: Sequence[Model], kind: str, places: Mapping[str, str]) -> str:
    """The parts `credits` and `unattributed` of each model under names of their own; they share the paths.

    `places`: model → the slice of its conversions `c`; only these are joined for it.
    """
    whole = replace(DIMENSIONS[options.by].row, carries_channel=True, ignores_direct=options.ignores_direct)
    row = whole.without_reasons()
    parts: list[Part] = [conversions(kind)]
    selects = []
    for model in models:
        place, joined = places.get(model.key, _NO_PLACE), ""
        if model.key in places:
            joined = "JOIN conversions AS c ON c.conversion_no = r.conversion_no"
        parts.append(replace(credit_ledger(model, row, kind), name=f"credits_{model.key}"))
        selects.append(
            f"""
            SELECT '{model.key}' AS model, {place} AS place, {ROW_OF_CREDIT} AS row_key,
                CAST(sum(r.credit) AS BIGINT) AS amount
            FROM credits_{model.key} AS r {joined} WHERE {TOUCHED_IN_PERIOD} GROUP BY {ROW_OF_CREDIT}, {place}
            """
        )
        if options.clock == "period":
            parts.append(replace(unattributed(model, row, kind), name=f"unattributed_{model.key}"))
            selects.append(
                f"""
                SELECT '{model.key}' AS model, {place} AS place, '{UNATTRIBUTED}' AS row_key,
                    CAST(sum(c.amount) AS BIGINT) AS amount
                FROM unattributed_{model.key} AS r JOIN conversions AS c ON c.conversion_no = r.conversion_no
                GROUP BY c.kind, {place}
                """
            )
    return question(" UNION ALL ".join(selects), *parts)


def _fill(found: SideBySide, credit: dict[str, dict[str, int]], engine: Engine) -> None:
    keys = {key for rows in credit.values() for key in rows}
    models = found.scope.models
    names = names_of(DIMENSIONS[found.scope.options.by], keys, found.scope, engine)
    fair = [key for key in credit if models[key].deal is Deal.BY_WEIGHT]
    totals = {model: sum(rows.values()) for model, rows in credit.items()}
    for key in keys:
        amounts = {model: rows.get(key, 0) for model, rows in credit.items()}
        shares = {} if key.startswith("~") else {model: amounts[model] / (totals[model] or 1) for model in fair}
        found.rows.append(
            Compared(
                key,
                names[key],
                {model: _number(found, amount) for model, amount in amounts.items()},
                apart([amounts[model] for model in fair]),
                disagreement(names[key].label, shares, models) or "",
            )
        )
    found.rows.sort(key=lambda row: (row.key.startswith("~") or not row.key, -_largest(row), row.name.label))
    found.totals = {model: None if models[model].overlaps else _number(found, totals[model]) for model in credit}


def _number(found: SideBySide, amount: int) -> Number:
    return amount if found.conversion == "revenue" else whole(amount)


def _largest(row: Compared) -> float:
    return max((float(value or 0) for value in row.credit.values()), default=0.0)


@dataclass(frozen=True, slots=True)
class Learnt:
    """What a fitted model says of a channel in the aggregate: a share with its interval, a rank where it is certain."""

    channel: str
    share: float
    low: float
    high: float
    rank: int | None

    @property
    def share_percent(self) -> float:
        return 100 * self.share

    @property
    def low_percent(self) -> float:
        return 100 * self.low

    @property
    def high_percent(self) -> float:
        return 100 * self.high


def learnt_shares(scope: Scope, key: str, conversion: str, engine: Engine) -> list[Learnt]:
    """Channels of the model `key` (`markov` or `shapley`), the largest share first. Raises OptionError, StoreError."""
    try:
        walks = walks_of(engine, scope.params, conversion, ignores_direct=scope.options.ignores_direct)
    except TooFewError as error:
        raise OptionError(str(error), "model") from error
    order = scope.options.order
    credit, interval = learnt_credit(key, walks, order), learnt_interval(key, walks, order)
    total = credit.conversions.sum() or 1.0
    found = [
        Learnt(channel or "No channel", float(credit.conversions[place] / total), float(interval.low[place]),
               float(interval.high[place]), rank)
        for place, (channel, rank) in enumerate(zip(walks.channels, interval.ranks(), strict=True))
    ]  # fmt: skip
    return sorted(found, key=lambda one: -one.share)
