from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('leads', '0011_sales_minutes'),
    ]

    operations = [
        migrations.AlterField(
            model_name='lead',
            name='state',
            field=models.CharField(choices=[('new', 'new'), ('marketing_qualified', 'marketing qualified'), ('handed_over', 'handed over'), ('accepted', 'accepted'), ('rejected', 'sent back'), ('recycled', 'recycled'), ('disqualified', 'disqualified'), ('converted', 'converted')], default='new', max_length=24),
        ),
    ]
