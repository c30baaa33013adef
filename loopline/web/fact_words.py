"""Facts behind a changed figure in words: what each is called, where it opens, what it said before and says now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.db import models
from django.urls import reverse

from loopline.access.actor import Actor
from loopline.access.models import User
from loopline.access.roles import Permission
from loopline.campaigns.models import Activity, Campaign, CostLine
from loopline.experiments.models import Experiment
from loopline.leads.hand_off_models import Clock
from loopline.leads.models import DefinitionVersion, Lead
from loopline.lib.amounts import money_text
from loopline.lib.ids import uuids_in
from loopline.people.models import Company, Person
from loopline.pipeline.models import Opportunity
from loopline.reports.change.cause_facts import Fact
from loopline.reports.change.causes import Cause
from loopline.reports.metric import whole
from loopline.store.engine import Value
from loopline.web import wording
from loopline.web.fact_authors import Author, authors_of

Recorded = Lead | Opportunity | Campaign | Person | Company


@dataclass(frozen=True, slots=True)
class ToldFact:
    learned_at: datetime
    name: str
    url: str
    before: str
    """Empty where nothing was known before."""
    after: str
    """Empty where it no longer counts."""
    author: Author | None = None
    """Who made the change, where the record is one that the reader may open and the audit log says it."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """The record a fact is about: its class, the column with its id ("" = the fact's own), its page, its name here."""

    model: type[Recorded]
    column: str
    page: str
    unnamed: str


_KINDS: dict[str, _Kind] = {
    "leads": _Kind(Lead, "", "lead", "A lead"),
    "opportunities": _Kind(Opportunity, "", "opportunity", "An opportunity"),
    "refunds": _Kind(Opportunity, "", "opportunity", "An opportunity"),
    "contacts": _Kind(Opportunity, "opportunity_id", "opportunity", "An opportunity"),
    "campaigns": _Kind(Campaign, "", "campaign", "A campaign"),
    "codes": _Kind(Campaign, "campaign_id", "campaign", "A code"),
    "costs": _Kind(Campaign, "campaign_id", "campaign", "A cost line"),
    "clocks": _Kind(Lead, "lead_id", "lead", "A promise"),
    "activities": _Kind(Campaign, "campaign_id", "campaign", "An activity"),
    "people": _Kind(Person, "", "person", "A person"),
    "companies": _Kind(Company, "", "company", "A company"),
    "identities": _Kind(Person, "person_id", "person", "An address or browser"),
    "browsers": _Kind(Person, "person_id", "person", "A stretch of a browser"),
}
_UNNAMED = {
    "touchpoints": "A touchpoint",
    "events": "An event",
    "consents": "A consent",
    "definitions": "A version of the lead definition",
    "experiments": "An experiment",
    "assignments": "An assignment",
    "verdicts": "A visitor",
    "channels": "Visits of one kind",
    "models": "A model",
}
_NAMED_BY: dict[str, type[Activity] | type[User]] = {"activity_id": Activity, "owner_id": User}
"""Columns whose value is the id of something else, told by its name."""
_LABELS: dict[str, dict[str, str]] = {
    "state": {**dict(Lead.State.choices), **dict(Experiment.State.choices)},
    "status": dict(DefinitionVersion.Status.choices),
    "kind": dict(Clock.Kind.choices),
    "outcome": dict(Opportunity.Outcome.choices),
    "stage": dict(Opportunity.Stage.choices),
    "cost_kind": dict(CostLine.Kind.choices),
    "is_granted": {"True": "agreed", "False": "taken back"},
    "verdict": {"human": "human", "machine": "machine"},
}
"""Columns whose value is a key → its words, as the pages of the records say them."""
_IDS = frozenset({"opportunity_id", "person_id", "campaign_id", "canonical_id", "lead_id"})
"""Columns whose value is told by the record's name, not by its id."""


def facts_in_words(cause: Cause, facts: Sequence[Fact], actor: Actor, currency: str, zone: str) -> list[ToldFact]:
    kind = _KINDS.get(cause.key)
    named = _named(kind, facts, actor) if kind else {}
    others, authors, told = _others_named(facts), authors_of(cause, facts), []
    for fact in facts:
        unnamed = (kind.unnamed, "") if kind else (_UNNAMED[cause.key], _page(cause, fact))
        name, url = named.get(_about(kind, fact), unnamed)
        told.append(
            ToldFact(
                fact.learned_at,
                name,
                url,
                _said(fact.before, currency, zone, others),
                _said(fact.after, currency, zone, others),
                authors.get(fact.record_id) if url else None,
            )
        )
    return told


def values_told(values: Mapping[str, Value] | None) -> dict[str, Value] | None:
    """The same values for programs: as they are stored, days and moments as text, without ids of other records."""
    if values is None:
        return None
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in values.items()
        if name not in _IDS and name not in _NAMED_BY
    }


