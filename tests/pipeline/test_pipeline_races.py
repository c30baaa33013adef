"""Many at once: the row lock and the database's own constraints decide, never luck."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from loopline.access.actor import SYSTEM
from loopline.leads.models import Lead
from loopline.leads.states import LeadStateError
from loopline.pipeline.actions import convert_lead
from loopline.pipeline.closing import refund_opportunity, win_opportunity
from loopline.pipeline.errors import PipelineError
from loopline.pipeline.models import Opportunity
from tests.make import make_unit
from tests.pipeline.records import make_accepted_lead, make_opportunity, make_seller

pytestmark = pytest.mark.django_db(transaction=True)


def _at_once(act: Callable[[], object], times: int = 8) -> int:
    """How many of so many attempts at the same time were allowed."""

    def attempt(_: int) -> bool:
        try:
            act()
        except (PipelineError, LeadStateError):
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(times) as pool:
        return sum(pool.map(attempt, range(times)))


def test_refunds_at_the_same_time_never_give_back_more_than_the_sale() -> None:
    sold = win_opportunity(make_opportunity(make_unit()), by=SYSTEM)
    done = _at_once(lambda: refund_opportunity(Opportunity.objects.get(pk=sold.pk), 50_000, by=SYSTEM))
    assert done == 2
    assert sold.refunded_minor == 100_000


def test_a_lead_converted_by_many_at_once_is_one_opportunity() -> None:
    user, actor, unit = make_seller()
    lead = make_accepted_lead(unit, user)
    said = {"name": "Halden", "amount_minor": 1, "currency": "EUR", "expected_close_on": None}
    done = _at_once(lambda: convert_lead(Lead.objects.get(pk=lead.pk), **said, by=actor))  # type: ignore[arg-type]
    assert done == 1
    assert Opportunity.objects.count() == 1
