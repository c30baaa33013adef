"""Cost of each row over the period, for reports whose records are cost lines: each line by the days it falls on.

Slices of the whole period, those to come too: a line that is spread over days to come has been booked for them.
"""

from collections.abc import Mapping

from loopline.attribution.cost import falls_into, spent
from loopline.attribution.state import Part, question
from loopline.reports.balance import number
from loopline.reports.metric import Metric
from loopline.reports.options import Scope
from loopline.reports.over_time.slices import cut
from loopline.reports.over_time.sparks import Sparks
from loopline.store.engine import Engine, Value


def cost_sparks(metric: Metric, row: str, lines: str, which: str, parts: tuple[Part, ...], scope: Scope,
                engine: Engine) -> Sparks:  # fmt: skip
    """`lines`: a table with `reporting_minor`, `starts_on`, `ends_on`, `days` and what `row`, its key, and `which`,
    the condition of those that count, read. Rows of which no line has a rate are not known. Raises StoreError."""
    step, periods = cut(scope.first, scope.last)
    values: dict[str, Value] = {**scope.params}
    for place, one in enumerate(periods):
        values[f"first{place}"], values[f"last{place}"] = one.first, one.last
    sums = ", ".join(f"sum({spent(f'$first{place}', f'$last{place}')}) AS in{place}" for place in range(len(periods)))
    sql = f"""
        SELECT {row} AS row_key, {sums} FROM {lines}
        WHERE ({which}) AND {falls_into("$first", "$last")} GROUP BY {row}
    """
    found: dict[str, Mapping[str, object]] = {
        str(one["row_key"]): one for one in engine.rows(question(sql, *parts), values)
    }
    known = {key for key, one in found.items() if one["in0"] is not None}
    return Sparks(
        step, tuple(periods),
        {key: tuple(number(found[key][f"in{place}"]) for place in range(len(periods))) for key in known},
        metric, knows_all=False,
    )  # fmt: skip
