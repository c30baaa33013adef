"""Leads a week for each person and territory under two definitions, against what they can take. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from loopline.lib.countries import country_name
from loopline.reports.what_if.comparison import Comparison, Group

TERRITORIES = 8
"""So many are named, those with most leads; the rest go together."""


@dataclass(frozen=True, slots=True)
class LoadLine:
    name: str
    old: str
    new: str
    capacity: str
    """Leads a week that can be taken; empty where nobody is there for it."""
    is_over: bool
    """The new definition would bring more than that."""


def people_loads(found: Comparison, names: Mapping[str, str], capacities: Mapping[str, int]) -> list[LoadLine]:
    """Everybody who takes leads. Those that nobody had are dealt among them by capacity, as turns do; leads of somebody
    who takes none any more are dealt likewise."""
    whole = sum(capacities.values())
    own = {group.label: group for group in found.owners if group.label in names}
    others = [group for group in found.owners if group.label not in names]
    shared = _add("", others)
    lines = []
    for key, name in sorted(names.items(), key=lambda one: one[1]):
        part = capacities[key] / whole if whole else 1 / len(names)
        mine = own.get(key, _nobodys)
        lines.append(
            _line(name, (mine.old + part * shared.old) / found.weeks, (mine.new + part * shared.new) / found.weeks,
                  capacities[key])
        )  # fmt: skip
    return lines


def territory_loads(found: Comparison, capacities: Mapping[str, int]) -> list[LoadLine]:
    """Countries with most leads; their capacity is that of everybody who had leads from there and still takes some."""
    countries = dict(found.hit)["country"]
    most = sorted(countries, key=lambda one: (-max(one.old, one.new), one.label))
    named, rest = most[:TERRITORIES], most[TERRITORIES:]
    people = dict(found.territories)
    lines = [
        _line(
            country_name(one.label) if one.label else "Country not known", one.old / found.weeks,
            one.new / found.weeks, sum(capacities.get(user, 0) for user in people[one.label]),
        )
        for one in named
    ]  # fmt: skip
    if rest:
        users = {user for one in rest for user in people[one.label]}
        others = _add("", rest)
        capacity = sum(capacities.get(user, 0) for user in users)
        lines.append(_line(f"{len(rest)} others", others.old / found.weeks, others.new / found.weeks, capacity))
    return lines


_nobodys = Group("", 0, 0, 0, 0, 0)


def a_week(leads: float) -> str:
    """`0.4`; a rate that would read as none although there is one is said to be below what is shown."""
    return "under 0.1" if 0 < leads < 0.1 else f"{leads:.1f}"


def _add(label: str, groups: list[Group]) -> Group:
    return Group(
        label,
        *(sum(getattr(one, name) for one in groups) for name in ("n", "old", "new", "won", "won_caught")),
    )


def _line(name: str, old: float, new: float, capacity: int) -> LoadLine:
    return LoadLine(name, a_week(old), a_week(new), str(capacity) if capacity else "", 0 < capacity < new)
