"""Activities, and who is responsible for a campaign, are told to the event store: from now on, and those of before."""

from importlib import import_module

import pytest
from django.apps import apps

from loopline.access.actor import SYSTEM
from loopline.campaigns.actions import ActivityPlan, add_activity, edit_activity, remove_activity
from loopline.campaigns.fact_rows import activity_row, campaign_row
from loopline.facts.models import OutboxRow
from loopline.facts.outbox import Fact, outbox_row
from loopline.lib.times import utc_now
from tests.make import make_campaign, make_unit, make_user

pytestmark = pytest.mark.django_db


def told(table: str) -> list[tuple[str, bool]]:
    rows = OutboxRow.objects.filter(table=table).order_by("id")
    return [(row.row["name"], row.row["is_deleted"]) for row in rows]


def test_an_activity_is_told_when_it_is_made_changed_and_taken_away() -> None:
    campaign = make_campaign()
    activity = add_activity(campaign, ActivityPlan("Stand", "fair"), by=SYSTEM)
    edit_activity(activity, ActivityPlan("Stand in hall 4", "fair"), by=SYSTEM)
    remove_activity(activity, by=SYSTEM)
    assert told("activity_facts") == [("Stand", False), ("Stand in hall 4", False), ("Stand in hall 4", True)]


def test_what_was_there_before_is_told_once_as_the_actions_tell_it() -> None:
    unit = make_unit()
    campaign = make_campaign(unit, owner=make_user(unit=unit))
    make_campaign(unit)  # nobody is responsible: there is nothing new to tell
    activity = add_activity(campaign, ActivityPlan("Stand", "fair", utc_now().date()), by=SYSTEM)
    OutboxRow.objects.all().delete()
    import_module("loopline.campaigns.migrations.0003_activity_facts").tell_the_event_store(apps, None)
    now = utc_now()
    expected = [
        outbox_row(Fact("campaign_facts", str(campaign.pk), campaign_row(campaign), now)),
        outbox_row(Fact("activity_facts", str(activity.pk), activity_row(activity), now)),
    ]
    found = [(one.table, one.row_id, one.row) for one in OutboxRow.objects.order_by("id")]
    assert found == [(one.table, one.row_id, one.row) for one in expected]
