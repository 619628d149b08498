"""Parts of a country can be outside of the tax area; shops that charge a country's tax get the ones that there are."""

import json
from pathlib import Path
from typing import Any

from django.db import migrations, models

FILE = Path(__file__).parent.parent / "starting_values" / "tax.json"


def add_places(apps: Any, schema_editor: Any) -> None:
    """Of countries whose tax is charged, and that have no regions of the shop's own."""
    region_model = apps.get_model("orders", "TaxRegion")
    charged = set(apps.get_model("orders", "TaxRate").objects.values_list("country", flat=True))
    charged -= set(region_model.objects.values_list("country", flat=True))
    region_model.objects.bulk_create(
        region_model(**region)
        for region in json.loads(FILE.read_text(encoding="utf-8"))["regions"]
        if region.get("is_outside") and region["country"] in charged
    )


def take_back(apps: Any, schema_editor: Any) -> None:
    apps.get_model("orders", "TaxRegion").objects.filter(is_outside=True).delete()


class Migration(migrations.Migration):
    dependencies = [("orders", "0009_promises")]
    operations = [
        migrations.AddField(
            "taxregion",
            "is_outside",
            models.BooleanField(
                default=False,
                help_text="What goes there is an export: no tax is charged, and prices are without the tax at home.",
                verbose_name="outside the tax area",
            ),
        ),
        migrations.AlterField(
            "taxregion", "postcodes", models.CharField(help_text="35*, 38000-38999, BT1-BT99", max_length=1000)
        ),
        migrations.RunPython(add_places, take_back),
    ]
