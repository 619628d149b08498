"""Refuse listing rows with an empty range, which no shopper could ever see.

Existing ones are deleted. Listing rows are written again from their products, and no other row refers to them.
"""

from django.db import migrations, models


def delete_empty(apps, schema_editor):
    apps.get_model("catalog", "Listing").objects.filter(valid__isempty=True).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0018_seo_labels"),
    ]

    operations = [
        migrations.RunPython(delete_empty, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="listing",
            constraint=models.CheckConstraint(
                condition=models.Q(("valid__isempty", False)), name="listing_valid_not_empty"
            ),
        ),
    ]
