"""Open orders from before the column are due on the first day on which they were promised to arrive."""

from typing import Any

from django.db import migrations
from django.db.models import F


def fill(apps: Any, schema_editor: Any) -> None:
    orders = apps.get_model("orders", "Order").objects.filter(status__in=["placed", "confirmed"], ship_by=None)
    orders.update(ship_by=F("arrives_from"))


class Migration(migrations.Migration):
    dependencies = [("orders", "0018_ship_by")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