def _page(cause: Cause, fact: Fact) -> str:
    """Where what has no name opens: the event itself, the browser, the channel's rules, the models."""
    match cause.key:
        case "touchpoints" | "events":
            return f"{reverse('stored_event')}?{urlencode({'id': fact.record_id})}"
        case "verdicts":
            return f"{reverse('visitor')}?{urlencode({'id': fact.record_id})}"
        case "channels":
            return reverse("channel_trend")
        case "models":
            return reverse("own_models")
        case "definitions":
            return reverse("definition")
        case "experiments" | "assignments":
            return reverse("experiments")
        case _:
            return ""


def _others_named(facts: Sequence[Fact]) -> dict[str, str]:
    """Id → name of the activities and colleagues that the facts name: of what the actor was given to read."""
    said = [values for fact in facts for values in (fact.before, fact.after) if values is not None]
    named: dict[str, str] = {}
    for column, model in _NAMED_BY.items():
        ids = {str(values[column]) for values in said if values.get(column)}
        named |= {str(pk): name for pk, name in model.objects.filter(pk__in=uuids_in(ids)).values_list("pk", "name")}
    return named


def _about(kind: _Kind | None, fact: Fact) -> str:
    """What it is about now, or where that is nothing any more, as of a code that was taken away, what it was before."""
    if kind is None or not kind.column:
        return fact.record_id
    said = (values.get(kind.column) for values in (fact.after, fact.before) if values)
    return next((str(one) for one in said if one), "")


def _named(kind: _Kind, facts: Sequence[Fact], actor: Actor) -> dict[str, tuple[str, str]]:
    """Id → (name, address) of the records that the actor may see."""
    if kind.model in {Lead, Person, Company} and not actor.may(Permission.SEE_PEOPLE):
        return {}
    ids = uuids_in(_about(kind, fact) for fact in facts)
    seen: models.QuerySet[Recorded] = kind.model.objects.visible_to(actor).filter(pk__in=ids)
    if kind.model is Lead:
        seen = seen.select_related("person")
    return {str(one.pk): (_name(one), reverse(kind.page, args=[one.pk])) for one in seen}


def _name(record: Recorded) -> str:
    if isinstance(record, Lead):
        return record.person.display_name
    return record.display_name if isinstance(record, Person) else record.name


def _said(values: Mapping[str, Value] | None, currency: str, zone: str, others: Mapping[str, str]) -> str:
    """The values one after the other; ids are told by the name of the record, empty ones not at all."""
    if values is None:
        return ""
    words = [
        others.get(str(value), "") if name in _NAMED_BY else _word(name, value, currency, zone)
        for name, value in values.items()
        if name not in _IDS
    ]
    return " · ".join(word for word in words if word) or "linked"


def _word(name: str, value: Value, currency: str, zone: str) -> str:
    if name == "refunded_minor":
        return f"refunded {money_text(int(str(value)), currency)}" if value else ""
    if name == "claimed_micro":
        return "" if value is None else f"claims {wording.figure_text(whole(int(str(value))))}"
    if name.endswith("_minor"):
        return "no rate" if value is None else money_text(int(str(value)), currency)
    if isinstance(value, datetime):
        return f"{value.astimezone(ZoneInfo(zone)):%-d %b %Y}"
    if isinstance(value, date):
        return f"{value:%-d %b %Y}"
    if value is None:
        return ""
    said = _LABELS.get(name, {}).get(str(value), str(value).replace("_", " "))
    return f"{said[0].lower()}{said[1:]}" if name in _LABELS and said else said
