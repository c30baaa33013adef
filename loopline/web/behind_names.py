"""Names for what is behind a figure. The event store knows ids only; names come from the records one may see."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse

from loopline.access.actor import Actor
from loopline.access.roles import Permission
from loopline.campaigns.models import Campaign
from loopline.campaigns.models import CostLine as CostLineOfRecords
from loopline.leads.models import Lead
from loopline.lib.ids import uuids_in
from loopline.people.models import Company, Person
from loopline.pipeline.models import Opportunity
from loopline.reports.behind import CostLine, Record, Visitor
from loopline.reports.opened import Item


@dataclass(frozen=True, slots=True)
class Named:
    """A record or visitor with what it is called and where it opens; no address where the asker may not open it."""

    item: Record | Visitor | CostLine | Item
    name: str
    url: str = ""
    second: str = ""
    """What tells it from others of the same name."""
    gone_id: str = ""
    """Its id, of a record that is no longer here."""


def records_named(records: Sequence[Record], actor: Actor) -> list[Named]:
    """Leads by their person, opportunities by their name, as far as the actor may see them."""
    leads = {
        str(one.pk): one
        for one in Lead.objects.visible_to(actor).select_related("person").filter(pk__in=_ids(records, "lead"))
    }
    opportunities = {
        str(one.pk): one for one in Opportunity.objects.visible_to(actor).filter(pk__in=_ids(records, "opportunity"))
    }
    here = _still_here([(one.kind, one.record_id) for one in records])
    named = []
    for record in records:
        if lead := leads.get(record.record_id):
            may_see = actor.may(Permission.SEE_PEOPLE)
            named.append(
                Named(record, lead.person.display_name, reverse("lead", args=[lead.pk]))
                if may_see
                else Named(record, "A lead")
            )
        elif opportunity := opportunities.get(record.record_id):
            named.append(Named(record, opportunity.name, reverse("opportunity", args=[opportunity.pk])))
        else:
            named.append(_nameless(record, here))
    return named


def touches_named(visitors: Sequence[Visitor], actor: Actor) -> list[Named]:
    """Visitors by the person they are, as far as the actor may see people."""
    people = {}
    if actor.may(Permission.SEE_PEOPLE):
        ids = uuids_in(visitor.person_id for visitor in visitors)
        people = {str(one.pk): one for one in Person.objects.visible_to(actor).filter(pk__in=ids)}
    named = []
    for visitor in visitors:
        if person := people.get(visitor.person_id):
            named.append(Named(visitor, person.display_name, reverse("person", args=[person.pk])))
        else:
            named.append(Named(visitor, "A known person" if visitor.person_id else _STRANGERS))
    return named


def costs_named(lines: Sequence[CostLine], actor: Actor) -> list[Named]:
    """Cost lines by their campaign, as far as the actor may see it."""
    ids = uuids_in(line.campaign_id for line in lines)
    campaigns = {str(one.pk): one for one in Campaign.objects.visible_to(actor).filter(pk__in=ids)}
    named = []
    for line in lines:
        if campaign := campaigns.get(line.campaign_id):
            named.append(Named(line, campaign.name, reverse("campaign", args=[campaign.pk])))
        else:
            named.append(Named(line, "A campaign" if line.campaign_id else "Unallocated"))
    return named


def items_named(items: Sequence[Item], actor: Actor) -> list[Named]:
    """What a report of the library counts, by name and with its page, as far as the actor may see it."""
    known = {kind: finder(uuids_in(one.record_id for one in items if one.kind == kind), actor)
             for kind, finder in _FINDERS.items() if any(one.kind == kind for one in items)}  # fmt: skip
    unnamed = [(one.kind, one.record_id) for one in items if one.record_id not in known.get(one.kind, {})]
    here = _still_here(unnamed)
    return [_event_named(one) if one.kind == "event" else
            Named(one, *known[one.kind][one.record_id]) if one.record_id in known.get(one.kind, {}) else
            _nameless(one, here)
            for one in items]  # fmt: skip


def _still_here(records: Sequence[tuple[str, str]]) -> set[str]:
    """Of records as (kind, id) the ids of those that are here, whoever may see them."""
    return {
        str(pk)
        for kind in _MODELS.keys() & {kind for kind, _ in records}
        for pk in _MODELS[kind]
        .objects.filter(pk__in=uuids_in(one for k, one in records if k == kind))
        .values_list("pk", flat=True)
    }


def _nameless(item: Record | Item, here: set[str]) -> Named:
    """A record that is not shown by name: it is gone, or the actor may not see it."""
    if item.record_id in here or item.kind not in _MODELS:
        return Named(item, _UNSEEN.get(item.kind, "A record"))
    return Named(item, f"A deleted {_KIND_WORDS.get(item.kind, item.kind)}", gone_id=item.record_id)


def _event_named(item: Item) -> Named:
    """As it is stored; its own page says who may see what of it."""
    return Named(item, item.record_id[:40], f"{reverse('stored_event')}?{urlencode({'id': item.record_id})}")


def subject_named(subject: str, actor: Actor) -> tuple[str, str]:
    """Name and address of `person:…`, `company:…` or `visitor:…`; the id as it is, without an address, where the actor
    may not see whom it is."""
    kind, _, value = subject.partition(":")
    if kind == "visitor":
        address = f"{reverse('visitor')}?{urlencode({'id': value})}"
        return (subject, address) if actor.may(Permission.SEE_CAMPAIGNS) else (subject, "")
    found = _FINDERS[kind](uuids_in([value]), actor) if kind in _FINDERS else {}
    name, address, *_ = found.get(value, (subject, ""))
    return name, address


_STRANGERS = "Strangers, all together"
_UNSEEN = {"lead": "A lead", "person": "A person", "opportunity": "An opportunity", "company": "A company",
           "campaign": "A campaign", "cost": "A cost line", "strangers": _STRANGERS}  # fmt: skip
_KIND_WORDS = {"cost": "cost line"}
_MODELS: dict[str, type[Lead | Person | Opportunity | Company | Campaign | CostLineOfRecords]] = {
    "lead": Lead, "person": Person, "opportunity": Opportunity, "company": Company, "campaign": Campaign,
    "cost": CostLineOfRecords,
}  # fmt: skip
_Found = Mapping[str, tuple[str, ...]]
"""Id → name, address, and what tells it from others of that name."""


def _leads(ids: list[UUID], actor: Actor) -> _Found:
    if not actor.may(Permission.SEE_PEOPLE):
        return {}
    leads = Lead.objects.visible_to(actor).select_related("person").filter(pk__in=ids)
    return {str(one.pk): (one.person.display_name, reverse("lead", args=[one.pk])) for one in leads}


def _people(ids: list[UUID], actor: Actor) -> _Found:
    if not actor.may(Permission.SEE_PEOPLE):
        return {}
    people = Person.objects.visible_to(actor).filter(pk__in=ids)
    return {str(one.pk): (one.display_name, reverse("person", args=[one.pk])) for one in people}


def _opportunities(ids: list[UUID], actor: Actor) -> _Found:
    found = Opportunity.objects.visible_to(actor).filter(pk__in=ids)
    return {str(one.pk): (one.name, reverse("opportunity", args=[one.pk])) for one in found}


def _companies(ids: list[UUID], actor: Actor) -> _Found:
    if not actor.may(Permission.SEE_PEOPLE):
        return {}
    companies = Company.objects.visible_to(actor).filter(pk__in=ids)
    return {str(one.pk): (one.name, reverse("company", args=[one.pk])) for one in companies}


def _campaigns(ids: list[UUID], actor: Actor) -> _Found:
    found = Campaign.objects.visible_to(actor).filter(pk__in=ids)
    return {str(one.pk): (one.name, reverse("campaign", args=[one.pk])) for one in found}


def _costs(ids: list[UUID], actor: Actor) -> _Found:
    lines = CostLineOfRecords.objects.visible_to(actor).filter(pk__in=ids).select_related("campaign")
    return {
        str(one.pk): (
            str(one.campaign or "Unallocated"),
            f"{reverse('campaign', args=[one.campaign.pk])}#cost" if one.campaign else reverse("costs"),
            f"{one.get_category_display()}: {one.note}" if one.note else one.get_category_display(),
        )
        for one in lines
    }


_FINDERS = {"lead": _leads, "person": _people, "opportunity": _opportunities, "company": _companies,
            "campaign": _campaigns, "cost": _costs}  # fmt: skip


def _ids(records: Iterable[Record], kind: str) -> list[UUID]:
    return uuids_in(record.record_id for record in records if record.kind == kind)
