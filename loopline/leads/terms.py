"""The terms of the hand-off of a business unit: what each side owes, what becomes of late leads, where the chat is."""

from dataclasses import asdict, dataclass

from django.core.exceptions import ValidationError
from django.db import transaction

from loopline.access.actor import Actor
from loopline.access.audit import audit, take_turn
from loopline.access.models import BusinessUnit
from loopline.access.roles import Permission
from loopline.leads.chat import Resolve, address_to_ask, masked, resolve
from loopline.leads.explore import SHARES
from loopline.leads.hand_off_models import HandOffTerms


@dataclass(frozen=True, slots=True)
class NewTerms:
    """Hours are business hours."""

    assign_hours: int
    take_hours: int
    first_touch_hours: int
    dispute_hours: int
    evidence_hours: int
    rejection_hours: int
    late_leads_go_back: bool = False
    explore_percent: int = 0
    explore_a_week: int = 5
    chat_may_be_private: bool = False
    sees: str = HandOffTerms.Sees.MANAGERS
    lead_minutes: int = 15
    call_minutes: int = 20
    meeting_minutes: int = 60


@transaction.atomic
def set_terms(
    unit: BusinessUnit, new: NewTerms, *, webhook: str | None = None, by: Actor, resolve: Resolve = resolve
) -> HandOffTerms:
    """Clocks that run already keep their moment. `webhook` None keeps the one there is, empty takes it out.

    Raises ValidationError for hours that are not from 1 to 720, minutes that are not from 0 to 600, a share to explore
    out of bounds, and a webhook that may not be asked.
    """
    by.require(Permission.ADMINISTER)
    take_turn()
    for name, long in asdict(new).items():
        if name.endswith("_hours") and not 1 <= long <= 720:
            raise ValidationError({name: "From 1 to 720 business hours."})
        if name.endswith("_minutes") and not 0 <= long <= 600:
            raise ValidationError({name: "From 0 to 600 minutes."})
    least, most = SHARES
    if new.explore_percent and not least <= new.explore_percent <= most:
        raise ValidationError({"explore_percent": f"0 for none, or from {least} to {most} per cent."})
    if new.sees not in HandOffTerms.Sees.values:
        raise ValidationError({"sees": "Choose who sees whose figures."})
    if webhook:
        try:
            address_to_ask(webhook, may_be_private=new.chat_may_be_private, resolve=resolve)
        except ValidationError as error:
            raise ValidationError({"chat_webhook": error.messages}) from error
    row = HandOffTerms.objects.filter(unit=unit).first() or HandOffTerms(unit=unit)
    for name, value in asdict(new).items():
        setattr(row, name, value)
    if webhook is not None:
        row.chat_webhook = webhook
    row.save()
    said = asdict(new) | {"chat": masked(row.chat_webhook), "webhook_changed": webhook is not None}
    audit(by, "set_hand_off_terms", unit, **said)
    return row
