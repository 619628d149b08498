"""Disputes of payments, and the accounts that they are booked on."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0014_balance"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="journal",
            name="kind",
            field=models.CharField(
                choices=[
                    ("sale", "Sale"),
                    ("capture", "Capture"),
                    ("refund", "Refund"),
                    ("refund_failed", "Refund Failed"),
                    ("cancel", "Cancel"),
                    ("reversal", "Part of a sale taken back"),
                    ("goodwill", "Goodwill"),
                    ("dispute", "Taken away or given back in a dispute"),
                    ("dispute_lost", "Dispute Lost"),
                    ("gift_issued", "Gift card given"),
                    ("gift_expired", "Gift card expired"),
                    ("fee", "Fee of Stripe"),
                    ("payout", "Payout"),
                    ("payout_failed", "Payout returned"),
                    ("set_aside", "Money without an order"),
                ],
                max_length=13,
            ),
        ),
        migrations.AlterField(
            model_name="posting",
            name="account",
            field=models.CharField(
                choices=[
                    ("stripe", "Money at Stripe"),
                    ("disputed", "Held back in disputes"),
                    ("disputes", "Lost in disputes"),
                    ("receivable", "Owed by shoppers"),
                    ("sales", "Sales, net"),
                    ("shipping", "Delivery charged, net"),
                    ("tax", "Tax to hand on"),
                    ("gift_cards", "Owed to holders of gift cards"),
                    ("goodwill", "Given away"),
                    ("breakage", "Expired gift cards"),
                    ("fees", "Fees of Stripe"),
                    ("bank", "Paid out to the bank account"),
                    ("unassigned", "Money without an order"),
                ],
                max_length=10,
            ),
        ),
        migrations.CreateModel(
            name="Dispute",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("stripe_id", models.CharField(max_length=255, unique=True, verbose_name="Stripe ID")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("warning_needs_response", "Inquiry: answer it"),
                            ("warning_under_review", "Inquiry: with the bank"),
                            ("warning_closed", "Inquiry closed"),
                            ("needs_response", "Answer it"),
                            ("under_review", "With the bank"),
                            ("won", "Won"),
                            ("lost", "Lost"),
                            ("prevented", "Prevented"),
                        ],
                        max_length=32,
                    ),
                ),
                (
                    "reason",
                    models.CharField(blank=True, help_text="As the bank gives it, like fraudulent.", max_length=60),
                ),
                ("currency", models.CharField(max_length=3)),
                ("amount_minor", models.BigIntegerField(verbose_name="amount")),
                ("withdrawn_minor", models.BigIntegerField(default=0, verbose_name="taken away by Stripe")),
                ("answer_by", models.DateTimeField(blank=True, help_text="The last moment for evidence.", null=True)),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                ("opened_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "answered_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "payment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="disputes", to="payments.payment"
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "permissions": [("answer_dispute", "Can answer disputes")],
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("status__in", ["warning_needs_response", "needs_response"])),
                        fields=["answer_by"],
                        name="dispute_to_answer",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gt", 0), ("withdrawn_minor__gte", 0)), name="dispute_amounts"
                    )
                ],
            },
        ),
    ]
