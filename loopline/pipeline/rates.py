"""Amounts in the reporting currency follow the exchange rates."""

from datetime import datetime

from django.db import transaction

from loopline.access.actor import Actor
from loopline.access.audit import audit, take_turn
from loopline.access.models import Organisation
from loopline.access.roles import Permission
from loopline.lib.times import utc_now
from loopline.pipeline.models import Opportunity
from loopline.pipeline.record import record_opportunity


@transaction.atomic
def convert_opportunities_again(*, by: Actor, at: datetime | None = None) -> int:
    """Record every opportunity in a foreign currency at the rates known now; how many those were.

    To be called after a rate or the reporting currency changed: what was reported before stays in the books as of
    then, and a sale that had no rate is counted from now on.
    """
    by.require(Permission.EDIT_RATES)
    take_turn()
    moment = at or utc_now()
    foreign = Opportunity.objects.exclude(currency=Organisation.current().reporting_currency)
    count = 0
    for opportunity in foreign.iterator():
        record_opportunity(opportunity, moment)
        count += 1
    audit(by, "convert_opportunities_again", Organisation.current(), at=moment, opportunities=count)
    return count
