"""Names for the rows of a report."""

from collections.abc import Collection
from dataclasses import dataclass

from loopline.attribution.state import CAMPAIGN_STATE, question, visible
from loopline.lib.countries import country_name
from loopline.reports.dimension import NOTHING, OTHER_UNITS, TOTAL, UNATTRIBUTED, UNMAPPED, Dimension, Naming
from loopline.reports.options import Scope
from loopline.store.engine import Engine


@dataclass(frozen=True, slots=True)
class Name:
    label: str
    note: str = ""


_CAMPAIGNS = question(
    f"SELECT id, name, channel, is_deleted FROM campaign_state WHERE {visible('unit_id')}", CAMPAIGN_STATE
)


def names_of(dimension: Dimension, keys: Collection[str], scope: Scope, engine: Engine) -> dict[str, Name]:
    """A name for each of `keys`, as of the scope's moment; a key nobody named is its own name."""
    names = {key: Name(key) for key in keys}
    if dimension.naming is Naming.CAMPAIGNS:
        for row in engine.rows(_CAMPAIGNS, scope.params):
            if row["id"] in names:
                gone = " (deleted)" if row["is_deleted"] else ""
                names[str(row["id"])] = Name(f"{row['name']}{gone}", str(row["channel"]))
    elif dimension.naming is Naming.UNITS:
        names.update({key: Name(scope.books.units.get(key, key)) for key in keys})
    elif dimension.naming is Naming.COUNTRIES:
        names.update({key: Name(country_name(key)) for key in keys})
    return names | {
        NOTHING: Name(dimension.without, dimension.without_note),
        UNMAPPED: Name("Codes without a campaign", "map them under Campaigns"),
        OTHER_UNITS: Name("Other business units", "touchpoints you may not see"),
        UNATTRIBUTED: Name("Unattributed"),
        TOTAL: Name("Total"),
    }
