"""Units of order lines that were refunded, units that will not be sent, and refunded delivery costs."""

import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0027_redirects_of_staff"),
        ("orders", "0028_event_index"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="orderline",
            name="order_line_not_overshipped",
        ),
        migrations.RemoveIndex(
            model_name="orderline",
            name="order_line_overdue",
        ),
        migrations.AddField(
            model_name="order",
            name="refunded_shipping_minor",
            field=models.BigIntegerField(
                db_default=0,
                default=0,
                help_text="The part of the delivery cost, with tax, given back.",
                verbose_name="delivery refunded",
            ),
        ),
        migrations.AddField(
            model_name="orderline",
            name="canceled_quantity",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="orderline",
            name="refunded_quantity",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddIndex(
            model_name="orderline",
            index=models.Index(
                condition=models.Q(
                    ("is_backordered", True),
                    (
                        "shipped_quantity__lt",
                        django.db.models.expressions.CombinedExpression(
                            models.F("quantity"), "-", models.F("canceled_quantity")
                        ),
                    ),
                ),
                fields=["expected_on"],
                name="order_line_overdue",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("refunded_shipping_minor__gte", 0),
                    (
                        "refunded_shipping_minor__lte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("shipping_minor"), "+", models.F("tax_minor")
                        ),
                    ),
                ),
                name="order_shipping_refunded_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="orderline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "shipped_quantity__lte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("quantity"), "-", models.F("canceled_quantity")
                        ),
                    )
                ),
                name="order_line_not_overshipped",
            ),
        ),
        migrations.AddConstraint(
            model_name="orderline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("canceled_quantity__lte", models.F("refunded_quantity")),
                    ("refunded_quantity__lte", models.F("quantity")),
                ),
                name="order_line_not_overrefunded",
            ),
        ),
    ]
