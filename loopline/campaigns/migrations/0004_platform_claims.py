from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("campaigns", "0003_activity_facts"),
    ]

    operations = [
        migrations.AddField("costline", "platform", models.CharField(blank=True, default="", max_length=40), preserve_default=False),
        migrations.AddField("costline", "claimed_micro", models.BigIntegerField(blank=True, null=True)),
        migrations.AddField("costline", "claimed_minor", models.BigIntegerField(blank=True, null=True)),
    ]
