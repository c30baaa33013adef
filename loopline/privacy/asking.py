"""Asking for an erasure: what would go and what would stay, and writing down that it is to be done."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from loopline.access.actor import Actor, NotAllowedError
from loopline.access.audit import audit, take_turn
from loopline.access.roles import Permission
from loopline.campaigns.models import Submission
from loopline.collect.log import Log
from loopline.leads.models import LeadTransition
from loopline.people.emails import InvalidEmailError, normalise
from loopline.people.identity import person_of
from loopline.people.models import Consent, Person
from loopline.pipeline.models import Interaction, Opportunity, Task
from loopline.privacy.in_store import find_events
from loopline.privacy.models import Erasure
from loopline.privacy.register import mark_of, marks_of, noted
from loopline.privacy.traces import gather
from loopline.store.engine import Engine

_LOOK_S = 20


class EraseError(ValueError):
    """This person cannot be erased; the message says why, in words fit to show."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What will go, and what stays without a name."""

    goes: tuple[tuple[str, int], ...]
    stays: tuple[tuple[str, int], ...]
    won: tuple[tuple[int, str], ...]
    """(minor units, currency) that stay in the books."""
    confirm: str
    """What has to be typed."""


def find_person(text: str) -> Person:
    """The person that remains with this address or id. Raises EraseError when there is none."""
    text = text.strip()
    found: Person | None = None
    try:
        found = Person.objects.select_related("merged_into").filter(pk=UUID(text)).first()
    except ValueError:
        try:
            email = normalise(text)
        except InvalidEmailError as error:
            raise EraseError(f"“{text}” is neither an e-mail address nor the id of a person.") from error
        found = Person.objects.select_related("merged_into").filter(email=email).first() or person_of(f"email:{email}")
    if found is None:
        raise EraseError(f"Nobody is known as “{text}”.")
    return found.canonical


def preview(person: Person, engine: Engine, *, by: Actor) -> Preview:
    """Raises NotAllowedError, EraseError and StoreError."""
    by.require(Permission.ADMINISTER)
    _refuse(person)
    traces = gather(person)
    ids, leads = traces.people, traces.leads
    by_source, _ = find_events(engine, traces, looks_at_texts=False, timeout_s=_LOOK_S)
    notes = LeadTransition.objects.filter(lead__in=leads).exclude(note="").count()
    deals = Opportunity.objects.filter(pk__in=traces.deals)
    won = deals.filter(outcome=Opportunity.Outcome.WON).values("currency").annotate(sum=Sum("amount_minor"))
    goes = (
        ("events", sum(by_source.values())),
        ("identities", sum(1 for one in traces.own if not one.startswith("person:"))),
        ("submissions emptied", Submission.objects.filter(person__in=ids).count()),
        ("consents", Consent.objects.filter(person__in=ids).count()),
        ("notes of talks emptied", Interaction.objects.filter(person__in=ids).count()),
        ("notes on leads emptied", notes),
        ("tasks emptied", Task.objects.filter(person__in=ids).count()),
    )
    stays = (("leads", len(leads)), ("opportunities", len(traces.opportunity_ids)))
    sums = tuple((int(one["sum"] or 0), str(one["currency"])) for one in won.order_by("currency"))
    return Preview(goes, stays, sums, confirmation(person))


def confirmation(person: Person) -> str:
    """What has to be typed to erase this person: the address, or a word where there is none."""
    return person.email or "erase"


def ask_erasure(person: Person, data: Path, *, by: Actor) -> Erasure:
    """Write down that this person is to be erased; `steps.finish_all` does it. Raises NotAllowedError and EraseError.

    From here on nobody can stop it, and no crash does.
    """
    by.require(Permission.ADMINISTER)
    log = Log(data)
    try:
        upto_seq = log.last_seq()
    finally:
        log.close()
    with transaction.atomic():
        take_turn()
        person = Person.objects.select_for_update(of=("self",)).get(pk=person.pk).canonical
        if not person.is_visible_to(by):
            raise NotAllowedError(f"{by.name} may not erase people of another business unit.")
        _refuse(person)
        if (waiting := Erasure.objects.unfinished().filter(person_id=person.pk).first()) is not None:
            return waiting
        erasure = Erasure.objects.create(
            person_id=person.pk, upto_seq=upto_seq, marks=marks_of(gather(person).emails), by_id=by.id, by_name=by.name
        )
        audit(by, "ask_erasure", person)
    return erasure


def to_erase_again(data: Path) -> Iterator[Person]:
    """People whom a restored backup brought back: by their ids, or by an address of somebody who was there before."""
    seen: set[UUID] = set()
    known = Person.objects.exclude(email=None).values_list("pk", "email")
    addresses = {mark_of(email): pk for pk, email in known if email}
    for one in noted(data):
        ids = {UUID(text) for text in one.person_ids} | {addresses[mark] for mark in one.marks & addresses.keys()}
        found = Person.objects.filter(pk__in=ids, erased_at__isnull=True, created_at__lt=one.at)
        for person in found.select_related("merged_into"):
            if person.canonical_id not in seen:
                seen.add(person.canonical_id)
                yield person.canonical


def _refuse(person: Person) -> None:
    if person.erased_at is not None:
        raise EraseError("This person was erased already.")
