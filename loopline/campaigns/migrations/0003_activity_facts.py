from django.db import migrations
from django.utils import timezone


def tell_the_event_store(apps, schema_editor):
    """Activities, and who is responsible for campaigns, are facts from now on: tell those that are here already."""
    rows, now = apps.get_model("facts", "OutboxRow").objects, timezone.now()

    def tell(table, pk, row):
        rows.create(table=table, row_id=str(pk), row=row | {"is_deleted": False}, occurred_at=now)

    def day(on):
        return on.isoformat() if on else None

    for campaign in apps.get_model("campaigns", "Campaign").objects.filter(owner__isnull=False).iterator():
        tell("campaign_facts", campaign.pk, {
            "unit_id": str(campaign.unit_id), "name": campaign.name, "channel": campaign.channel,
            "status": campaign.status, "starts_on": day(campaign.starts_on), "ends_on": day(campaign.ends_on),
            "budget_minor": campaign.budget_minor, "currency": campaign.currency, "owner_id": str(campaign.owner_id),
        })
    for activity in apps.get_model("campaigns", "Activity").objects.select_related("campaign").iterator():
        tell("activity_facts", activity.pk, {
            "unit_id": str(activity.campaign.unit_id), "campaign_id": str(activity.campaign_id),
            "name": activity.name, "activity_kind": activity.kind, "happens_on": day(activity.on),
        })


class Migration(migrations.Migration):

    dependencies = [
        ("campaigns", "0002_short_code"),
        ("facts", "0001_initial"),
    ]

    operations = [
        migrations.RunPython(tell_the_event_store, migrations.RunPython.noop),
    ]
