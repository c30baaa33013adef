"""What is behind a credited figure of one row: each conversion with what it gives to the row."""

from loopline.attribution.state import Part, question
from loopline.lib.times import from_micros
from loopline.reports.balance import number
from loopline.reports.credited import credited
from loopline.reports.dimension import DIMENSIONS, TOTAL
from loopline.reports.metric import Metric, Number, Unit, whole
from loopline.reports.naming import is_known_row
from loopline.reports.opened import FARTHEST, Item, Opened
from loopline.reports.options import Scope
from loopline.store.engine import Engine


def open_credit(metric: Metric, kind: str, row: str, scope: Scope, engine: Engine, *, opened_row: str = "") -> Opened:
    """The conversions of this kind with their credit, by the model of the scope; `opened_row`: what the report calls
    the row, where that is not its key in the dimension. Raises OptionError and StoreError as `credited` does."""
    records = credited(scope, engine, kind)
    sql = f"""
        SELECT kind, record_id, min(at_us) AS at_us, sum(credit) AS adds FROM records
        WHERE $row = '{TOTAL}' OR row_key = $row GROUP BY kind, record_id ORDER BY adds DESC, record_id
    """
    values = {**scope.params, **records.values, "row": row}
    found = engine.rows(question(sql, *records.parts, Part("records", records.sql)), values)
    items = [
        Item(str(one["kind"]), str(one["record_id"]), from_micros(number(one["at_us"])), _told(one["adds"], metric))
        for one in found[:FARTHEST]
    ]
    total = _told(sum(number(one["adds"]) for one in found), metric)
    is_known = bool(found) or is_known_row(DIMENSIONS[scope.options.by].naming, row, scope, engine)
    return Opened(metric, opened_row or row, tuple(items), len(found), total, is_known=is_known)


def _told(credit: object, metric: Metric) -> Number:
    """Money in minor units, counts out of micro-units."""
    return number(credit) if metric.unit is Unit.MONEY else whole(number(credit))
