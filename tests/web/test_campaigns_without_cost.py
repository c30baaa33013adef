"""Today's list of campaigns without a cost: of this month, and it says which campaigns the figures beside it count."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from loopline.access.actor import SYSTEM
from loopline.access.roles import Role
from loopline.campaigns.costs import CostEntry, add_cost
from loopline.campaigns.models import Campaign
from loopline.reports.periods import DAY, month_start
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.web.waiting_today import campaigns_without_cost
from tests.make import make_campaign, make_unit, make_user, signed_in

pytestmark = pytest.mark.django_db


def booked(name: str, first: date | None, last: date | None = None) -> None:
    campaign = make_campaign(make_unit(), name=name)
    Campaign.objects.filter(pk=campaign.pk).update(status=Campaign.Status.RUNNING)
    if first:
        add_cost(campaign, CostEntry(100, "EUR", first, last or first), by=SYSTEM)


def test_a_cost_counts_for_the_months_that_it_falls_into_and_the_list_says_how_it_counts(store: DuckDBEngine) -> None:
    month = timezone.localdate().replace(day=1)
    booked("never", None)
    booked("before", month - DAY)
    booked("now", month)
    booked("from before until later", month - timedelta(days=40), month + timedelta(days=40))
    booked("later", month_start(month, 1))
    user = make_user(Role.ADMINISTRATOR)
    found = campaigns_without_cost(user.actor)
    assert found
    assert {row.title for row in found.rows} == {"never", "before", "later"}
    assert found.count == 3
    page = signed_in(user).get(reverse("today")).content.decode()
    assert "All that run. What is incomplete in the figures of this month counts those that people came by" in page
