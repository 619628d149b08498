"""Refuse tax rates that never apply: rates that end when they begin, which PostgreSQL stores as an empty range.

Existing ones are deleted. They were never charged, no other row refers to them, and an empty range no longer says when
they were to begin.
"""

from django.db import migrations, models


def delete_empty(apps, schema_editor):
    apps.get_model("orders", "TaxRate").objects.filter(valid__isempty=True).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0016_cancel_reason_label"),
    ]

    operations = [
        migrations.RunPython(delete_empty, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="taxrate",
            constraint=models.CheckConstraint(
                condition=models.Q(("valid__isempty", False)), name="tax_rate_valid_not_empty"
            ),
        ),
    ]
