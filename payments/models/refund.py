"""Refunds of payments."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q


class Refund(models.Model):
    """A refund of a payment. The row is written before Stripe is called with its key.

    With a `gift_card`, that card got the amount instead, and Stripe is not called.
    """

    class Status(models.TextChoices):
        REQUESTED = "requested"
        PENDING = "pending"
        SUCCEEDED = "succeeded"
        FAILED = "failed"

    payment = models.ForeignKey("payments.Payment", on_delete=models.PROTECT, related_name="refunds")
    request = models.ForeignKey(
        "payments.RefundRequest", on_delete=models.PROTECT, null=True, blank=True, related_name="refunds"
    )
    gift_card = models.ForeignKey(
        "orders.GiftCard",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The gift card or store credit that got the amount.",
    )
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    key_attempt = models.PositiveIntegerField(default=0, editable=False)
    provider_ref = models.CharField("Stripe ID", max_length=255, unique=True, null=True, blank=True)  # noqa: DJ001  (unique while unknown)
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.REQUESTED)
    replaced_by = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The refund that paid out again what failed here.",
    )
    reason = models.CharField(max_length=100, blank=True)
    sent_on = models.DateField("sent", null=True, blank=True, help_text="When staff sent the money of an offline one.")
    sent_reference = models.CharField("reference", max_length=100, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
    )
    attempts = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(auto_now_add=True)
    last_error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.CheckConstraint(condition=Q(amount_minor__gt=0), name="refund_positive")]
        indexes = [
            models.Index(
                fields=["next_try_at"],
                name="refund_unsettled",
                condition=Q(status__in=["requested", "pending"]),
            ),
            models.Index(fields=["payment"], name="refund_waiting", condition=Q(status="pending")),
            models.Index(fields=["payment"], name="refund_failed", condition=Q(status="failed")),
        ]

    def __str__(self) -> str:
        return f"Refund {self.get_status_display()}"

    @property
    def idempotency_key(self) -> str:
        """The key of the next request to Stripe. It changes after each failure, which Stripe would repeat."""
        return f"{self.key}-{self.key_attempt}" if self.key_attempt else str(self.key)
