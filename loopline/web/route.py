"""The whole route of a person, or of everybody in an opportunity, as pages show it (`route/_route.html`).

Visits come from the event store. When it does not answer, the route still holds all that the records know, and says
since when visits are missing.
"""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from loopline.access.actor import Actor
from loopline.huddles.models import HuddleLead
from loopline.lib.times import utc_now
from loopline.people.models import Person
from loopline.pipeline.models import Opportunity
from loopline.pipeline.moments import people_and_merged, record_moments
from loopline.reports.visits.moments import Moment, Stretch, merged, stretches, with_first_visits
from loopline.reports.visits.route import Visits, read_visitor, read_visits
from loopline.store.current import engine
from loopline.store.engine import StoreError
from loopline.web.form_titles import title_of

logger = logging.getLogger(__name__)
_failing_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Route:
    stretches: tuple[Stretch, ...]
    machine_visits: int = 0
    is_cut: bool = False
    """There is more, further back than is shown."""
    incomplete_since: datetime | None = None
    """Since when the event store has not answered; None when it did."""
    trouble: str = ""

    @property
    def is_empty(self) -> bool:
        return not self.stretches


def person_route(person: Person, actor: Actor) -> Route:
    """Everything that happened with a person, as far as the actor may see it, newest first."""
    return _route([person], actor, None)


def opportunity_route(opportunity: Opportunity, actor: Actor) -> Route:
    """Everything that happened with the people of an opportunity, and with the opportunity itself."""
    people = [contact.person for contact in opportunity.contacts.select_related("person")]
    return _route(people, actor, [opportunity])


def company_route(people: Collection[Person], actor: Actor) -> Route:
    """Everything that happened with the people of a company."""
    return _route(people, actor, None) if people else Route(())


def visitor_route(visitor_id: str, actor: Actor) -> Route:
    """What a browser did that nobody has been recognised in."""
    return _with_visits(lambda units: read_visitor(engine(), visitor_id, units=units), actor)


def _route(people: Collection[Person], actor: Actor, opportunities: Collection[Opportunity] | None) -> Route:
    ids = sorted({str(person.canonical_id) for person in people})
    records = record_moments(people, actor, opportunities) + _huddle_remarks(people, actor)
    return _with_visits(
        lambda units: read_visits(engine(), ids, units=units),
        actor,
        records,
        known_since={str(person.pk): person.created_at for person in people},
        names=_names(people) if len(ids) > 1 else None,
    )


def _with_visits(
    question: Callable[[list[str] | None], Visits],
    actor: Actor,
    records: Collection[Moment] = (),
    *,
    known_since: Mapping[str, datetime] | None = None,
    names: Mapping[str, str] | None = None,
) -> Route:
    """The visits asked for between what the records know; `names` are given where it is the route of several."""
    visits, failing_since, trouble = _asked(question, actor)
    moments = merged([_titled(one) for one in visits.moments] if visits else (), records)
    if visits and not visits.is_cut:
        moments = with_first_visits(moments, known_since or {})
    if names:
        moments = [replace(moment, who=names.get(moment.person_id, "")) for moment in moments]
    return Route(
        stretches=tuple(stretches(moments)),
        machine_visits=visits.machine_visits if visits else 0,
        is_cut=visits.is_cut if visits else False,
        incomplete_since=failing_since,
        trouble=trouble,
    )


def _titled(moment: Moment) -> Moment:
    """A form that only the event store knows to be sent is named there by the word of its address."""
    return replace(moment, subject=title_of(moment.subject)) if moment.kind == "form" and moment.subject else moment


def _asked(question: Callable[[list[str] | None], Visits], actor: Actor) -> tuple[Visits | None, datetime | None, str]:
    """(visits, None, ""), or (None, since when it fails, why)."""
    global _failing_since
    units = None if actor.sees_all_units else sorted(map(str, actor.unit_ids))
    try:
        visits = question(units)
    except StoreError as error:
        _failing_since = _failing_since or utc_now()
        logger.warning("a route is shown without visits: %s", error)
        return None, _failing_since, str(error)
    _failing_since = None
    return visits, None, ""


def _names(people: Collection[Person]) -> dict[str, str]:
    named = Person.objects.filter(pk__in=people_and_merged(people)).select_related("merged_into")
    return {str(person.pk): (person.merged_into or person).display_name for person in named}


def _huddle_remarks(people: Collection[Person], actor: Actor) -> list[Moment]:
    """What was said about the people's leads in huddles."""
    entries = HuddleLead.objects.filter(lead__person__in=people_and_merged(people), disposed_at__isnull=False)
    if not actor.sees_all_units:
        entries = entries.filter(lead__unit__in=actor.unit_ids)
    return [_remark(entry) for entry in entries.select_related("lead", "huddle") if entry.disposed_at]


def _remark(entry: HuddleLead) -> Moment:
    notes = [f"{side}: “{note}”" for side, note in (("sales", entry.sales_note), ("marketing", entry.marketing_note))
             if note]  # fmt: skip
    return Moment(
        at=entry.disposed_at or entry.huddle.opened_at,
        kind="huddle",
        title="In the huddle:",
        subject=entry.get_disposition_display().lower(),
        detail=" · ".join(notes),
        person_id=str(entry.lead.person_id),
        by=entry.disposed_by_name,
    )
