"""Mentions of a person in what colleagues wrote, in every column that `privacy.decided` says so of."""

from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Q
from django.db.models.functions import Cast

from loopline.access.models import Mail, User
from loopline.huddles.models import Huddle, HuddleLead
from loopline.leads.hand_off_models import ChatMessage
from loopline.people.models import Person
from loopline.pipeline.models import Opportunity, Refund, StageChange
from loopline.privacy.decided import scrubbed_fields
from loopline.privacy.mentions import Mentions, everywhere, in_their_own
from loopline.privacy.traces import Traces

_A_NOTE = 8
"""A shorter note may stand in the minutes for other reasons."""


def mentions_of(traces: Traces) -> tuple[Mentions, Mentions]:
    """What is looked for in all texts, and what in those that belong to the person."""
    others = Person.objects.exclude(pk__in=traces.people)
    taken = [one.lower() for one in traces.names
             if others.filter(name__iexact=one).exists() or User.objects.filter(name__iexact=one).exists()]  # fmt: skip
    said = everywhere(traces.names, traces.emails, traces.phones, [*traces.users, *traces.visitors], taken=taken)
    return said, in_their_own(said, traces.names)


def scrub_everywhere(mentions: Mentions) -> int:
    """How many rows named the person."""
    return sum(_scrub_model(apps.get_model(label), columns, mentions) for label, columns in scrubbed_fields())


def scrub_their_own(traces: Traces, own: Mentions) -> None:
    """Deals, minutes and messages that are about the person name it in shorter ways, too."""
    deals = traces.deals
    _scrub_rows(Opportunity.objects.filter(pk__in=deals), ("name",), own)
    _scrub_rows(StageChange.objects.filter(opportunity__in=deals), ("note",), own)
    _scrub_rows(Refund.objects.filter(opportunity__in=deals), ("reason",), own)
    entries = HuddleLead.objects.filter(lead__in=traces.leads)
    notes = {text for pair in entries.values_list("sales_note", "marketing_note") for text in pair}
    minutes = Mentions((*own.texts, *(text for text in notes if len(text) >= _A_NOTE)), own.words)
    _scrub_rows(Huddle.objects.filter(leads__lead__in=traces.leads).distinct(), _HUDDLE, minutes)
    about = [*traces.person_ids, *traces.lead_ids, *traces.opportunity_ids]
    for model, columns in ((Mail, ("subject", "text", "html")), (ChatMessage, ("text",))):
        named = Q()
        for one in about:
            for column in columns:
                named |= Q(**{f"{column}__contains": one})
        _scrub_rows(model._default_manager.filter(named), columns, own)
        _scrub_model(model, columns, own)


_HUDDLE = ("snapshot", "tried", "minutes")


def _scrub_model(model: type[models.Model], columns: tuple[str, ...], mentions: Mentions) -> int:
    return _scrub_rows(naming(model, columns, mentions), columns, mentions)


def naming(model: type[models.Model], columns: tuple[str, ...], mentions: Mentions) -> models.QuerySet[Any]:
    """Rows that name the person: the database looks for them, so that only these are read."""
    if not mentions.texts:
        return model._default_manager.none()
    named, as_text = Q(), {f"{column}_text": Cast(column, models.TextField()) for column in columns}
    for column in as_text:
        for needle in mentions.needles:
            named |= Q(**{f"{column}__icontains": needle})
    found: models.QuerySet[Any] = model._default_manager.annotate(**as_text).filter(named)
    return found


def _scrub_rows(rows: models.QuerySet[Any], columns: tuple[str, ...], mentions: Mentions) -> int:
    changed = 0
    for row in rows.values("pk", *columns):
        new = {column: mentions.without(row[column]) for column in columns}
        if any(new[column] != row[column] for column in columns):
            rows.model._default_manager.filter(pk=row["pk"]).update(**new)
            changed += 1
    return changed
