"""Indexes for the pages, filters and searches of the order list."""

import django.contrib.postgres.indexes
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0020_work_lists"),
        ("orders", "0020_order_changes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="order",
            name="order_newest",
        ),
        migrations.RemoveIndex(
            model_name="order",
            name="order_unpaid",
        ),
        migrations.AddIndex(
            model_name="fulfillment",
            index=models.Index(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper(
                        django.db.models.functions.text.Replace("tracking_number", models.Value(" "))
                    ),
                    name="text_pattern_ops",
                ),
                name="fulfillment_tracking",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["-placed_at", "-id"], name="order_newest"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["status", "-placed_at", "-id"], name="order_by_status"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["fulfillment_status", "-placed_at", "-id"], name="order_by_fulfillment"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["market", "-placed_at", "-id"], name="order_by_market"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["country", "-placed_at", "-id"], name="order_by_country"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("tendered_minor__gt", 0)), fields=["-placed_at", "-id"], name="order_by_gift_card"
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("total_minor", 0)), fields=["-placed_at", "-id"], name="order_without_payment"
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper(
                        django.db.models.functions.text.Replace("postcode", models.Value(" "))
                    ),
                    name="text_pattern_ops",
                ),
                name="order_postcode",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("fulfillment_status__in", ["unfulfilled", "partial"]), ("status", "confirmed")),
                fields=["placed_at", "id"],
                name="order_ship_queue",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("status", "placed")), fields=["placed_at", "id"], name="order_unpaid"
            ),
        ),
        migrations.AddIndex(
            model_name="orderline",
            index=models.Index(
                condition=models.Q(("is_backordered", True), ("shipped_quantity__lt", models.F("quantity"))),
                fields=["expected_on"],
                name="order_line_overdue",
            ),
        ),
    ]
