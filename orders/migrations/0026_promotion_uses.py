"""An index from which the uses of a promotion are counted and summed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0025_order_runs"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="promotionuse",
            index=models.Index(
                condition=models.Q(("given_back_at", None)),
                fields=["promotion"],
                include=("saved_minor",),
                name="promotion_use_held",
            ),
        ),
    ]
