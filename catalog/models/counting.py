"""Transfers of stock between locations, and stocktakes."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class Transfer(models.Model):
    """Units sent from one location to another. Written by catalog/inventory/transfers.py."""

    class Status(models.TextChoices):
        SENT = "sent", "On its way"
        PARTLY = "partly", "Partly arrived"
        RECEIVED = "received"

    UNFINISHED = (Status.SENT, Status.PARTLY)

    source = models.ForeignKey("catalog.Location", on_delete=models.PROTECT, related_name="+")
    destination = models.ForeignKey("catalog.Location", on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.SENT)
    note = models.CharField(max_length=200, blank=True)
    key = models.UUIDField(
        unique=True,
        default=uuid.uuid4,
        help_text="Identifies the submitted form, so that submitting it twice sends the units once.",
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_constraint=False
    )
    sent_at = models.DateTimeField(auto_now_add=True)
    received_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(source=F("destination")), name="transfer_between_two_places")
        ]
        indexes = [
            models.Index(fields=["sent_at", "id"], name="transfer_time"),
            models.Index(fields=["status", "sent_at", "id"], name="transfer_status_time"),
        ]

    def __str__(self) -> str:
        return f"Transfer {self.pk}"


class TransferLine(models.Model):
    """The units of one variant in a transfer: sent, received, lost and returned to the source. The rest is in transit."""

    transfer = models.ForeignKey(Transfer, on_delete=models.CASCADE, related_name="lines")
    variant = models.ForeignKey("catalog.Variant", on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()
    received = models.PositiveIntegerField(default=0)
    lost = models.PositiveIntegerField(default=0)
    returned = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["transfer", "variant"], name="transfer_variant_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="transfer_positive"),
            models.CheckConstraint(
                condition=Q(received__lte=F("quantity") - F("lost") - F("returned")), name="transfer_not_more_than_sent"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.variant_id}: {self.received} of {self.quantity}"

    @property
    def in_transit(self) -> int:
        return self.quantity - self.received - self.lost - self.returned


class Stocktake(models.Model):
    """A count of the stock at one location. Posting it corrects the stock by the differences.

    In a blind count, whoever counts does not see the expected numbers. Somebody else reviews and posts it.
    """

    class Status(models.TextChoices):
        OPEN = "open", "Counting"
        REVIEW = "review", "To review"
        POSTED = "posted"
        CANCELED = "canceled"

    UNFINISHED = (Status.OPEN, Status.REVIEW)

    location = models.ForeignKey("catalog.Location", on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.OPEN)
    is_blind = models.BooleanField("blind count", default=False, db_default=False)
    note = models.CharField(max_length=200, blank=True)
    key = models.UUIDField(
        unique=True,
        null=True,
        editable=False,
        help_text="Identifies the submitted form, so that submitting it twice opens one count.",
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_constraint=False
    )
    opened_at = models.DateTimeField(auto_now_add=True)
    posted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        permissions = [("review_stocktake", "Can review and post blind counts")]
        indexes = [
            models.Index(fields=["opened_at", "id"], name="stocktake_time"),
            models.Index(fields=["status", "opened_at", "id"], name="stocktake_status_time"),
        ]

    def __str__(self) -> str:
        return f"Count {self.pk}"


class StocktakeLine(models.Model):
    """One variant of a stocktake. `expected` is the number on hand when it was counted, so later sales do not matter."""

    stocktake = models.ForeignKey(Stocktake, on_delete=models.CASCADE, related_name="lines")
    variant = models.ForeignKey("catalog.Variant", on_delete=models.PROTECT, related_name="+")
    frozen = models.IntegerField(help_text="Units on hand when the stocktake was opened.")
    expected = models.IntegerField(null=True, blank=True, help_text="Units on hand when the variant was counted.")
    counted = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stocktake", "variant"], name="stocktake_variant_once"),
            models.CheckConstraint(
                condition=Q(counted=None, expected=None) | Q(counted__isnull=False, expected__isnull=False),
                name="stocktake_counted_with_expected",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.variant_id}: {self.counted}"

    @property
    def variance(self) -> int | None:
        return None if self.counted is None or self.expected is None else self.counted - self.expected
