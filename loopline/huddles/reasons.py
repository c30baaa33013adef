"""Why a lead or a deal is talked about: what is known of it when the huddle opens, turned into reasons."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from loopline.huddles.agenda import Reason
from loopline.leads.hand_off_models import Clock
from loopline.leads.models import Lead
from loopline.pipeline.models import Opportunity

State = Lead.State
EXPIRES_SOON = timedelta(hours=24)
_K = Clock.Kind
SAID_BEFORE = {"late", "great"}
"""Reasons that the huddle after the hand-over has heard."""
OWED = {_K.ASSIGN, _K.TAKE, _K.FIRST_TOUCH, _K.EVIDENCE, _K.REJECTION, _K.DISPUTE}


@dataclass(frozen=True, slots=True)
class Usual:
    """How the business usually goes, as the event store knows it; empty where it did not answer."""

    slow: Mapping[str, timedelta] = field(default_factory=dict)
    """By stage: the time after which three quarters have left it."""
    lead_worth_minor: int | None = None
    """What an accepted lead is expected to bring, in the reporting currency."""
    partners: Mapping[str, str] = field(default_factory=dict)
    """Lead → the partner who brought it."""


def answered_at(lead: Lead) -> datetime | None:
    """When sales first said yes or no to the last hand-over."""
    return min((moment for moment in (lead.accepted_at, lead.rejected_at) if moment), default=None)


def is_overdue(lead: Lead, at: datetime) -> bool:
    """The clock ran out without an answer, or the answer came after it had."""
    return lead.due_at is not None and lead.due_at < (answered_at(lead) or at)


def reasons_for_lead(
    lead: Lead, at: datetime, usual: Usual, *, is_carried: bool, homework: str = "", is_blind: bool = False
) -> list[Reason]:
    """Everything there is to say about a lead; nothing when it goes as it should.

    `is_blind`: the unit explores below its definition. What the definition said of a lead is no reason then until its
    deal is won or lost: told before, it would change how the lead is worked, or show which ones go by chance.
    """
    found = [Reason("carried_over")] if is_carried else []
    if lead.state in {State.HANDED_OVER, State.ACCEPTED} and (lead.help_asked_at or homework == "help"):
        found.append(Reason("help", lead.help_note))
    if lead.state == State.HANDED_OVER and lead.due_at is not None:
        if is_overdue(lead, at):
            found.append(Reason("breached"))
        elif lead.due_at - at <= EXPIRES_SOON:
            found.append(Reason("expiring"))
    elif is_overdue(lead, at):
        found.append(Reason("late"))
    if lead.state == State.REJECTED:
        found.append(_sent_back(lead, at, usual, is_blind=is_blind))
    found += _owed(lead, at)
    found += _stalled("accepted", lead.accepted_at, at, usual) if lead.state == State.ACCEPTED else []
    if lead.state == State.CONVERTED and not (is_blind and _is_in_work(lead)):
        found += _surprise(lead, at)
    if homework == "great":
        found.append(Reason("great"))
    return found


def reasons_for_deal(deal: Opportunity, at: datetime, usual: Usual) -> list[Reason]:
    found = [Reason("help")] if deal.needs_help else []
    return found + _stalled(deal.stage, deal.stage_entered_at, at, usual)


def reasons_for_older(lead: Lead, since: datetime, at: datetime, usual: Usual, **known: Any) -> list[Reason]:
    """The same for a lead handed over before the last huddle: only what still waits for a word, or is news since."""
    if lead.state == State.CONVERTED and not _was_decided(lead, since, at):
        return []
    return [one for one in reasons_for_lead(lead, at, usual, is_carried=False, **known) if one.kind not in SAID_BEFORE]


def _was_decided(lead: Lead, since: datetime, at: datetime) -> bool:
    deal = getattr(lead, "opportunity", None)
    return deal is not None and deal.closed_at is not None and since <= deal.closed_at < at


def _surprise(lead: Lead, at: datetime) -> list[Reason]:
    """Its outcome is not what the definition or a score made one expect."""
    deal: Opportunity | None = getattr(lead, "opportunity", None)
    outcome = deal.outcome if deal is not None and deal.closed_at is not None and deal.closed_at <= at else ""
    if outcome == Opportunity.Outcome.LOST:
        return [Reason("surprise", f"lost, though {best}") for best in _best_levels(lead)[:1] if not _missed(lead)]
    became = "won" if outcome == Opportunity.Outcome.WON else "converted"
    return [Reason("surprise", f"{became}, though {_missed(lead)}")] if _missed(lead) else []


def _best_levels(lead: Lead) -> list[str]:
    """`fit A`: the scores that stood at their best level when it was judged."""
    if lead.definition is None:
        return []
    best = {name: score.levels[0][0] for name, score in lead.definition.definition.scores.items() if score.levels}
    return [
        f"{one['name']} {one['level']}" for one in lead.scores if one["level"] and one["level"] == best.get(one["name"])
    ]


def _is_in_work(lead: Lead) -> bool:
    """Its deal is neither won nor lost."""
    deal = getattr(lead, "opportunity", None)
    return deal is None or deal.outcome == Opportunity.Outcome.OPEN


def _sent_back(lead: Lead, at: datetime, usual: Usual, *, is_blind: bool) -> Reason:
    """A dispute that was opened, one that stares at both sides, a partner's lead, or just one that came back."""
    for dispute in lead.disputes.all():
        if dispute.opened_at <= at and (dispute.resolved_at is None or dispute.resolved_at > at):
            return Reason("dispute", dispute.because)
    is_met = bool(lead.evidence) and not _missed(lead) and not is_blind
    if lead.reason == Lead.Reason.BELOW_DEFINITION and is_met:
        return Reason("dispute", "sent back as below the definition, though it met every clause")
    if partner := usual.partners.get(str(lead.pk)):
        return Reason("partner_return", f"{partner}, {lead.get_reason_display()}")
    return Reason("sent_back", lead.get_reason_display())


def _owed(lead: Lead, at: datetime) -> list[Reason]:
    """What either side owes for it and is late with; the answer itself has its own reason."""
    return [
        Reason("owed", f"{clock.side}, {clock.get_kind_display()}")
        for clock in lead.clocks.all()
        if clock.kind in OWED and clock.started_at <= at and clock.due_at < at
        and clock.paused_at is None and (clock.stopped_at is None or clock.stopped_at > at)
    ]  # fmt: skip


def _missed(lead: Lead) -> str:
    """The first clause it did not meet, in words."""
    return next((str(one["reason"]) for one in lead.evidence if one["is_met"] is False), "")


def _stalled(stage: str, since: datetime | None, at: datetime, usual: Usual) -> list[Reason]:
    slow = usual.slow.get(stage)
    if since is None or slow is None or at - since <= slow:
        return []
    return [Reason("stalled", f"{(at - since).days} days in {stage}; three quarters are through after {slow.days}")]
