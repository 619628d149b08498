"""The tables of orders, for a new database. An older one is updated by the migrations that this one replaces."""

import accounts.fields
import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.expressions
import django.utils.timezone
import orders.models.promotion
import uuid
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


# The history of orders and the ledger of gift cards can be written, never changed.
APPEND_ONLY = """
CREATE FUNCTION orders_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: write a new row instead', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON orders_orderevent
  FOR EACH ROW EXECUTE FUNCTION orders_is_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON orders_giftcardmovement
  FOR EACH ROW EXECUTE FUNCTION orders_is_append_only();
"""
DROP_APPEND_ONLY = "DROP FUNCTION orders_is_append_only CASCADE;"  # with its triggers
# Mark every change of a rule that prices depend on, so that processes know when to read the rules again.
# Two transactions that change rules never wait for each other: each skips the marks that the other one is deleting.
MARK_FUNCTION = """
CREATE FUNCTION orders_mark_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM orders_rulesmark WHERE id IN (SELECT id FROM orders_rulesmark FOR UPDATE SKIP LOCKED);
  INSERT INTO orders_rulesmark DEFAULT VALUES;
  RETURN NULL;
END $$;
INSERT INTO orders_rulesmark DEFAULT VALUES;
"""
RULES = (
    "orders_taxrate",
    "orders_taxregion",
    "orders_shippingmethod",
    "orders_shippingzone",
    "orders_shippingrate",
    "orders_closingday",
    "orders_promotiontier",
    "orders_promotion_products",
    "orders_promotion_categories",
    "orders_promotion_collections",
    "orders_promotion_reward_products",
    "orders_promotion_groups",
    "catalog_store",
    "catalog_page",
)
RULE_TRIGGER = """
CREATE TRIGGER mark_rules AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION orders_mark_rules();
"""
# Orders count the uses of a promotion in its row, which must not mark anything. Whole rows are compared, so a new column
# counts as a rule unless it is excluded here.
PROMOTION_TRIGGERS = """
CREATE TRIGGER mark_rules AFTER INSERT OR DELETE OR TRUNCATE ON orders_promotion
  FOR EACH STATEMENT EXECUTE FUNCTION orders_mark_rules();
CREATE TRIGGER mark_changed_rules AFTER UPDATE ON orders_promotion FOR EACH ROW
  WHEN (to_jsonb(OLD) - 'uses' IS DISTINCT FROM to_jsonb(NEW) - 'uses') EXECUTE FUNCTION orders_mark_rules();
"""
MARK_RULES = MARK_FUNCTION + "".join(RULE_TRIGGER.format(table=table) for table in RULES) + PROMOTION_TRIGGERS
DROP_MARK_RULES = "DROP FUNCTION orders_mark_rules CASCADE;"  # with its triggers


