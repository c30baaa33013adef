"""How an opportunity ends: won, lost, reopened, refunded."""

from datetime import date, datetime, timedelta

from django.db import transaction

from loopline.access.actor import Actor
from loopline.access.audit import audit
from loopline.access.models import Organisation
from loopline.access.roles import Permission
from loopline.lib.amounts import money_text
from loopline.lib.times import period_bounds, utc_now
from loopline.pipeline.errors import PipelineError
from loopline.pipeline.models import Opportunity, Refund, StageChange, business_day
from loopline.pipeline.record import locked, record_opportunity, require_open


@transaction.atomic
def win_opportunity(
    opportunity: Opportunity,
    *,
    amount_minor: int | None = None,
    closed_at: datetime | None = None,
    by: Actor,
    at: datetime | None = None,
) -> Opportunity:
    """The sale is made. Without `amount_minor` the amount it has holds; revenue counts on the day of `closed_at`.

    Raises PipelineError when there is no amount, or the closing date lies before its creation or in the future.
    """
    moment = at or utc_now()
    row = locked(opportunity, by, Permission.EDIT_PIPELINE)
    require_open(row)
    amount = row.amount_minor if amount_minor is None else amount_minor
    if amount is None:
        raise PipelineError(f"Write the amount of “{row.name}”; revenue cannot be counted without it.")
    if not 0 <= amount < 2**53:
        raise PipelineError("The amount cannot be below zero, or larger than any sale.")
    row.amount_minor = amount
    _close(row, Opportunity.Outcome.WON, "", _closing_moment(row, closed_at, moment), by, moment)
    audit(by, "win_opportunity", row, at=moment, amount_minor=amount, currency=row.currency, closed_at=row.closed_at)
    return row


@transaction.atomic
def lose_opportunity(
    opportunity: Opportunity,
    reason: str,
    *,
    note: str = "",
    closed_at: datetime | None = None,
    by: Actor,
    at: datetime | None = None,
) -> Opportunity:
    """The sale will not be made, with a reason of `Opportunity.LossReason`. Raises PipelineError without one."""
    moment = at or utc_now()
    if reason not in Opportunity.LossReason.values:
        raise PipelineError("Choose the reason why it was lost; the next campaign learns from it.")
    row = locked(opportunity, by, Permission.EDIT_PIPELINE)
    require_open(row)
    row.loss_reason = reason
    _close(row, Opportunity.Outcome.LOST, note, _closing_moment(row, closed_at, moment), by, moment)
    audit(by, "lose_opportunity", row, at=moment, reason=reason, note=note, closed_at=row.closed_at)
    return row


@transaction.atomic
def reopen_opportunity(
    opportunity: Opportunity, *, note: str = "", by: Actor, at: datetime | None = None
) -> Opportunity:
    """Take back a win or a loss; it continues in the stage it was in. Refused once money was given back."""
    moment = at or utc_now()
    row = locked(opportunity, by, Permission.EDIT_PIPELINE)
    if row.is_open:
        return row
    if row.refunds.exists():
        raise PipelineError(f"Money was given back on “{row.name}”, so it stays won. Open a new opportunity instead.")
    before = row.outcome
    row.outcome, row.loss_reason, row.closed_at = Opportunity.Outcome.OPEN, "", None
    row.stage_entered_at = moment
    row.save(update_fields=["outcome", "loss_reason", "closed_at", "stage_entered_at"])
    StageChange.objects.create(
        opportunity=row, from_stage=before, to_stage="reopened", note=note, by_name=by.name, at=moment
    )
    audit(by, "reopen_opportunity", row, at=moment, outcome=before, note=note)
    record_opportunity(row, moment)
    return row


@transaction.atomic
def refund_opportunity(
    opportunity: Opportunity,
    amount_minor: int,
    *,
    on: date | None = None,
    reason: str = "",
    by: Actor,
    at: datetime | None = None,
) -> Refund:
    """Give back money on a won opportunity: its revenue is lowered by as much, on its closing date.

    Raises PipelineError when it is not won, when all refunds together would be more than the sale, or when the day
    lies before the sale or in the future.
    """
    moment = at or utc_now()
    day = on or business_day(moment)
    row = locked(opportunity, by, Permission.REFUND)
    if row.outcome != Opportunity.Outcome.WON or row.amount_minor is None or row.closed_at is None:
        raise PipelineError(f"“{row.name}” is {row.outcome}; only a won opportunity can be refunded.")
    left = row.amount_minor - row.refunded_minor
    if not 0 < amount_minor <= left:
        most = money_text(left, row.currency)
        raise PipelineError(f"A refund is more than zero and at most what is left of the sale, {most}.")
    if not business_day(row.closed_at) <= day <= business_day(moment):
        raise PipelineError("A refund happens on the day of the sale or later, and not in the future.")
    refund = Refund.objects.create(opportunity=row, amount_minor=amount_minor, on=day, reason=reason, by_name=by.name)
    StageChange.objects.create(
        opportunity=row,
        from_stage="won",
        to_stage="refunded",
        amount_minor=amount_minor,
        note=reason,
        by_name=by.name,
        at=moment,
    )
    audit(by, "refund_opportunity", row, at=moment, amount_minor=amount_minor, on=day, reason=reason)
    record_opportunity(row, moment)
    return refund


def end_of_day(day: date, now: datetime) -> datetime:
    """The closing moment where only the day is known: its last one, so that what happened that day came before."""
    _, after = period_bounds(day, day, Organisation.current().time_zone)
    return min(now, after - timedelta(microseconds=1))


def _close(
    row: Opportunity, outcome: Opportunity.Outcome, note: str, closed_at: datetime, by: Actor, at: datetime
) -> None:
    row.outcome, row.closed_at, row.needs_help = outcome, closed_at, False
    row.save(update_fields=["outcome", "closed_at", "needs_help", "amount_minor", "loss_reason"])
    StageChange.objects.create(
        opportunity=row,
        from_stage=row.stage,
        to_stage=outcome,
        reason=row.loss_reason,
        amount_minor=row.amount_minor if outcome == Opportunity.Outcome.WON else None,
        note=note,
        by_name=by.name,
        at=closed_at,
    )
    record_opportunity(row, at)


def _closing_moment(row: Opportunity, closed_at: datetime | None, now: datetime) -> datetime:
    closing = closed_at or now
    if not row.created_at <= closing <= now:
        raise PipelineError("The closing date lies between the day the opportunity was created and today.")
    return closing
