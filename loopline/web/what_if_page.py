"""A what-if of a definition as its page shows it: figures in words, people by name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from loopline.access.actor import Actor
from loopline.access.models import AuditEntry, Organisation
from loopline.leads.clocks import terms_of
from loopline.leads.hand_off_models import HandOffTerms
from loopline.leads.models import DefinitionVersion, Lead
from loopline.leads.rejudge import FREE_MAIL
from loopline.lib.percent import share_in_words
from loopline.reports.what_if.comparison import Cell, Change, Comparison, Group, Quality, Rate
from loopline.reports.what_if.judged_lead import JudgedLead
from loopline.reports.what_if.run import Asked, WhatIf, what_if
from loopline.routing.bench import bench_of
from loopline.store.current import engine
from loopline.web.what_if_load import LoadLine, a_week, people_loads, territory_loads
from loopline.web.wording import points_text

NAMES = 12
"""How many people each list names; the rest is counted."""
DEFAULT_PERIOD = timedelta(days=182)
CELL_WORDS = {
    "both": "Pass under both",
    "only_old": "Would be refused",
    "only_new": "Would pass besides",
    "neither": "Refused under both",
}


@dataclass(frozen=True, slots=True)
class NamedLead:
    """A lead of a list, with its record where the one who looks may see it."""

    lead: Lead | None
    judged: JudgedLead


@dataclass(frozen=True, slots=True)
class ShownCell:
    label: str
    cell: Cell
    hours: int
    """Of sales, at the unit's minutes a lead, a call and a meeting (`HandOffTerms`)."""


@dataclass(frozen=True, slots=True)
class ShownRate:
    """`34 %` with `29 % to 40 %` of 212 outcomes; empty where it is refused."""

    value: str
    interval: str
    outcomes: int


@dataclass(frozen=True, slots=True)
class ShownGroup:
    group: Group
    leads: Sequence[Lead] = ()
    """Some of those hit, as far as the one who looks may see them."""


@dataclass(frozen=True, slots=True)
class WhatIfPage:
    answer: WhatIf
    against: DefinitionVersion
    currency: str
    cells: Sequence[ShownCell]
    has_won: bool
    """A deal of these leads was won."""
    refused_wins: Sequence[NamedLead]
    kept_losers: Sequence[NamedLead]
    terms: HandOffTerms
    people: int
    """Salespeople who take leads in the unit."""
    loads: Sequence[tuple[str, str, str]]
    """What, under the old and under the new definition: leads a week in all, a person, of capacity."""
    people_loads: Sequence[LoadLine]
    territory_loads: Sequence[LoadLine]
    rates: Sequence[tuple[str, ShownRate, ShownRate]]
    """What, under the old and under the new definition."""
    change: str
    """The difference in the share won with its interval; empty where it is refused."""
    by_chance: ShownRate
    bounds: str
    sweep: Sequence[tuple[str, str, int, ShownRate, ShownRate]]
    hit: Sequence[tuple[str, Sequence[ShownGroup]]]
    """Dimension and its groups, those whose leads change most first."""


def ask(
    version: DefinitionVersion,
    against: DefinitionVersion,
    period: tuple[datetime, datetime],
    as_of: datetime,
    more: Mapping[str, Mapping[str, str]] | None = None,
) -> WhatIf:
    """Raises StoreError, and ValueError for a period without a length."""
    asked = Asked(str(version.unit_id), *period, as_of, FREE_MAIL, edits_of(version))
    return what_if(engine(), against.definition, version.definition, asked, more)


def edits_of(version: DefinitionVersion) -> int:
    """How often the draft was changed since it was begun."""
    return AuditEntry.objects.filter(object_id=str(version.pk), verb="edit_draft").count()


def page_of(answer: WhatIf, version: DefinitionVersion, against: DefinitionVersion, actor: Actor) -> WhatIfPage:
    found = answer.comparison
    shown = [one.id for one in (*found.refused_wins[:NAMES], *found.kept_losers[:NAMES])]
    shown += [one for _, groups in found.hit for group in groups for one in group.hit]
    leads = Lead.objects.visible_to(actor).select_related("person__company", "owner")
    by_id = {str(lead.pk): lead for lead in leads.filter(pk__in=shown)}
    bench = [one for one in bench_of(version.unit) if one.takes_leads]
    people, capacity = len(bench), sum(one.capacity for one in bench)
    capacities = {str(one.user_id): one.capacity for one in bench}
    new, terms = found.new, terms_of(version.unit)
    return WhatIfPage(
        answer=answer,
        against=against,
        currency=Organisation.current().reporting_currency,
        cells=[ShownCell(CELL_WORDS[cell.key], cell, hours(cell, terms)) for cell in found.cells],
        has_won=any(cell.won for cell in found.cells),
        refused_wins=[NamedLead(by_id.get(one.id), one) for one in found.refused_wins[:NAMES]],
        kept_losers=[NamedLead(by_id.get(one.id), one) for one in found.kept_losers[:NAMES]],
        terms=terms,
        people=people,
        loads=_loads(found, people, capacity),
        people_loads=people_loads(found, {str(one.user_id): one.name for one in bench}, capacities),
        territory_loads=territory_loads(found, capacities),
        rates=[
            ("Of what passes, won", _rate(found.old.won_rate), _rate(new.won_rate)),
            ("Of won revenue, from what passes", _rate(found.old.revenue_caught), _rate(new.revenue_caught)),
        ],
        change=_change(found.change),
        by_chance=_rate(found.by_chance),
        bounds=_bounds(new),
        sweep=[
            (one.score, f"{one.at_least:,.0f}", one.passed, _rate(one.won_rate), _rate(one.revenue_caught))
            for one in found.sweep
        ],
        hit=[
            (name, [ShownGroup(group, [by_id[one] for one in group.hit if one in by_id]) for group in groups])
            for name, groups in found.hit
        ],
    )


def hours(cell: Cell, terms: HandOffTerms) -> int:
    talks = cell.calls * terms.call_minutes + cell.meetings * terms.meeting_minutes
    return round((cell.worked * terms.lead_minutes + talks) / 60)


def _loads(found: Comparison, people: int, capacity: int) -> list[tuple[str, str, str]]:
    old, new = found.old.a_week, found.new.a_week
    rows = [("Leads a week", a_week(old), a_week(new))]
    if people:
        said = f"{people} people" if people > 1 else "1 person"
        rows.append((f"Per salesperson ({said})", a_week(old / people), a_week(new / people)))
    if capacity:
        rows.append(("Part of capacity", share_in_words(old / capacity), share_in_words(new / capacity)))
    return rows


def _change(change: Change) -> str:
    if change.value is None:
        return ""
    value, low, high = (points_text(100 * one) for one in (change.value, change.low, change.high))
    return f"{value} ({low} to {high})"


def _bounds(found: Quality) -> str:
    if found.won_at_least is None or found.won_at_most is None:
        return ""
    return f"{share_in_words(found.won_at_least)} to {share_in_words(found.won_at_most)}"


def _rate(rate: Rate) -> ShownRate:
    if rate.value is None:
        return ShownRate("", "", rate.outcomes)
    return ShownRate(
        share_in_words(rate.value), f"{share_in_words(rate.low)} to {share_in_words(rate.high)}", rate.outcomes
    )
