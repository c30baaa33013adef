"""Names for the rows of a report."""

from collections.abc import Collection
from dataclasses import dataclass

from loopline.attribution.state import CAMPAIGN_STATE, Part, latest, question, visible
from loopline.lib.countries import COUNTRIES, country_name
from loopline.reports.dimension import (
    NO_VALUES,
    NOTHING,
    OTHER_UNITS,
    TOTAL,
    UNATTRIBUTED,
    UNMAPPED,
    Dimension,
    Naming,
)
from loopline.reports.options import Scope
from loopline.store.engine import Engine

DELETED = " (deleted)"
"""Behind the name of what is gone."""


@dataclass(frozen=True, slots=True)
class Name:
    label: str
    note: str = ""


_CAMPAIGNS = question(
    f"SELECT id, name, channel, is_deleted FROM campaign_state WHERE {visible('unit_id')}", CAMPAIGN_STATE
)
_COMPANIES = question(
    "SELECT id, name, industry, is_deleted FROM company_names WHERE id IN (SELECT unnest($ids))",
    Part("company_names", latest("company_facts", "name", "industry")),
)
_ACTIVITIES = question(
    f"""
    SELECT a.id AS id, a.name AS name, a.is_deleted AS is_deleted,
        a.activity_kind || CASE WHEN c.name IS NULL THEN '' ELSE ' · ' || c.name END AS second
    FROM activity_state AS a LEFT JOIN campaign_state AS c ON c.id = a.campaign_id WHERE {visible("a.unit_id")}
    UNION ALL
    SELECT id, name, is_deleted, 'the campaign as such' AS second FROM campaign_state WHERE {visible("unit_id")}
    """,
    Part("activity_state", latest("activity_facts", "unit_id", "campaign_id", "name", "activity_kind")),
    CAMPAIGN_STATE,
)
_FROM_THE_STORE = {
    Naming.CAMPAIGNS: (_CAMPAIGNS, "channel"),
    Naming.ACTIVITIES: (_ACTIVITIES, "second"),
    Naming.COMPANIES: (_COMPANIES, "industry"),
}
"""The question for the names, and the column that is the quiet second fact."""


def named(naming: Naming, keys: Collection[str], scope: Scope, engine: Engine) -> dict[str, Name]:
    """A name for each of `keys`, as of the scope's moment; a key nobody named is its own name."""
    names = {key: Name(key) for key in keys}
    if naming in _FROM_THE_STORE:
        ask, second = _FROM_THE_STORE[naming]
        for row in engine.rows(ask, {**scope.params, "ids": sorted(keys)}):
            if row["id"] in names:
                gone = DELETED if row["is_deleted"] else ""
                names[str(row["id"])] = Name(f"{row['name']}{gone}", str(row[second]))
    elif naming is Naming.UNITS:
        names.update({key: Name(scope.books.units.get(key, key)) for key in keys})
    elif naming is Naming.COUNTRIES:
        names.update({key: Name(country_name(key)) for key in keys})
    elif naming is Naming.COLLEAGUES:
        names.update({key: Name(scope.books.colleagues.get(key, "Somebody who left")) for key in keys})
    return names


def is_known_row(naming: Naming, key: str, scope: Scope, engine: Engine) -> bool:
    """Whether a row can be asked for whether or not anything is counted of it: one that is no value, or a record, a
    colleague or a country that is known by name. Of values that are their own names, such as channels, nothing can be
    said without the books: they are not."""
    if key in NO_VALUES:
        return True
    if naming is Naming.COMPANIES and not scope.books.sees_all_units:
        return False  # whose a company is, hangs on its people; of those unseen not even this much is told
    if naming in _FROM_THE_STORE:
        return named(naming, [key], scope, engine)[key] != Name(key)
    known = {Naming.UNITS: scope.books.units, Naming.COLLEAGUES: scope.books.colleagues, Naming.COUNTRIES: COUNTRIES}
    return key in known.get(naming, {})


def names_of(dimension: Dimension, keys: Collection[str], scope: Scope, engine: Engine) -> dict[str, Name]:
    """The same for the rows of a dimension, with those that are no value of it."""
    return named(dimension.naming, keys, scope, engine) | {
        NOTHING: Name(dimension.without, dimension.without_note),
        UNMAPPED: Name("Codes without a campaign", "map them under Campaigns"),
        OTHER_UNITS: Name("Other business units", "touchpoints you may not see"),
        UNATTRIBUTED: Name("Unattributed"),
        TOTAL: Name("Total"),
    }
