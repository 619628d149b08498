"""Orders: a copy of everything that shop and customer agreed on."""

import uuid

from django.conf import settings
from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Replace, Upper
from django.urls import reverse

from accounts.address_formats import PARTS, address_format
from accounts.fields import MailboxField
from accounts.phones import shown_phone
from catalog.markets import market_of, path_in
from catalog.models import Capture
from catalog.products.promises import return_terms

IS_TO_SHIP = Q(status="confirmed", fulfillment_status__in=["unfulfilled", "partial"])
TERMS_SLUG = "terms"  # of the page with the terms of sale
ONLINE = "stripe"  # the way to pay of an order that is paid by the payment provider
DIGITAL = "none"  # the shipping code of an order of which nothing is shipped


class Order(models.Model):
    """An order with its addresses, sums and statuses. It stays the same when products change or are deleted.

    Amounts are in minor units of `currency`. Only orders/lifecycle.py writes `status`, and only orders/fulfillment.py
    writes `fulfillment_status`.
    """

    class Status(models.TextChoices):
        PLACED = "placed", "Waiting for payment"
        CONFIRMED = "confirmed"
        COMPLETED = "completed"
        CANCELED = "canceled"

    class CancelReason(models.TextChoices):
        EXPIRED = "expired", "Not paid in time"
        SHOPPER = "shopper", "By the customer"
        STAFF = "staff", "By the shop"
        PAYMENT = "payment", "The payment could not be accepted"

    class Treatment(models.TextChoices):
        """Which tax is charged, or why none is."""

        DOMESTIC = "domestic", "Taxed in the destination country"
        EXPORT = "export", "Export, without tax"
        REVERSE_CHARGE = "reverse_charge", "Reverse charge: the customer accounts for the tax"

    class FulfillmentStatus(models.TextChoices):
        UNFULFILLED = "unfulfilled", "Not shipped"
        PARTIAL = "partial", "Partly shipped"
        SHIPPED = "shipped"
        DELIVERED = "delivered"

    number = models.CharField(max_length=24, unique=True)
    public_id = models.UUIDField(
        unique=True, default=uuid.uuid4, editable=False, help_text="The secret part of the URL of the order's page."
    )
    cart_id = models.UUIDField(unique=True, editable=False, help_text="Not a foreign key, because carts are purged.")
    digest = models.CharField(
        max_length=64,
        editable=False,
        help_text="A digest of the submitted details. The same details sent twice are one order.",
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="orders"
    )
    market = models.CharField(max_length=16)
    language = models.CharField(max_length=10)
    currency = models.CharField(max_length=3)

    email = MailboxField(max_length=254, db_index=True)
    customer_key = models.CharField(
        max_length=64,
        default="",
        editable=False,
        db_index=True,
        help_text="A digest of the e-mail address, for limits.",
    )
    phone = models.CharField(max_length=40, blank=True)
    name = models.CharField(max_length=150)
    line1 = models.CharField("street and number", max_length=200)
    line2 = models.CharField("flat, building or company", max_length=200, blank=True)
    postcode = models.CharField(max_length=20)
    city = models.CharField(max_length=100)
    state = models.CharField(
        max_length=60,
        blank=True,
        default="",
        db_default="",
        help_text="State, province, county or emirate, as a label prints it.",
    )
    country = models.CharField(max_length=2)
    company = models.CharField(max_length=150, blank=True)
    vat_id = models.CharField("VAT number", max_length=20, blank=True)
    billing_name = models.CharField(
        max_length=150, blank=True, help_text="Empty: the invoice has the delivery address."
    )
    billing_line1 = models.CharField("billing street and number", max_length=200, blank=True)
    billing_postcode = models.CharField(max_length=20, blank=True)
    billing_city = models.CharField(max_length=100, blank=True)
    billing_state = models.CharField(max_length=60, blank=True, default="", db_default="")
    billing_country = models.CharField(max_length=2, blank=True)
    note = models.CharField(max_length=500, blank=True)
    gift_message = models.CharField(max_length=500, blank=True)

    shipping_code = models.CharField(max_length=32)
    shipping_name = models.CharField(max_length=100)
    is_pickup = models.BooleanField(default=False)
    arrives_from = models.DateField(null=True, blank=True)
    arrives_until = models.DateField(null=True, blank=True)
    ship_by = models.DateField(
        null=True,
        blank=True,
        help_text="The day on which it must be sent, or be ready, to arrive as promised. Empty: no day was promised.",
    )
    treatment = models.CharField(max_length=14, choices=Treatment.choices, default=Treatment.DOMESTIC)
    taxes = models.JSONField(default=list, help_text="The percentage, the base and the tax of each rate.")
    is_tax_included = models.BooleanField(default=True)
    subtotal_minor = models.BigIntegerField()
    discount_minor = models.BigIntegerField(default=0)
    shipping_minor = models.BigIntegerField(default=0)
    tax_minor = models.BigIntegerField(default=0)
    total_minor = models.BigIntegerField()
    tendered_minor = models.BigIntegerField(
        "paid by gift cards", default=0, help_text="The amount that gift cards and store credit pay."
    )
    refunded_shipping_minor = models.BigIntegerField(
        "delivery refunded", default=0, db_default=0, help_text="The part of the delivery cost, with tax, given back."
    )
    payment_method = models.CharField(
        max_length=8,
        default=ONLINE,
        db_default=ONLINE,
        help_text="The way to pay that was chosen at the checkout.",
    )
    receipt = models.JSONField(default=dict, help_text="How the total was calculated.")
    capture = models.CharField(
        "charge the card",
        max_length=8,
        choices=Capture.choices,
        default=Capture.AT_ONCE,
        db_default=Capture.AT_ONCE,
        help_text="Copied from the settings of the shop when the order was placed.",
    )

    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PLACED)
    cancel_reason = models.CharField(max_length=8, choices=CancelReason.choices, blank=True)
    fulfillment_status = models.CharField(
        max_length=11, choices=FulfillmentStatus.choices, default=FulfillmentStatus.UNFULFILLED
    )
    payment_due_at = models.DateTimeField(null=True, blank=True)
    is_test = models.BooleanField(
        "test order",
        default=False,
        db_default=False,
        editable=False,
        help_text="Whether it was placed in test mode, in which no money moves. Reports leave test orders out.",
    )
    terms_version = models.CharField(max_length=20)
    terms = models.ForeignKey(
        "catalog.PageVersion",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        help_text="The text of the terms that was accepted.",
    )
    terms_accepted_at = models.DateTimeField()
    terms_accepted_ip = models.GenericIPAddressField("IP address at acceptance of the terms", null=True, blank=True)
    placed_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    canceled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-placed_at"]
        permissions = [
            ("ship_order", "Can ship orders"),
            ("cancel_order", "Can cancel orders"),
            ("edit_order", "Can correct addresses and e-mail addresses of orders"),
            ("note_order", "Can add notes to orders"),
            ("mail_order", "Can send the e-mails of orders again"),
            ("export_order", "Can export orders"),
            ("see_customer_order", "Can see customers and their addresses in orders"),
            ("see_evidence_order", "Can see the IP address from which the terms were accepted"),
        ]
        indexes = [
            # Pages of the order list begin after a moment and an id, and its filters have indexes of their own.
            models.Index(fields=["-placed_at", "-id"], name="order_newest"),
            models.Index(fields=["email", "-placed_at", "-id"], name="order_by_customer"),
            models.Index(fields=["status", "-placed_at", "-id"], name="order_by_status"),
            models.Index(fields=["fulfillment_status", "-placed_at", "-id"], name="order_by_fulfillment"),
            models.Index(fields=["market", "-placed_at", "-id"], name="order_by_market"),
            models.Index(fields=["country", "-placed_at", "-id"], name="order_by_country"),
            models.Index(fields=["-placed_at", "-id"], name="order_by_gift_card", condition=Q(tendered_minor__gt=0)),
            models.Index(
                fields=["payment_method", "-placed_at", "-id"],
                name="order_offline",
                condition=~Q(payment_method=ONLINE),
            ),
            models.Index(fields=["-placed_at", "-id"], name="order_without_payment", condition=Q(total_minor=0)),
            models.Index(
                OpClass(Upper(Replace("postcode", Value(" "))), name="text_pattern_ops"), name="order_postcode"
            ),
            models.Index(fields=["payment_due_at"], name="order_due", condition=Q(status="placed")),
            models.Index(fields=["ship_by"], name="order_to_ship", condition=IS_TO_SHIP),
            models.Index(fields=["placed_at", "id"], name="order_ship_queue", condition=IS_TO_SHIP),
            models.Index(fields=["placed_at", "id"], name="order_unpaid", condition=Q(status="placed")),
        ]
        constraints = [
            models.CheckConstraint(
                name="order_parts_make_total",
                condition=Q(
                    is_tax_included=True,
                    total_minor=F("subtotal_minor") - F("discount_minor") + F("shipping_minor"),
                )
                | Q(
                    is_tax_included=False,
                    total_minor=F("subtotal_minor") - F("discount_minor") + F("shipping_minor") + F("tax_minor"),
                ),
            ),
            models.CheckConstraint(
                name="order_nothing_negative",
                condition=Q(
                    subtotal_minor__gte=0,
                    discount_minor__gte=0,
                    shipping_minor__gte=0,
                    tax_minor__gte=0,
                    total_minor__gte=0,
                    tendered_minor__gte=0,
                    tendered_minor__lte=F("total_minor"),
                ),
            ),
            models.CheckConstraint(
                name="order_shipping_refunded_once",
                condition=Q(
                    refunded_shipping_minor__gte=0,
                    refunded_shipping_minor__lte=F("shipping_minor") + F("tax_minor"),
                ),
            ),
            models.CheckConstraint(
                name="order_canceled_has_reason",
                condition=Q(status="canceled", cancel_reason__gt="") | (~Q(status="canceled") & Q(cancel_reason="")),
            ),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("orders:order", args=[self.public_id])

    @property
    def terms_url(self) -> str:
        """The URL of the terms that this order accepted, in its market; empty if their text was not kept."""
        if not self.terms_id:
            return ""
        return path_in(
            market_of(self.market), reverse("catalog:page_version", args=["legal", TERMS_SLUG, self.terms_id])
        )

    @property
    def is_unpaid(self) -> bool:
        return self.status == self.Status.PLACED

    @property
    def is_paid_online(self) -> bool:
        """Whether the order is paid online, through the payment provider."""
        return self.payment_method == ONLINE

    @property
    def is_payment_processing(self) -> bool:
        """Whether a bank is processing the payment. Meanwhile the order is unpaid, but has no time limit."""
        return self.is_unpaid and self.payment_due_at is None

    @property
    def is_canceled(self) -> bool:
        return self.status == self.Status.CANCELED

    @property
    def is_paid(self) -> bool:
        """Whether the order is paid and not canceled."""
        return self.status in (self.Status.CONFIRMED, self.Status.COMPLETED)

    @property
    def due_minor(self) -> int:
        """The part of the total that gift cards do not pay, in minor units."""
        return self.total_minor - self.tendered_minor

    @property
    def shipping_gross_minor(self) -> int:
        """What was charged for the delivery, with its tax. The lines must have been read."""
        tax = self.tax_minor - sum(line.tax_minor for line in self.lines.all())
        return self.shipping_minor + (0 if self.is_tax_included else tax)

    @property
    def has_address(self) -> bool:
        """Whether the order is shipped to its address; not so for pick-up and digital goods."""
        return bool(self.line1) and not self.is_pickup and self.shipping_code != DIGITAL

    @property
    def printed_lines(self) -> list[str]:
        """The lines of the delivery label, without the country."""
        if not self.has_address:
            return [self.name]
        return address_format(self.country).printed({part: getattr(self, part) for part in PARTS})

    @property
    def billing_lines(self) -> list[str]:
        """The lines of the invoice address, without the country; empty if the delivery address is used."""
        if not self.billing_name:
            return []
        parts = {part: getattr(self, f"billing_{part}") for part in ("name", "line1", "postcode", "city", "state")}
        return address_format(self.billing_country).printed(parts)

    @property
    def shown_phone(self) -> str:
        """The phone number in international format."""
        return shown_phone(self.phone)

    @property
    def return_terms(self) -> str:
        """A sentence about how long the ordered products can be returned; empty if nothing is shipped."""
        return return_terms((line.title, line.return_days) for line in self.lines.all() if line.needs_shipping)

    @property
    def first_name(self) -> str:
        return self.name.partition(" ")[0]
