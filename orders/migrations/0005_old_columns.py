"""The columns that zones, rates and taxes per rate have taken the place of are gone."""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0004_pricing_rows")]
    operations = [
        migrations.AlterField("shippingmethod", "countries", ArrayField(models.CharField(max_length=2), default=list)),
        migrations.RemoveField("shippingmethod", "countries"),
        migrations.RemoveField("shippingmethod", "price_minor"),
        migrations.RemoveField("order", "tax_rate"),
    ]
