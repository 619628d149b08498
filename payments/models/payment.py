"""Payments: our record of each attempt to pay an order."""

import uuid

from django.db import models
from django.db.models import F, Q

ONLINE = "Online payment"  # until Stripe says what it was paid with
OFFLINE = ("transfer", "invoice", "pickup")  # the methods of offline payments
IS_AWAITED = Q(method__in=OFFLINE, status__in=["open", "processing", "agreed"])


class Payment(models.Model):
    """A payment of an order by Stripe, by gift card, outside both, or of nothing. Amounts are in minor units of `currency`.

    Only payments/statuses.py changes `status`. `key` identifies the session at Stripe. It is stored with all parameters
    before Stripe is called, so that a lost answer can be requested again without a second session. Stripe repeats its
    first answer to an idempotency key, even a failure, so after a failure the next attempt uses another key.
    """

    class Method(models.TextChoices):
        STRIPE = "stripe"
        GIFT_CARD = "giftcard", "Gift card"
        NONE = "none", "Nothing to pay"
        TRANSFER = "transfer", "Bank transfer"
        INVOICE = "invoice", "Invoice"
        PICKUP = "pickup", "Cash at pick-up"

    class Status(models.TextChoices):
        OPEN = "open"
        PROCESSING = "processing"
        AUTHORIZED = "authorized"
        AGREED = "agreed", "Agreed on account"
        CAPTURED = "captured"
        FAILED = "failed"
        CANCELED = "canceled"

    class Flag(models.TextChoices):
        """Why staff should look at a payment."""

        NONE = "", "–"
        LATE = "late", "Arrived after the stock was sold"
        DUPLICATE = "duplicate", "The order was paid already"
        MISMATCH = "mismatch", "Amount or currency differs from the order"
        LAPSED = "lapsed", "The authorization ended before all of it was charged"

    class Risk(models.TextChoices):
        """How risky Stripe rates a payment. It has other levels for payments that it does not judge."""

        NORMAL = "normal"
        ELEVATED = "elevated"
        HIGHEST = "highest"

    RAISED_RISK = (Risk.ELEVATED, Risk.HIGHEST)

    order = models.ForeignKey("orders.Order", on_delete=models.PROTECT, related_name="payments")
    method = models.CharField(max_length=8, choices=Method.choices, default=Method.STRIPE)
    livemode = models.BooleanField(
        "live mode",
        default=False,
        db_default=False,
        editable=False,
        help_text="Whether it was started with a live key of Stripe. Only a key of its own mode can ask about it.",
    )
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    flag = models.CharField("to check", max_length=9, choices=Flag.choices, blank=True, default="")
    gift_card = models.ForeignKey(
        "orders.GiftCard", on_delete=models.PROTECT, null=True, blank=True, related_name="payments"
    )
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    authorized_minor = models.BigIntegerField(
        default=0, db_default=0, help_text="What the customer's bank held, of which a part can be captured, once."
    )
    captured_minor = models.BigIntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0)
    disputed_minor = models.BigIntegerField(default=0)
    credited_minor = models.BigIntegerField(
        "taken back before it was paid", default=0, db_default=0, help_text="By refunds, so that less is to pay."
    )

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    key_attempt = models.PositiveIntegerField(default=0, editable=False)
    parameters = models.JSONField(default=dict, editable=False)
    session_id = models.CharField("Checkout Session", max_length=255, unique=True, null=True, blank=True)  # noqa: DJ001  (unique while unknown)
    session_url = models.TextField(blank=True, editable=False)
    client_secret = models.TextField(
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="What the payment form in a page of the shop opens the session with.",
    )
    payment_intent_id = models.CharField("payment intent", max_length=255, unique=True, null=True, blank=True)  # noqa: DJ001
    charge_id = models.CharField("charge", max_length=255, blank=True)
    card = models.CharField(
        max_length=60, blank=True, help_text="Shown to the customer, like “Visa ending in 4242” or “iDEAL”."
    )
    risk_level = models.CharField(
        max_length=10, blank=True, default="", db_default="", choices=Risk.choices, help_text="Stripe's own judgement."
    )
    risk_score = models.PositiveSmallIntegerField(null=True, blank=True, help_text="From 0 to 100, if Stripe gives it.")
    risk_accepted_at = models.DateTimeField(null=True, blank=True, help_text="When staff accepted a raised risk.")
    last_error = models.CharField(max_length=300, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField("due", null=True, blank=True, help_text="Until when staff expect the money.")
    remind_at = models.DateTimeField("reminder", null=True, blank=True, editable=False)
    checked_at = models.DateTimeField(null=True, blank=True, help_text="When Stripe was last asked about it.")
    created_at = models.DateTimeField(auto_now_add=True)
    captured_at = models.DateTimeField(null=True, blank=True)
    capture_before = models.DateTimeField(
        null=True, blank=True, help_text="When the bank stops holding an authorized amount."
    )

    class Meta:
        ordering = ["id"]
        permissions = [("receive_payment", "Can record money that was received or sent")]
        constraints = [
            models.UniqueConstraint(
                fields=["order", "method"],
                condition=Q(status__in=["open", "processing"]),
                name="payment_one_live",
            ),
            models.UniqueConstraint(
                fields=["order", "gift_card"],
                condition=Q(gift_card__isnull=False),
                name="payment_gift_card_once",
            ),
            models.CheckConstraint(
                name="payment_amounts",
                condition=Q(
                    amount_minor__gte=0,
                    captured_minor__gte=0,
                    captured_minor__lte=F("amount_minor"),
                    refunded_minor__gte=0,
                    refunded_minor__lte=F("captured_minor"),
                    disputed_minor__gte=0,
                    credited_minor__gte=0,
                    credited_minor__lte=F("amount_minor") - F("captured_minor"),
                ),
            ),
            models.CheckConstraint(
                name="payment_within_authorization",
                condition=Q(authorized_minor=0)
                | Q(authorized_minor__lte=F("amount_minor"), captured_minor__lte=F("authorized_minor")),
            ),
        ]
        indexes = [
            models.Index(
                fields=["checked_at"],
                name="payment_unsettled",
                condition=Q(status__in=["open", "processing"]),
            ),
            models.Index(fields=["capture_before"], name="payment_authorized", condition=Q(status="authorized")),
            # Money that staff wait for.
            models.Index(fields=["due_at", "order"], name="payment_awaited", condition=IS_AWAITED),
            models.Index(fields=["remind_at"], name="payment_reminder", condition=Q(remind_at__isnull=False)),
            models.Index(fields=["charge_id"], name="payment_charge", condition=~Q(charge_id="")),
            models.Index(
                fields=["order"],
                name="payment_risky",
                condition=Q(risk_level__in=["elevated", "highest"], risk_accepted_at=None),
            ),
            models.Index(fields=["created_at"], name="payment_flagged", condition=~Q(flag="")),
        ]

    def __str__(self) -> str:
        return f"{self.get_method_display()} {self.get_status_display()}"

    @property
    def idempotency_key(self) -> str:
        """The key of the next request to Stripe. It changes after each failure, which Stripe would repeat."""
        return f"{self.key}-{self.key_attempt}" if self.key_attempt else str(self.key)

    @property
    def is_in_page(self) -> bool:
        """Whether it is paid in a page of the shop, by a session that has a secret and no URL."""
        return str(self.parameters.get("ui_mode", "")) == "embedded_page"

    @property
    def customer_id(self) -> str:
        """The customer at Stripe whose saved cards its session shows; empty if it shows none."""
        return str(self.parameters.get("customer", ""))

    @property
    def shown_method(self) -> str:
        """What a shopper paid with: the name of the gift card, or what Stripe says, like `Visa ending in 4242`."""
        if self.gift_card:
            return str(self.gift_card)
        if self.is_offline:
            return self.get_method_display()
        return self.card or ONLINE

    @property
    def shown_risk(self) -> str:
        """How risky Stripe rates it: `Elevated, 66 of 100`; empty if Stripe did not judge it."""
        if not self.risk_level:
            return ""
        score = "" if self.risk_score is None else f", {self.risk_score} of 100"
        return f"{self.get_risk_level_display()}{score}"

    @property
    def is_risky(self) -> bool:
        """Whether it has a raised risk that nobody has accepted."""
        return self.risk_level in self.RAISED_RISK and not self.risk_accepted_at

    @property
    def is_offline(self) -> bool:
        """Whether it is paid by transfer, by invoice or in cash, without the payment provider."""
        return self.method in OFFLINE

    @property
    def is_awaited(self) -> bool:
        """Whether staff still expect money for it."""
        return self.is_offline and self.status in (self.Status.OPEN, self.Status.PROCESSING, self.Status.AGREED)

    @property
    def left_minor(self) -> int:
        """What is still to pay of an offline payment, in minor units."""
        return self.amount_minor - self.captured_minor - self.credited_minor

    @property
    def is_live(self) -> bool:
        return self.status in (self.Status.OPEN, self.Status.PROCESSING)
