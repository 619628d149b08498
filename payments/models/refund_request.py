"""Refunds as staff ask for them: what is taken back, how much goes back, and who agreed."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from orders.models import Disposition


class RefundRequest(models.Model):
    """What is refunded of an order: units of lines, delivery cost and goodwill. Amounts are in minor units, with tax.

    Its `refunds` move the money, once it is approved. One above the limit of who asked waits until somebody else agrees.
    Its `journal` takes back the sale. A refund that was made at Stripe is goodwill until staff assign it to lines.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", "Waits for approval"
        APPROVED = "approved"
        DECLINED = "declined"

    class Target(models.TextChoices):
        SAME = "same", "The way it was paid"
        GIFT_CARD = "gift_card", "A new gift card"
        CREDIT = "credit", "Store credit"

    class Reason(models.TextChoices):
        """Why, as the customer reads it."""

        DAMAGED = "damaged", "Arrived damaged"
        UNWANTED = "unwanted", "Returned"
        WRONG = "wrong", "Wrong item"
        LATE = "late", "Arrived late"
        UNAVAILABLE = "unavailable", "Cannot be delivered"
        GOODWILL = "goodwill", "Goodwill"
        AT_STRIPE = "at_stripe", "Made at Stripe"

    order = models.ForeignKey("orders.Order", on_delete=models.PROTECT, related_name="refund_requests")
    key = models.UUIDField(
        unique=True, default=uuid.uuid4, editable=False, help_text="The same form sent twice is one."
    )
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.WAITING)
    currency = models.CharField(max_length=3)
    shipping_minor = models.BigIntegerField("delivery", default=0)
    shipping_tax_minor = models.BigIntegerField("tax of the delivery", default=0)
    goodwill_minor = models.BigIntegerField("goodwill", default=0)
    tax_minor = models.BigIntegerField("tax", default=0)
    taxes = models.JSONField(default=list, help_text="The percentage, the base and the tax of each rate.")
    total_minor = models.BigIntegerField("total")
    released_minor = models.BigIntegerField(
        "not charged",
        default=0,
        db_default=0,
        help_text="The part that the customer still owed, so that nothing was paid back for it.",
    )
    target = models.CharField("paid back to", max_length=9, choices=Target.choices, default=Target.SAME)
    reason = models.CharField(max_length=11, choices=Reason.choices)
    note = models.CharField("note for the team", max_length=500, blank=True)
    has_mail = models.BooleanField("e-mail to the customer", default=True)
    mailed_at = models.DateTimeField(null=True, blank=True)
    location = models.ForeignKey(
        "catalog.Location",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Where units go back into stock.",
    )
    journal = models.OneToOneField(
        "payments.Journal", on_delete=models.PROTECT, null=True, blank=True, related_name="refund_request"
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        help_text="Empty: the refund was made at Stripe.",
    )
    asked_at = models.DateTimeField(auto_now_add=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        help_text="Who approved or declined it. Empty if it needed no approval.",
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        default_permissions = ("view",)
        permissions = [("refund_order", "Can refund orders"), ("approve_refund", "Can approve refunds of others")]
        constraints = [
            models.CheckConstraint(
                name="refund_request_amounts",
                condition=Q(total_minor__gt=0, shipping_minor__gte=0, goodwill_minor__gte=0, tax_minor__gte=0)
                & Q(total_minor__gte=F("shipping_minor") + F("goodwill_minor")),
            ),
            models.CheckConstraint(
                name="refund_request_second_person",
                condition=Q(decided_by=None) | Q(asked_by=None) | ~Q(decided_by=F("asked_by")) | Q(status="declined"),
            ),
            models.CheckConstraint(
                name="refund_request_decided",
                condition=Q(status="waiting", decided_at=None) | (~Q(status="waiting") & Q(decided_at__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(fields=["asked_at"], name="refund_request_waiting", condition=Q(status="waiting")),
            models.Index(fields=["id"], name="refund_request_to_assign", condition=Q(reason="at_stripe", journal=None)),
        ]

    def __str__(self) -> str:
        return f"Refund of {self.order.number}"

    @property
    def is_waiting(self) -> bool:
        return self.status == self.Status.WAITING

    @property
    def is_approved(self) -> bool:
        return self.status == self.Status.APPROVED

    @property
    def is_to_assign(self) -> bool:
        """Whether it was made at Stripe and is goodwill until staff assign it to lines."""
        is_goodwill = self.is_approved and self.journal_id is None
        return self.reason == self.Reason.AT_STRIPE and is_goodwill


class RefundLine(models.Model):
    """Units of an order line in a refund. Amounts are in minor units; the total contains the tax."""

    request = models.ForeignKey(RefundRequest, on_delete=models.CASCADE, related_name="lines")
    line = models.ForeignKey("orders.OrderLine", on_delete=models.PROTECT, related_name="refund_lines")
    quantity = models.PositiveIntegerField()
    disposition = models.CharField(max_length=9, choices=Disposition.choices)
    total_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["request", "line", "disposition"], name="refund_line_once"),
            models.CheckConstraint(
                condition=Q(quantity__gt=0, total_minor__gte=0, tax_minor__gte=0), name="refund_line_amounts"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.line.title}"


class RefundLimit(models.Model):
    """How much somebody with a role may refund without a second person, in minor units. Without a row: nothing."""

    role = models.ForeignKey("auth.Group", on_delete=models.CASCADE, related_name="+")
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField(null=True, blank=True, help_text="Empty: any amount.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["role", "currency"], name="refund_limit_once"),
            models.CheckConstraint(
                condition=Q(amount_minor=None) | Q(amount_minor__gte=0), name="refund_limit_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.currency}"
