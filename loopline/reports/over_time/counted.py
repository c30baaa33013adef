"""One counted figure of each row over the period, for reports that count records: each record stands in its slice."""

from collections.abc import Mapping

from loopline.attribution.state import Part, question
from loopline.reports.balance import number
from loopline.reports.metric import Metric
from loopline.reports.options import Scope
from loopline.reports.over_time.slices import beginnings, place_of, slices
from loopline.reports.over_time.sparks import Sparks
from loopline.store.engine import Engine, Value


def counted_sparks(
    metric: Metric, figure: str, parts: tuple[Part, ...], values: Mapping[str, Value], scope: Scope, engine: Engine
) -> Sparks:
    """`figure`: SQL aggregate over the part `records`, a sum or count, so that the slices add up to the row's."""
    step, periods = slices(scope)
    sql = f"""
        SELECT row_key, place, {figure} AS figure FROM (
            SELECT *, {place_of("at_us", len(periods))} AS place FROM records
        ) AS placed GROUP BY row_key, place
    """
    found: dict[str, list[int]] = {}
    for row in engine.rows(question(sql, *parts), {**scope.params, **values, **beginnings(periods, scope)}):
        points = found.setdefault(str(row["row_key"]), [0] * len(periods))
        points[number(row["place"])] += number(row["figure"])
    return Sparks(step, tuple(periods), {key: tuple(points) for key, points in found.items() if any(points)}, metric)
