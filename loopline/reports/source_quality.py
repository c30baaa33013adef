"""How good the leads of each source are: how many had long enough, how many of those converted and were won.

The source of a lead is its last touchpoint before it was created. Sources are ranked by the lower bound of what they
convert, so that three lucky leads do not stand above three hundred good ones.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta

from loopline.attribution.conversions import conversions
from loopline.attribution.ledger import credit_ledger, unattributed
from loopline.attribution.model import MODELS
from loopline.attribution.state import OPPORTUNITY_STATE, question
from loopline.reports.balance import number
from loopline.reports.closed_loop_sql import ROW_OF_CREDIT, row_for
from loopline.reports.dimension import DIMENSIONS, NOTHING, UNATTRIBUTED, Dimension
from loopline.reports.mature_leads import ENOUGH, mature_days
from loopline.reports.naming import Name, names_of
from loopline.reports.options import Books, Options, Scope
from loopline.reports.run import settle
from loopline.reports.survival import Share
from loopline.store.engine import Engine, Row


@dataclass(frozen=True, slots=True)
class Source:
    key: str
    name: Name
    leads: int
    converted: Share
    """Of the leads that had long enough."""
    won: Share
    won_minor: int

    @property
    def young(self) -> int:
        return self.leads - self.converted.whole

    @property
    def at_least(self) -> float:
        """Lower bound of the conversion, percent."""
        return 100 * self.converted.low

    @property
    def at_most(self) -> float:
        return 100 * self.converted.high

    @property
    def is_enough(self) -> bool:
        return self.converted.whole >= ENOUGH


@dataclass(frozen=True, slots=True)
class SourceQuality:
    dimension: Dimension
    scope: Scope
    sources: tuple[Source, ...]
    """Ranked by the lower bound of their conversion."""
    mature_after: timedelta | None


def _leads(dimension: Dimension, options: Options) -> str:
    """Per source and days: from creation to conversion, or, where there was none, until now."""
    model = MODELS["last_touch"]
    row = row_for(dimension, model, options).without_reasons()
    days = "CAST(floor(greatest(coalesce(o.created_us, $as_of_us) - c.converted_us, 0) / 86400000000) AS BIGINT)"
    sums = f"""{days} AS days, o.lead_id IS NOT NULL AS has_converted,
            CAST(floor(($as_of_us - c.converted_us) / 86400000000) AS BIGINT) AS age, count(*) AS leads,
            coalesce(sum(o.won), 0) AS won, coalesce(sum(o.won_minor), 0) AS won_minor"""
    joined = """LEFT JOIN (
            SELECT lead_id, min(epoch_us(created_at)) AS created_us,
                max(CASE WHEN outcome = 'won' THEN 1 ELSE 0 END) AS won,
                sum(CASE WHEN outcome = 'won' THEN reporting_minor END) AS won_minor
            FROM opportunity_state WHERE NOT is_deleted AND lead_id <> '' GROUP BY lead_id
        ) AS o ON o.lead_id = c.record_id"""
    return question(
        f"""
        SELECT {ROW_OF_CREDIT} AS row_key, {sums}
        FROM credits AS r JOIN conversions AS c ON c.conversion_no = r.conversion_no {joined}
        GROUP BY {ROW_OF_CREDIT}, days, has_converted, age
        UNION ALL
        SELECT '{UNATTRIBUTED}' AS row_key, {sums}
        FROM unattributed AS r JOIN conversions AS c ON c.conversion_no = r.conversion_no {joined}
        GROUP BY days, has_converted, age
        """,
        conversions("lead"),
        credit_ledger(model, row, "lead"),
        unattributed(model, row, "lead"),
        OPPORTUNITY_STATE,
    )


def source_quality(options: Options, engine: Engine, books: Books) -> SourceQuality:
    """Sources of the leads created in the period. Raises OptionError and StoreError."""
    scope, dimension = settle(options, engine, books), DIMENSIONS[options.by]
    as_of_us = round(scope.as_of.timestamp() * 1_000_000)
    rows = engine.rows(_leads(dimension, options), {**scope.params, "as_of_us": as_of_us})
    limit = mature_days(scope, engine)
    by_key: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_key[str(row["row_key"])].append(row)
    names = names_of(dimension, by_key, scope, engine)
    sources = [_source(key, names[key], found, limit) for key, found in by_key.items()]
    sources.sort(key=lambda one: (one.key in {NOTHING, UNATTRIBUTED}, -_rank(one), -one.leads, one.key))
    return SourceQuality(dimension, scope, tuple(sources), None if limit is None else timedelta(days=limit))


def _rank(source: Source) -> float:
    return source.converted.low if source.converted.whole else 0.0


def _source(key: str, name: Name, rows: list[Row], limit: float | None) -> Source:
    mature = [row for row in rows if limit is not None and number(row["age"]) >= limit]
    whole = sum(number(row["leads"]) for row in mature)
    return Source(
        key=key,
        name=name,
        leads=sum(number(row["leads"]) for row in rows),
        converted=Share(sum(number(row["leads"]) for row in mature if row["has_converted"]), whole),
        won=Share(sum(number(row["won"]) for row in mature), whole),
        won_minor=sum(number(row["won_minor"]) for row in rows),
    )
