"""Finding records by name, each kind through its own `visible_to`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.urls import reverse

from loopline.access.actor import Actor
from loopline.access.roles import Permission
from loopline.campaigns.models import Campaign
from loopline.people.models import Company, Person
from loopline.pipeline.models import Opportunity

PER_KIND = 5
SHORTEST = 2


@dataclass(frozen=True, slots=True)
class Found:
    group: str
    label: str
    second: str
    url: str


@dataclass(frozen=True, slots=True)
class Kind:
    group: str
    permission: Permission
    route: str
    fields: tuple[str, ...]
    rows: Callable[[Actor], QuerySet[Any]]
    second: Callable[[Any], str]


KINDS = (
    Kind(
        "People", Permission.SEE_PEOPLE, "person", ("name", "email"),
        lambda actor: Person.objects.visible_to(actor).remaining().select_related("company"),
        lambda person: person.company.name if person.company else person.email or "",
    ),
    Kind(
        "Companies", Permission.SEE_PEOPLE, "company", ("name", "domain"),
        lambda actor: Company.objects.visible_to(actor),
        lambda company: company.domain or "",
    ),
    Kind(
        "Campaigns", Permission.SEE_CAMPAIGNS, "campaign", ("name",),
        lambda actor: Campaign.objects.visible_to(actor),
        lambda campaign: campaign.channel,
    ),
    Kind(
        "Opportunities", Permission.SEE_PIPELINE, "opportunity", ("name",),
        lambda actor: Opportunity.objects.visible_to(actor).select_related("company"),
        lambda opportunity: opportunity.company.name if opportunity.company else "",
    ),
)  # fmt: skip


def find_records(text: str, actor: Actor) -> list[Found]:
    """Up to five of each kind that the actor may see, whose name or address holds every word of `text`."""
    words = text.split()
    if len("".join(words)) < SHORTEST:
        return []
    kinds = [one for one in KINDS if actor.may(one.permission)]
    return [found for kind in kinds for found in _of_kind(kind, words, actor)]


def _of_kind(kind: Kind, words: list[str], actor: Actor) -> Iterable[Found]:
    condition = reduce(and_, (_holds(kind.fields, word) for word in words))
    for record in kind.rows(actor).filter(condition)[:PER_KIND]:
        yield Found(kind.group, str(record), kind.second(record), _address(kind.route, record))


def _holds(fields: tuple[str, ...], word: str) -> Q:
    condition = Q()
    for field in fields:
        condition |= Q(**{f"{field}__icontains": word})
    return condition


def _address(route: str, record: Model) -> str:
    return reverse(route, args=[record.pk])
