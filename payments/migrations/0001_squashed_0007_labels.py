"""The tables of payments, for a new database. An older one is updated by the migrations that this one replaces."""

import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


# The books can be written, never changed.
APPEND_ONLY = """
CREATE FUNCTION payments_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: write a new row instead', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON payments_journal
  FOR EACH ROW EXECUTE FUNCTION payments_is_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON payments_posting
  FOR EACH ROW EXECUTE FUNCTION payments_is_append_only();
"""
DROP_APPEND_ONLY = "DROP FUNCTION payments_is_append_only CASCADE;"  # with its triggers
# A journal whose postings do not sum to zero cannot be committed, nor one without postings for money that moved.
ZERO_SUM = """
CREATE FUNCTION payments_journal_sums_to_zero() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE total bigint;
BEGIN
  SELECT sum(amount_minor) INTO total FROM payments_posting WHERE journal_id = NEW.journal_id;
  IF total <> 0 THEN
    RAISE EXCEPTION 'journal % sums to %, not to zero', NEW.journal_id, total USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER zero_sum AFTER INSERT ON payments_posting
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments_journal_sums_to_zero();
"""
DROP_ZERO_SUM = "DROP FUNCTION payments_journal_sums_to_zero CASCADE;"  # with its trigger


class Migration(migrations.Migration):
    replaces = [
        ("payments", "0001_initial"),
        ("payments", "0002_append_only"),
        ("payments", "0003_zero_sum"),
        ("payments", "0004_pricing"),
        ("payments", "0005_key_attempts"),
        ("payments", "0006_words"),
        ("payments", "0007_labels"),
    ]

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("orders", "0003_pricing"),
    ]

    operations = [
        migrations.CreateModel(
            name="Payment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "method",
                    models.CharField(
                        choices=[("stripe", "Stripe"), ("giftcard", "Gift card"), ("none", "Nothing to pay")],
                        default="stripe",
                        max_length=8,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("processing", "Processing"),
                            ("authorized", "Authorized"),
                            ("captured", "Captured"),
                            ("failed", "Failed"),
                            ("canceled", "Canceled"),
                        ],
                        default="open",
                        max_length=10,
                    ),
                ),
                (
                    "flag",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "–"),
                            ("late", "Arrived after the stock was sold"),
                            ("duplicate", "The order was paid already"),
                            ("mismatch", "Amount or currency differs from the order"),
                        ],
                        default="",
                        max_length=9,
                        verbose_name="to check",
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                ("amount_minor", models.BigIntegerField()),
                ("captured_minor", models.BigIntegerField(default=0)),
                ("refunded_minor", models.BigIntegerField(default=0)),
                ("disputed_minor", models.BigIntegerField(default=0)),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("key_attempt", models.PositiveIntegerField(default=0, editable=False)),
                ("parameters", models.JSONField(default=dict, editable=False)),
                (
                    "session_id",
                    models.CharField(
                        blank=True, max_length=255, null=True, unique=True, verbose_name="Checkout Session"
                    ),
                ),
                ("session_url", models.TextField(blank=True, editable=False)),
                (
                    "payment_intent_id",
                    models.CharField(blank=True, max_length=255, null=True, unique=True, verbose_name="payment intent"),
                ),
                ("charge_id", models.CharField(blank=True, max_length=255, verbose_name="charge")),
                (
                    "card",
                    models.CharField(
                        blank=True, help_text="Shown to the customer, like “Visa ending in 4242”.", max_length=40
                    ),
                ),
                ("last_error", models.CharField(blank=True, max_length=300)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                (
                    "checked_at",
                    models.DateTimeField(blank=True, help_text="When Stripe was last asked about it.", null=True),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("captured_at", models.DateTimeField(blank=True, null=True)),
                (
                    "gift_card",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payments",
                        to="orders.giftcard",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="payments", to="orders.order"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("status__in", ["open", "processing"])),
                        fields=["checked_at"],
                        name="payment_unsettled",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("status__in", ["open", "processing"])),
                        fields=("order", "method"),
                        name="payment_one_live",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("gift_card__isnull", False)),
                        fields=("order", "gift_card"),
                        name="payment_gift_card_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount_minor__gte", 0),
                            ("captured_minor__gte", 0),
                            ("captured_minor__lte", models.F("amount_minor")),
                            ("disputed_minor__gte", 0),
                            ("refunded_minor__gte", 0),
                            ("refunded_minor__lte", models.F("captured_minor")),
                        ),
                        name="payment_amounts",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Journal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("sale", "Sale"),
                            ("capture", "Capture"),
                            ("refund", "Refund"),
                            ("refund_failed", "Refund Failed"),
                            ("cancel", "Cancel"),
                            ("gift_issued", "Gift card given"),
                            ("gift_expired", "Gift card expired"),
                        ],
                        max_length=13,
                    ),
                ),
                (
                    "provider_ref",
                    models.CharField(
                        help_text="What the journal records, once for each kind: the ID of a charge or a refund, or an order number.",
                        max_length=255,
                        verbose_name="reference",
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "order",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="journals",
                        to="orders.order",
                    ),
                ),
                (
                    "payment",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="journals",
                        to="payments.payment",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "constraints": [models.UniqueConstraint(fields=("kind", "provider_ref"), name="journal_once")],
            },
        ),
        migrations.CreateModel(
            name="Posting",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "account",
                    models.CharField(
                        choices=[
                            ("stripe", "Money at Stripe"),
                            ("receivable", "Owed by shoppers"),
                            ("sales", "Sales, net"),
                            ("shipping", "Delivery charged, net"),
                            ("tax", "Tax to hand on"),
                            ("gift_cards", "Owed to holders of gift cards"),
                            ("goodwill", "Given away"),
                            ("breakage", "Expired gift cards"),
                        ],
                        max_length=10,
                    ),
                ),
                ("amount_minor", models.BigIntegerField()),
                (
                    "journal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="postings", to="payments.journal"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "constraints": [models.UniqueConstraint(fields=("journal", "account"), name="posting_account_once")],
            },
        ),
        migrations.CreateModel(
            name="Refund",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("key_attempt", models.PositiveIntegerField(default=0, editable=False)),
                (
                    "provider_ref",
                    models.CharField(blank=True, max_length=255, null=True, unique=True, verbose_name="Stripe ID"),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("requested", "Requested"),
                            ("pending", "Pending"),
                            ("succeeded", "Succeeded"),
                            ("failed", "Failed"),
                        ],
                        default="requested",
                        max_length=9,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=100)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("next_try_at", models.DateTimeField(auto_now_add=True)),
                ("last_error", models.CharField(blank=True, max_length=300)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "payment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="refunds", to="payments.payment"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("status__in", ["requested", "pending"])),
                        fields=["next_try_at"],
                        name="refund_unsettled",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount_minor__gt", 0)), name="refund_positive")
                ],
            },
        ),
        migrations.CreateModel(
            name="StripeEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("stripe_id", models.CharField(max_length=255, unique=True, verbose_name="Stripe ID")),
                ("type", models.CharField(max_length=100)),
                ("account", models.CharField(blank=True, max_length=255)),
                ("livemode", models.BooleanField(verbose_name="live mode")),
                ("object_id", models.CharField(blank=True, db_index=True, max_length=255, verbose_name="object ID")),
                ("body", models.TextField(blank=True, help_text="As received from Stripe. Deleted after 90 days.")),
                (
                    "status",
                    models.CharField(
                        choices=[("new", "New"), ("done", "Done"), ("ignored", "Ignored"), ("failed", "Failed")],
                        default="new",
                        max_length=7,
                    ),
                ),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("next_try_at", models.DateTimeField()),
                ("last_error", models.CharField(blank=True, max_length=300)),
                ("received_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "verbose_name": "Stripe event",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(condition=models.Q(("status", "new")), fields=["next_try_at"], name="event_waiting")
                ],
            },
        ),
        migrations.RunSQL(APPEND_ONLY, DROP_APPEND_ONLY),
        migrations.RunSQL(ZERO_SUM, DROP_ZERO_SUM),
    ]
