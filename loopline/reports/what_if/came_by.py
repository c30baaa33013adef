"""How the leads of a what-if came: channel, partner, or region of the last touchpoint before each was created.

These read every touchpoint of the leads' people, which the verdicts need not, so they are asked only by who wants them.
"""

from collections.abc import Mapping
from dataclasses import replace

from loopline.attribution.conversions import conversions
from loopline.attribution.ledger import credit_ledger
from loopline.attribution.model import MODELS
from loopline.attribution.state import question
from loopline.attribution.touchpoints import RowOf
from loopline.lib.countries import country_name
from loopline.reports.dimension import DIMENSIONS
from loopline.reports.options import Books, Options
from loopline.reports.run import settle
from loopline.store.engine import Engine

BORDER = "/"
CAME_BY: Mapping[str, RowOf] = {
    "channel": DIMENSIONS["channel"].row,
    "partner": DIMENSIONS["partner"].row,
    "region": RowOf(f"CASE WHEN e.country <> '' THEN concat(e.country, '{BORDER}', e.region) ELSE '' END"),
}
"""What leads can be told apart by → the row that a touchpoint counts for."""


def came_by(key: str, options: Options, engine: Engine, books: Books) -> dict[str, str]:
    """Lead → its value, of the leads created in the days of `options`; those without a touchpoint are left out.

    `key` is one of CAME_BY. Raises OptionError and StoreError.
    """
    by_channel = replace(options, by="channel")
    return {lead: _named(key, value) for lead, value in last_rows(CAME_BY[key], by_channel, engine, books).items()}


def last_rows(row: RowOf, options: Options, engine: Engine, books: Books) -> dict[str, str]:
    """Lead → the row that the last touchpoint before it counts for, of all leads created in the days of `options`."""
    asked = replace(options, model="last_touch", conversion="lead", lookback_days=None)
    scope = settle(asked, engine, books)
    ask = question(
        "SELECT c.record_id AS lead_id, r.row_key AS value FROM credits AS r "
        "JOIN conversions AS c ON c.conversion_no = r.conversion_no",
        conversions("lead"),
        credit_ledger(MODELS["last_touch"], row, "lead"),
    )
    return {str(one["lead_id"]): str(one["value"]) for one in engine.rows(ask, scope.params)}


def _named(key: str, value: str) -> str:
    if key != "region" or not value:
        return value
    country, _, region = value.partition(BORDER)
    return f"{country_name(country)}, {region}" if region else country_name(country)
