"""Credit as records: what each conversion gives to which row, for reports that count by the credit of a model."""

from loopline.attribution.conversions import conversions
from loopline.attribution.ledger import credit_ledger, unattributed
from loopline.reports.closed_loop_sql import ROW_OF_CREDIT, row_for
from loopline.reports.counting import Records
from loopline.reports.dimension import DIMENSIONS, NOTHING, OTHER_UNITS, UNATTRIBUTED, UNMAPPED
from loopline.reports.learnt import sharing_model
from loopline.reports.naming import Name
from loopline.reports.options import Scope
from loopline.store.engine import Engine

NAMES = {
    UNMAPPED: Name("Codes without a campaign", "map them under Campaigns"),
    OTHER_UNITS: Name("Other business units", "touchpoints you may not see"),
    UNATTRIBUTED: Name("Unattributed", "no touchpoint in the window"),
}
"""Rows that are no value of the dimension."""


def names_beside(scope: Scope) -> dict[str, Name]:
    """The same, and the row about which the touchpoint says nothing as the dimension calls it."""
    dimension = DIMENSIONS[scope.options.by]
    return NAMES | {NOTHING: Name(dimension.without, dimension.without_note)}


def credited(scope: Scope, engine: Engine, *kinds: str) -> Records:
    """Records with `conversion` (one of `kinds`), `row_key` and `credit`: counts in micro-units, money in minor units.

    A conversion stands in as many rows as earned it, and its credit adds up to its amount. Raises OptionError for a
    model whose rows overlap, and StoreError.
    """
    model, learnt = sharing_model(scope, engine, *kinds)
    row = row_for(DIMENSIONS[scope.options.by], model, scope.options).without_reasons()
    record = """CASE WHEN c.kind IN ('lead', 'qualified') THEN 'lead' ELSE 'opportunity' END AS kind,
            c.kind AS conversion, c.record_id AS record_id, c.converted_us AS at_us"""
    return Records(
        f"""
        SELECT {record}, {ROW_OF_CREDIT} AS row_key, r.credit AS credit
        FROM credits AS r JOIN conversions AS c ON c.conversion_no = r.conversion_no
        UNION ALL
        SELECT {record}, '{UNATTRIBUTED}' AS row_key, c.amount AS credit
        FROM unattributed AS r JOIN conversions AS c ON c.conversion_no = r.conversion_no
        """,
        (conversions(*kinds), credit_ledger(model, row, *kinds), unattributed(model, row, *kinds)),
        learnt,
    )
