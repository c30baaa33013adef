"""Exploration: a few leads below the definition go to sales all the same, by chance, so that both sides learn whom it
refuses.

A share of 2 to 10 % of a unit's leads that are still below it a day after they began, at most so many a week. Chance
is a hash of the lead's id, so asking twice gives the same answer, and nobody chooses. The chance each lead had is kept
with it (0 where the week was full or it may not be tried), so that a what-if can weigh what became of them. Salespeople
are not told which leads they are: while a unit explores, they see no verdicts and no scores of any of its leads.
"""

from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from django.db import transaction

from loopline.access.actor import SYSTEM, Actor
from loopline.access.audit import audit
from loopline.access.roles import Permission
from loopline.facts.outbox import record_fact
from loopline.leads.changes import Move, lock, move
from loopline.leads.fact_rows import lead_row
from loopline.leads.hand_off_models import HandOffTerms
from loopline.leads.hand_over import hand_over
from loopline.leads.models import Lead
from loopline.lib.times import utc_now

SHARES = (2, 10)
"""Per cent, when it is on."""
WAITS = timedelta(days=1)
"""Whoever qualifies within it needs no chance."""
TOO_OLD = timedelta(days=8)
AT_ONCE = 200
_WEEK = timedelta(days=7)
_NEVER_WITHOUT = {"consent", "who"}
"""Evidence without which nobody is handed over, not even by chance."""


def explore(at: datetime | None = None) -> int:
    """Draw for the leads whose time has come; how many went to sales. A periodic job."""
    at = at or utc_now()
    taken = 0
    for terms in HandOffTerms.objects.filter(explore_percent__gt=0):
        waiting = Lead.objects.filter(
            unit=terms.unit_id, state=Lead.State.NEW, explored_per_mille=None, definition__isnull=False,
            created_at__lte=at - WAITS, created_at__gt=at - TOO_OLD,
        ).order_by("created_at", "pk")  # fmt: skip
        taken += sum(_draw(lead, terms, at) for lead in waiting[:AT_ONCE])
    return taken


def is_blind(lead: Lead, actor: Actor | None) -> bool:
    """Verdicts and scores are hidden from this reader (None: of a mail), because the lead's unit explores."""
    return lead.unit_id in blind_units(actor)


def blind_units(actor: Actor | None) -> set[UUID]:
    """Business units of whose leads this reader sees no verdicts and scores."""
    if actor is not None and actor.may(Permission.EDIT_DEFINITION):
        return set()
    return set(HandOffTerms.objects.filter(explore_percent__gt=0).values_list("unit_id", flat=True))


def place_of(lead_id: UUID) -> int:
    """A number from 0 to 999 that only the lead's id decides."""
    return int.from_bytes(sha256(b"explore" + lead_id.bytes).digest()[:8]) % 1000


@transaction.atomic
def _draw(lead: Lead, terms: HandOffTerms, at: datetime) -> bool:
    lock(lead)
    if lead.state != Lead.State.NEW or lead.explored_per_mille is not None:
        return False
    lead.explored_per_mille = terms.explore_percent * 10 if _may_go(lead, terms, at) else 0
    lead.is_explored = place_of(lead.pk) < lead.explored_per_mille
    audit(SYSTEM, "draw_lead", lead, at=at, per_mille=lead.explored_per_mille, is_explored=lead.is_explored)
    if not lead.is_explored:
        lead.save(update_fields=["explored_per_mille"])
        record_fact("lead_facts", str(lead.pk), lead_row(lead), occurred_at=at)
        return False
    lead.qualified_at = at
    move(lead, Move(Lead.State.MARKETING_QUALIFIED, "explore_lead", SYSTEM, at))
    hand_over(lead, by=SYSTEM, at=at)
    return True


def _may_go(lead: Lead, terms: HandOffTerms, at: datetime) -> bool:
    """It is no one to leave alone, and the week has room."""
    ruled_out = any(
        (one["part"] == "never" or one["part"] in _NEVER_WITHOUT) and one["is_met"] is not True for one in lead.evidence
    )
    lately = Lead.objects.filter(unit=lead.unit_id, is_explored=True, qualified_at__gt=at - _WEEK).count()
    return not ruled_out and lately < terms.explore_a_week