class Migration(migrations.Migration):
    replaces = [
        ("orders", "0001_initial"),
        ("orders", "0002_append_only"),
        ("orders", "0003_pricing"),
        ("orders", "0004_pricing_rows"),
        ("orders", "0005_old_columns"),
        ("orders", "0006_mailboxes"),
        ("orders", "0007_address_state_and_checkout_draft"),
        ("orders", "0008_gift_details"),
        ("orders", "0009_promises"),
        ("orders", "0010_places_outside_the_tax_area"),
        ("orders", "0011_personal_data_permissions"),
        ("orders", "0012_words"),
        ("orders", "0013_labels"),
        ("orders", "0014_rules_marks"),
        ("orders", "0015_promotion_kinds"),
        ("orders", "0016_cancel_reason_label"),
    ]

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("accounts", "0004_mailboxes"),
        ("catalog", "0014_words"),
    ]

    operations = [
        migrations.CreateModel(
            name="Cart",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("token", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("market", models.CharField(default="main", max_length=16)),
                ("currency", models.CharField(max_length=3)),
                (
                    "country",
                    models.CharField(
                        blank=True, help_text="The country of delivery, if the shopper chose one.", max_length=2
                    ),
                ),
                (
                    "codes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), blank=True, default=list, size=None
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=500)),
                ("gift_message", models.CharField(blank=True, max_length=500)),
                (
                    "version",
                    models.PositiveIntegerField(default=1, help_text="Increases with every change of the lines."),
                ),
                ("ordered_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True, db_index=True)),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="carts",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RulesMark",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="ShippingZone",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100, unique=True)),
                (
                    "countries",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=2),
                        help_text="Two-letter codes, separated by commas.",
                        size=None,
                    ),
                ),
                (
                    "postcodes",
                    models.CharField(
                        blank=True, help_text="Like 10000-19999, 35*, SW1*. Empty: all postcodes.", max_length=1000
                    ),
                ),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="TaxRegion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.SlugField(max_length=16, unique=True)),
                ("country", models.CharField(max_length=2)),
                ("name", models.CharField(max_length=100)),
                ("postcodes", models.CharField(help_text="Like 35*, 38000-38999, BT1-BT99.", max_length=1000)),
                (
                    "is_outside",
                    models.BooleanField(
                        default=False,
                        help_text="Orders sent there are exports: no tax is charged, and prices exclude the tax of your own country.",
                        verbose_name="outside the tax area",
                    ),
                ),
            ],
            options={
                "ordering": ["country", "code"],
            },
        ),
        migrations.CreateModel(
            name="CheckoutDraft",
            fields=[
                (
                    "cart",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="draft",
                        serialize=False,
                        to="orders.cart",
                    ),
                ),
                ("fields", models.JSONField(default=dict)),
                (
                    "told_customer",
                    models.CharField(
                        blank=True,
                        help_text="A digest of the e-mail address whose limits the shopper was told about when an order was refused.",
                        max_length=64,
                    ),
                ),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
        ),
        migrations.CreateModel(
            name="ClosingDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "country",
                    models.CharField(
                        blank=True,
                        db_default="",
                        help_text="Two letters: a public holiday in that country. Empty: the shop's own day off, without any deliveries.",
                        max_length=2,
                    ),
                ),
                ("day", models.DateField()),
                ("name", models.CharField(blank=True, max_length=100)),
            ],
            options={
                "ordering": ["day", "country"],
                "constraints": [models.UniqueConstraint(fields=("country", "day"), name="closing_day_once")],
            },
        ),
        migrations.CreateModel(
            name="GiftCard",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("card", "Gift card"), ("credit", "Store credit")], default="card", max_length=6
                    ),
                ),
                ("code_hash", models.CharField(blank=True, editable=False, max_length=64, null=True, unique=True)),
                ("last_characters", models.CharField(blank=True, max_length=4)),
                ("currency", models.CharField(max_length=3)),
                ("initial_minor", models.BigIntegerField()),
                ("balance_minor", models.BigIntegerField(default=0)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("is_active", models.BooleanField(default=True)),
                (
                    "serial",
                    models.PositiveIntegerField(default=1, help_text="Which unit of the order line this card is."),
                ),
                ("note", models.CharField(blank=True, max_length=200)),
                (
                    "sent_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When the code was e-mailed. Until then, nobody knows the code.",
                        null=True,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="store_credit",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "permissions": [("issue_giftcard", "Can issue gift cards and store credit")],
            },
        ),
        migrations.AddField(
            model_name="cart",
            name="gift_cards",
            field=models.ManyToManyField(blank=True, related_name="+", to="orders.giftcard"),
        ),
        migrations.CreateModel(
            name="Order",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=24, unique=True)),
                (
                    "public_id",
                    models.UUIDField(
                        default=uuid.uuid4,
                        editable=False,
                        help_text="The secret part of the URL of the order's page.",
                        unique=True,
                    ),
                ),
                (
                    "cart_id",
                    models.UUIDField(
                        editable=False, help_text="Not a foreign key, because carts are purged.", unique=True
                    ),
                ),
                (
                    "digest",
                    models.CharField(
                        editable=False,
                        help_text="A digest of the submitted details. The same details sent twice are one order.",
                        max_length=64,
                    ),
                ),
                ("market", models.CharField(max_length=16)),
                ("language", models.CharField(max_length=10)),
                ("currency", models.CharField(max_length=3)),
                ("email", accounts.fields.MailboxField(db_index=True, max_length=254)),
                (
                    "customer_key",
                    models.CharField(
                        db_index=True,
                        default="",
                        editable=False,
                        help_text="A digest of the e-mail address, for limits.",
                        max_length=64,
                    ),
                ),
                ("phone", models.CharField(blank=True, max_length=40)),
                ("name", models.CharField(max_length=150)),
                ("line1", models.CharField(max_length=200, verbose_name="street and number")),
                ("line2", models.CharField(blank=True, max_length=200, verbose_name="flat, building or company")),
                ("postcode", models.CharField(max_length=20)),
                ("city", models.CharField(max_length=100)),
                (
                    "state",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="State, province, county or emirate, as a label prints it.",
                        max_length=60,
                    ),
                ),
                ("country", models.CharField(max_length=2)),
                ("company", models.CharField(blank=True, max_length=150)),
                ("vat_id", models.CharField(blank=True, max_length=20, verbose_name="VAT number")),
                (
                    "billing_name",
                    models.CharField(
                        blank=True, help_text="Empty: the invoice has the delivery address.", max_length=150
                    ),
                ),
                (
                    "billing_line1",
                    models.CharField(blank=True, max_length=200, verbose_name="billing street and number"),
                ),
                ("billing_postcode", models.CharField(blank=True, max_length=20)),
                ("billing_city", models.CharField(blank=True, max_length=100)),
                ("billing_state", models.CharField(blank=True, db_default="", default="", max_length=60)),
                ("billing_country", models.CharField(blank=True, max_length=2)),
                ("note", models.CharField(blank=True, max_length=500)),
                ("gift_message", models.CharField(blank=True, max_length=500)),
                ("shipping_code", models.CharField(max_length=32)),
                ("shipping_name", models.CharField(max_length=100)),
                ("is_pickup", models.BooleanField(default=False)),
                ("arrives_from", models.DateField(blank=True, null=True)),
                ("arrives_until", models.DateField(blank=True, null=True)),
                (
                    "treatment",
                    models.CharField(
                        choices=[
                            ("domestic", "Taxed in the destination country"),
                            ("export", "Export, without tax"),
                            ("reverse_charge", "Reverse charge: the customer accounts for the tax"),
                        ],
                        default="domestic",
                        max_length=14,
                    ),
                ),
                (
                    "taxes",
                    models.JSONField(default=list, help_text="The percentage, the base and the tax of each rate."),
                ),
                ("is_tax_included", models.BooleanField(default=True)),
                ("subtotal_minor", models.BigIntegerField()),
                ("discount_minor", models.BigIntegerField(default=0)),
                ("shipping_minor", models.BigIntegerField(default=0)),
                ("tax_minor", models.BigIntegerField(default=0)),
                ("total_minor", models.BigIntegerField()),
                (
                    "tendered_minor",
                    models.BigIntegerField(
                        default=0,
                        help_text="The amount that gift cards and store credit pay.",
                        verbose_name="paid by gift cards",
                    ),
                ),
                ("receipt", models.JSONField(default=dict, help_text="How the total was calculated.")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("placed", "Waiting for payment"),
                            ("confirmed", "Confirmed"),
                            ("completed", "Completed"),
                            ("canceled", "Canceled"),
                        ],
                        default="placed",
                        max_length=10,
                    ),
                ),
                (
                    "cancel_reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("expired", "Not paid in time"),
                            ("shopper", "By the customer"),
                            ("staff", "By the shop"),
                            ("payment", "The payment could not be accepted"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "fulfillment_status",
                    models.CharField(
                        choices=[
                            ("unfulfilled", "Not shipped"),
                            ("partial", "Partly shipped"),
                            ("shipped", "Shipped"),
                            ("delivered", "Delivered"),
                        ],
                        default="unfulfilled",
                        max_length=11,
                    ),
                ),
                ("payment_due_at", models.DateTimeField(blank=True, null=True)),
                ("terms_version", models.CharField(max_length=20)),
                ("terms_accepted_at", models.DateTimeField()),
                (
                    "terms_accepted_ip",
                    models.GenericIPAddressField(
                        blank=True, null=True, verbose_name="IP address at acceptance of the terms"
                    ),
                ),
                ("placed_at", models.DateTimeField()),
                ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                ("completed_at", models.DateTimeField(blank=True, null=True)),
                ("canceled_at", models.DateTimeField(blank=True, null=True)),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="orders",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-placed_at"],
                "permissions": [
                    ("ship_order", "Can ship orders"),
                    ("cancel_order", "Can cancel orders"),
                    ("see_customer_order", "Can see customers and their addresses in orders"),
                    ("see_evidence_order", "Can see the IP address from which the terms were accepted"),
                ],
                "indexes": [
                    models.Index(fields=["-placed_at"], name="order_newest"),
                    models.Index(condition=models.Q(("status", "placed")), fields=["payment_due_at"], name="order_due"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("is_tax_included", True),
                                (
                                    "total_minor",
                                    django.db.models.expressions.CombinedExpression(
                                        django.db.models.expressions.CombinedExpression(
                                            models.F("subtotal_minor"), "-", models.F("discount_minor")
                                        ),
                                        "+",
                                        models.F("shipping_minor"),
                                    ),
                                ),
                            ),
                            models.Q(
                                ("is_tax_included", False),
                                (
                                    "total_minor",
                                    django.db.models.expressions.CombinedExpression(
                                        django.db.models.expressions.CombinedExpression(
                                            django.db.models.expressions.CombinedExpression(
                                                models.F("subtotal_minor"), "-", models.F("discount_minor")
                                            ),
                                            "+",
                                            models.F("shipping_minor"),
                                        ),
                                        "+",
                                        models.F("tax_minor"),
                                    ),
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="order_parts_make_total",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("discount_minor__gte", 0),
                            ("shipping_minor__gte", 0),
                            ("subtotal_minor__gte", 0),
                            ("tax_minor__gte", 0),
                            ("tendered_minor__gte", 0),
                            ("tendered_minor__lte", models.F("total_minor")),
                            ("total_minor__gte", 0),
                        ),
                        name="order_nothing_negative",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("cancel_reason__gt", ""), ("status", "canceled")),
                            models.Q(models.Q(("status", "canceled"), _negated=True), ("cancel_reason", "")),
                            _connector="OR",
                        ),
                        name="order_canceled_has_reason",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="GiftCardMovement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("issued", "Issued"),
                            ("redeemed", "Redeemed"),
                            ("released", "Released: the order was not paid"),
                            ("refunded", "Refunded"),
                            ("expired", "Expired"),
                            ("voided", "Voided: its own order was canceled"),
                        ],
                        max_length=8,
                    ),
                ),
                ("amount_minor", models.BigIntegerField(help_text="Positive amounts increase the balance.")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "card",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="movements", to="orders.giftcard"
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
                (
                    "order",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="gift_card_movements",
                        to="orders.order",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="Fulfillment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("carrier", models.CharField(blank=True, max_length=60)),
                ("tracking_number", models.CharField(blank=True, max_length=100)),
                ("tracking_url", models.URLField(blank=True, max_length=500, verbose_name="tracking URL")),
                ("shipped_at", models.DateTimeField()),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="fulfillments", to="orders.order"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="OrderEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("placed", "Placed"),
                            ("confirmed", "Confirmed"),
                            ("shipped", "Shipped"),
                            ("completed", "Completed"),
                            ("canceled", "Canceled"),
                            ("payment", "Payment"),
                            ("note", "Note"),
                        ],
                        max_length=10,
                    ),
                ),
                ("text", models.CharField(max_length=300)),
                (
                    "is_public",
                    models.BooleanField(
                        default=False,
                        help_text="Whether the customer sees it on the order's page.",
                        verbose_name="visible to the customer",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="events", to="orders.order"
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
            },
        ),
        migrations.CreateModel(
            name="OrderLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("recipient_name", models.CharField(blank=True, db_default="", default="", max_length=100)),
                (
                    "recipient_email",
                    accounts.fields.MailboxField(blank=True, db_default="", default="", max_length=254),
                ),
                ("sender_name", models.CharField(blank=True, db_default="", default="", max_length=100)),
                ("gift_text", models.CharField(blank=True, db_default="", default="", max_length=500)),
                (
                    "send_on",
                    models.DateField(
                        blank=True,
                        help_text="The day on which the gift card is sent. Empty: as soon as it is paid.",
                        null=True,
                    ),
                ),
                ("position", models.PositiveIntegerField()),
                ("title", models.CharField(max_length=255)),
                ("variant_title", models.CharField(blank=True, max_length=800)),
                ("sku", models.CharField(blank=True, max_length=255, verbose_name="SKU")),
                ("product_slug", models.CharField(blank=True, max_length=255)),
                ("image", models.JSONField(blank=True, default=dict)),
                ("grams", models.PositiveIntegerField(default=0)),
                ("is_gift_card", models.BooleanField(default=False)),
                ("needs_shipping", models.BooleanField(default=True)),
                ("is_stocked", models.BooleanField(help_text="Whether units were reserved when the order was placed.")),
                (
                    "is_backordered",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="Whether some units were not in stock when they were ordered.",
                    ),
                ),
                (
                    "expected_on",
                    models.DateField(
                        blank=True,
                        help_text="The day promised for the missing units of a backordered line. Empty: no day was promised.",
                        null=True,
                    ),
                ),
                (
                    "return_days",
                    models.PositiveSmallIntegerField(
                        db_default=30,
                        default=30,
                        help_text="The number of days after delivery in which it can be returned. 0: no returns.",
                    ),
                ),
                ("quantity", models.PositiveIntegerField()),
                ("shipped_quantity", models.PositiveIntegerField(default=0)),
                ("unit_minor", models.BigIntegerField()),
                ("subtotal_minor", models.BigIntegerField()),
                ("discount_minor", models.BigIntegerField(default=0)),
                ("tax_percent", models.DecimalField(decimal_places=3, default=0, max_digits=6)),
                ("tax_minor", models.BigIntegerField(default=0)),
                ("total_minor", models.BigIntegerField()),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="lines", to="orders.order"
                    ),
                ),
                (
                    "variant",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="catalog.variant",
                    ),
                ),
            ],
            options={
                "ordering": ["position"],
                "constraints": [
                    models.UniqueConstraint(fields=("order", "position"), name="order_line_position"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("quantity__gt", 0),
                            (
                                "subtotal_minor",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("unit_minor"), "*", models.F("quantity")
                                ),
                            ),
                        ),
                        name="order_line_subtotal",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("shipped_quantity__lte", models.F("quantity"))),
                        name="order_line_not_overshipped",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="giftcard",
            name="order_line",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="gift_cards",
                to="orders.orderline",
            ),
        ),
        migrations.CreateModel(
            name="FulfillmentLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("quantity", models.PositiveIntegerField()),
                (
                    "fulfillment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="lines", to="orders.fulfillment"
                    ),
                ),
                (
                    "line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="parcels", to="orders.orderline"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("fulfillment", "line"), name="fulfillment_line_once"),
                    models.CheckConstraint(condition=models.Q(("quantity__gt", 0)), name="fulfillment_line_positive"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Promotion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(help_text="Shown to shoppers.", max_length=100)),
                ("kind", models.CharField(choices=orders.models.promotion.promotion_kinds, max_length=16)),
                (
                    "lane",
                    models.CharField(
                        choices=[
                            ("product", "Items: each is reduced by at most one promotion"),
                            ("order", "The whole order: one promotion applies"),
                            ("delivery", "Delivery: one promotion applies"),
                            ("gift", "Gifts: all that qualify"),
                        ],
                        max_length=8,
                        verbose_name="applies to",
                    ),
                ),
                ("is_active", models.BooleanField(default=False, verbose_name="on")),
                (
                    "is_exclusive",
                    models.BooleanField(
                        default=False,
                        help_text="Cannot be combined. Applies only if it saves more than all other promotions together.",
                        verbose_name="exclusive",
                    ),
                ),
                (
                    "position",
                    models.IntegerField(
                        default=0,
                        help_text="If two promotions save the same amount, the one with the lower number applies.",
                    ),
                ),
                ("market", models.CharField(default="main", max_length=16)),
                ("begins_at", models.DateTimeField(blank=True, null=True)),
                ("ends_at", models.DateTimeField(blank=True, null=True)),
                ("percent", models.DecimalField(decimal_places=3, default=Decimal("0"), max_digits=6)),
                ("amount_minor", models.BigIntegerField(default=0, verbose_name="amount")),
                ("buy_quantity", models.PositiveIntegerField(default=0, verbose_name="quantity to buy")),
                ("get_quantity", models.PositiveIntegerField(default=0, verbose_name="quantity that is reduced")),
                (
                    "most_times",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="maximum times per order"),
                ),
                ("excludes_sale", models.BooleanField(default=False, verbose_name="not for items on sale")),
                ("minimum_minor", models.BigIntegerField(default=0, verbose_name="minimum value of the items")),
                ("minimum_quantity", models.PositiveIntegerField(default=0, verbose_name="minimum quantity")),
                (
                    "countries",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=2),
                        blank=True,
                        default=list,
                        help_text="Empty: everywhere.",
                        size=None,
                    ),
                ),
                (
                    "methods",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=32),
                        blank=True,
                        default=list,
                        help_text="Codes of delivery methods. Empty: all.",
                        size=None,
                    ),
                ),
                ("is_first_order_only", models.BooleanField(default=False, verbose_name="first order only")),
                ("needs_code", models.BooleanField(default=False)),
                ("most_uses", models.PositiveIntegerField(blank=True, null=True, verbose_name="maximum uses")),
                (
                    "most_uses_each",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="maximum uses per customer"),
                ),
                ("uses", models.PositiveIntegerField(default=0, editable=False)),
                ("categories", models.ManyToManyField(blank=True, related_name="+", to="catalog.category")),
                ("collections", models.ManyToManyField(blank=True, related_name="+", to="catalog.collection")),
                (
                    "gift_variant",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="catalog.variant",
                    ),
                ),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True, related_name="+", to="auth.group", verbose_name="customer groups"
                    ),
                ),
                ("products", models.ManyToManyField(blank=True, related_name="+", to="catalog.product")),
                (
                    "reward_products",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The products that are reduced. Empty: the same products.",
                        related_name="+",
                        to="catalog.product",
                    ),
                ),
            ],
            options={
                "ordering": ["position", "id"],
                "permissions": [("try_promotion", "Can try promotions on an example cart")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("most_uses", None), ("uses__lte", models.F("most_uses")), _connector="OR"),
                        name="promotion_not_overused",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount_minor__gte", 0), ("minimum_minor__gte", 0), ("percent__range", (0, 100))
                        ),
                        name="promotion_amounts",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("begins_at", None),
                            ("ends_at", None),
                            ("begins_at__lt", models.F("ends_at")),
                            _connector="OR",
                        ),
                        name="promotion_span",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Coupon",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=40, unique=True)),
                ("batch", models.CharField(blank=True, db_index=True, max_length=60)),
                (
                    "most_uses",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Empty: as often as the promotion allows.",
                        null=True,
                        verbose_name="maximum uses",
                    ),
                ),
                ("uses", models.PositiveIntegerField(default=0, editable=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "promotion",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="coupons", to="orders.promotion"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("most_uses", None), ("uses__lte", models.F("most_uses")), _connector="OR"),
                        name="coupon_not_overused",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("code__regex", "^[0-9A-Z]+$")), name="coupon_code_plain"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PromotionCustomer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("customer", models.CharField(max_length=64)),
                ("uses", models.PositiveIntegerField(default=0)),
                (
                    "promotion",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="orders.promotion"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("promotion", "customer"), name="promotion_customer_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="PromotionTier",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("from_quantity", models.PositiveIntegerField(default=0)),
                ("from_minor", models.BigIntegerField(default=0, verbose_name="from an amount")),
                ("percent", models.DecimalField(decimal_places=3, default=Decimal("0"), max_digits=6)),
                ("amount_minor", models.BigIntegerField(default=0, verbose_name="amount off")),
                (
                    "promotion",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="tiers", to="orders.promotion"
                    ),
                ),
            ],
            options={
                "ordering": ["from_quantity", "from_minor"],
                "constraints": [
                    models.UniqueConstraint(fields=("promotion", "from_quantity", "from_minor"), name="tier_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("amount_minor", 0), ("percent__range", (0, 100))),
                            models.Q(("amount_minor__gt", 0), ("percent", 0)),
                            _connector="OR",
                        ),
                        name="tier_percent_or_amount",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PromotionUse",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("customer", models.CharField(help_text="A digest of the customer's e-mail address.", max_length=64)),
                ("saved_minor", models.BigIntegerField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("given_back_at", models.DateTimeField(blank=True, null=True)),
                (
                    "coupon",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="order_uses",
                        to="orders.coupon",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="promotion_uses", to="orders.order"
                    ),
                ),
                (
                    "promotion",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="order_uses", to="orders.promotion"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["promotion", "customer"], name="promotion_use_customer")],
                "constraints": [models.UniqueConstraint(fields=("order", "promotion"), name="promotion_use_once")],
            },
        ),
        migrations.CreateModel(
            name="ShippingMethod",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.SlugField(max_length=32, unique=True)),
                ("name", models.CharField(max_length=100)),
                (
                    "kind",
                    models.CharField(
                        choices=[("delivery", "Delivery"), ("pickup", "Pick-up in the shop")],
                        default="delivery",
                        max_length=8,
                    ),
                ),
                ("market", models.CharField(default="main", max_length=16)),
                (
                    "free_from_minor",
                    models.BigIntegerField(
                        blank=True,
                        help_text="Delivery is free if the goods are worth at least this. Empty: never.",
                        null=True,
                        verbose_name="free from",
                    ),
                ),
                ("most_grams", models.PositiveIntegerField(blank=True, null=True, verbose_name="maximum weight (g)")),
                (
                    "handling_days",
                    models.PositiveSmallIntegerField(default=0, help_text="Working days before the parcel is sent."),
                ),
                (
                    "days_min",
                    models.PositiveSmallIntegerField(default=2, verbose_name="working days in transit, at least"),
                ),
                (
                    "days_max",
                    models.PositiveSmallIntegerField(default=4, verbose_name="working days in transit, at most"),
                ),
                (
                    "pickup_address",
                    models.TextField(
                        blank=True, help_text="The address and opening hours. For pick-up only.", max_length=300
                    ),
                ),
                ("position", models.PositiveIntegerField(default=0)),
                ("is_active", models.BooleanField(default=True)),
            ],
            options={
                "ordering": ["position", "id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("days_min__lte", models.F("days_max"))), name="shipping_days_in_order"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ShippingRate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("from_grams", models.PositiveIntegerField(default=0, verbose_name="from weight (g)")),
                ("from_minor", models.BigIntegerField(default=0, verbose_name="from goods worth")),
                ("price_minor", models.BigIntegerField(verbose_name="price")),
                (
                    "method",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="rates", to="orders.shippingmethod"
                    ),
                ),
                (
                    "zone",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="rates", to="orders.shippingzone"
                    ),
                ),
            ],
            options={
                "ordering": ["zone", "from_grams", "from_minor"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("method", "zone", "from_grams", "from_minor"), name="shipping_rate_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("from_minor__gte", 0), ("price_minor__gte", 0)),
                        name="shipping_rate_amounts",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TaxRate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("country", models.CharField(max_length=2)),
                (
                    "region",
                    models.CharField(
                        blank=True, help_text="The code of a tax region. Empty: the whole country.", max_length=16
                    ),
                ),
                (
                    "tax_class",
                    models.CharField(
                        choices=[
                            ("standard", "Standard"),
                            ("reduced", "Reduced"),
                            ("reduced2", "Second reduced"),
                            ("zero", "Zero"),
                        ],
                        default="standard",
                        max_length=12,
                    ),
                ),
                ("percent", models.DecimalField(decimal_places=3, max_digits=6)),
                ("taxes_delivery", models.BooleanField(default=True, verbose_name="delivery is taxed")),
                ("valid", django.contrib.postgres.fields.ranges.DateTimeRangeField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("percent__range", (0, 100))), name="tax_rate_percent"),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[("country", "="), ("region", "="), ("tax_class", "="), ("valid", "&&")],
                        name="tax_rate_no_overlap",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CartLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("recipient_name", models.CharField(blank=True, db_default="", default="", max_length=100)),
                (
                    "recipient_email",
                    accounts.fields.MailboxField(blank=True, db_default="", default="", max_length=254),
                ),
                ("sender_name", models.CharField(blank=True, db_default="", default="", max_length=100)),
                ("gift_text", models.CharField(blank=True, db_default="", default="", max_length=500)),
                (
                    "send_on",
                    models.DateField(
                        blank=True,
                        help_text="The day on which the gift card is sent. Empty: as soon as it is paid.",
                        null=True,
                    ),
                ),
                ("quantity", models.PositiveIntegerField(default=1)),
                (
                    "state",
                    models.CharField(
                        choices=[("active", "Active"), ("saved", "Saved for later"), ("removed", "Removed")],
                        default="active",
                        max_length=7,
                    ),
                ),
                (
                    "seen_minor",
                    models.BigIntegerField(blank=True, help_text="The unit price when the line was added.", null=True),
                ),
                (
                    "personal_key",
                    models.CharField(blank=True, db_default="", default="", editable=False, max_length=64),
                ),
                (
                    "asked_quantity",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="The quantity that the shopper asked for, if fewer units were available.",
                        null=True,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "cart",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="orders.cart"
                    ),
                ),
                (
                    "variant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="catalog.variant"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "constraints": [
                    models.UniqueConstraint(fields=("cart", "variant", "personal_key"), name="cart_line_variant"),
                    models.CheckConstraint(condition=models.Q(("quantity__range", (1, 99))), name="cart_line_quantity"),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="cart",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ordered_at", None)), fields=("user",), name="cart_one_open_per_user"
            ),
        ),
        migrations.AddIndex(
            model_name="giftcard",
            index=models.Index(
                condition=models.Q(("is_active", True), ("order_line__isnull", False), ("sent_at", None)),
                fields=["order_line"],
                name="gift_card_unsent",
            ),
        ),
        migrations.AddConstraint(
            model_name="giftcard",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("balance_minor__gte", 0),
                    ("balance_minor__lte", models.F("initial_minor")),
                    ("initial_minor__gt", 0),
                ),
                name="gift_card_balance",
            ),
        ),
        migrations.AddConstraint(
            model_name="giftcard",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("code_hash__isnull", False), ("kind", "card")),
                    models.Q(("kind", "credit"), ("user__isnull", False)),
                    _connector="OR",
                ),
                name="gift_card_has_holder",
            ),
        ),
        migrations.AddConstraint(
            model_name="giftcard",
            constraint=models.UniqueConstraint(fields=("order_line", "serial"), name="gift_card_line_serial"),
        ),
        migrations.RunSQL(APPEND_ONLY, DROP_APPEND_ONLY),
        migrations.RunSQL(MARK_RULES, DROP_MARK_RULES),
    ]
