"""Fulfillments: the parcels of an order."""

import uuid

from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Replace, Upper


class Fulfillment(models.Model):
    """One parcel of an order. `key` comes from the form, so that sending the form twice ships one parcel."""

    order = models.ForeignKey("orders.Order", on_delete=models.PROTECT, related_name="fulfillments")
    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    carrier = models.CharField(max_length=60, blank=True)
    tracking_number = models.CharField(max_length=100, blank=True)
    tracking_url = models.URLField("tracking URL", blank=True, max_length=500)
    shipped_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(
                OpClass(Upper(Replace("tracking_number", Value(" "))), name="text_pattern_ops"),
                name="fulfillment_tracking",
            )
        ]

    def __str__(self) -> str:
        return f"{self.carrier} {self.tracking_number}".strip() or f"Parcel {self.pk}"

    @property
    def sent_with(self) -> str:
        """How the parcel was sent: `sent with DHL`, or `sent` without a carrier."""
        return f"sent with {self.carrier}" if self.carrier else "sent"

    @property
    def sent_with_number(self) -> str:
        """How the parcel was sent, with its tracking number: `sent with DHL, tracking number 00340`."""
        return f"{self.sent_with}, tracking number {self.tracking_number}" if self.tracking_number else self.sent_with

    @property
    def tracking_label(self) -> str:
        """The text of the link to the carrier's page."""
        return f"Track {self.tracking_number or 'this parcel'}"


class FulfillmentLine(models.Model):
    """The quantity of an order line in a parcel."""

    fulfillment = models.ForeignKey(Fulfillment, on_delete=models.PROTECT, related_name="lines")
    line = models.ForeignKey("orders.OrderLine", on_delete=models.PROTECT, related_name="parcels")
    quantity = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["fulfillment", "line"], name="fulfillment_line_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="fulfillment_line_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.line_id}"

    @property
    def title(self) -> str:
        """`Mug, Moss`: the product, and what was chosen of it."""
        return f"{self.line.title}, {self.line.variant_title}" if self.line.variant_title else self.line.title
