"""Purchase orders, and the deliveries in which their goods, or goods without an order, arrive."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

# So that the stock value of a variant, up to a billion units at this cost, fits into 64 bits.
MAX_UNIT_COST_MINOR = 9_000_000_000


def _bounded_cost(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(unit_cost_minor=None) | Q(unit_cost_minor__lte=MAX_UNIT_COST_MINOR), name=name
    )


class PurchaseOrder(models.Model):
    """Goods ordered from a supplier. Written by catalog/inventory/purchasing.py and catalog/inventory/receiving.py.

    `version` counts the edits, so that an outdated form does not overwrite what somebody else saved.
    """

    class Status(models.TextChoices):
        DRAFT = "draft"
        ORDERED = "ordered"
        PARTLY = "partly", "Partly received"
        RECEIVED = "received"
        CANCELED = "canceled"

    EXPECTED = (Status.ORDERED, Status.PARTLY)  # the states in which goods are still to come

    supplier = models.CharField(max_length=120)
    location = models.ForeignKey("catalog.Location", on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.DRAFT)
    expected_on = models.DateField("expected on", null=True, blank=True)
    note = models.CharField(max_length=200, blank=True)
    key = models.UUIDField(
        unique=True,
        default=uuid.uuid4,
        help_text="Identifies the submitted form, so that submitting it twice creates one order.",
    )
    version = models.PositiveIntegerField(default=1)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_constraint=False
    )
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_constraint=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    ordered_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(supplier=""), name="purchase_has_supplier"),
            models.CheckConstraint(
                condition=Q(status="draft", ordered_at=None)
                | Q(status="canceled")
                | Q(status__in=["ordered", "partly", "received"], ordered_at__isnull=False),
                name="purchase_ordered_has_time",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "ordered", "partly"], closed_at=None)
                | Q(status__in=["received", "canceled"], closed_at__isnull=False),
                name="purchase_closed_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["created_at", "id"], name="purchase_time"),
            models.Index(fields=["status", "created_at", "id"], name="purchase_status_time"),
        ]

    def __str__(self) -> str:
        return f"Purchase order {self.pk}"


class PurchaseOrderLine(models.Model):
    """The units of one variant in a purchase order. More than was ordered may arrive."""

    order = models.ForeignKey(PurchaseOrder, on_delete=models.CASCADE, related_name="lines")
    variant = models.ForeignKey("catalog.Variant", on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()
    received = models.PositiveIntegerField(default=0)
    unit_cost_minor = models.PositiveBigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "variant"], name="purchase_variant_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="purchase_positive"),
            _bounded_cost("purchase_cost_bounded"),
        ]

    def __str__(self) -> str:
        return f"{self.variant_id}: {self.received} of {self.quantity}"

    @property
    def missing(self) -> int:
        """The units that have not arrived."""
        return max(0, self.quantity - self.received)


class Receipt(models.Model):
    """Goods that arrived at a location, received with one form. Written by catalog/inventory/receiving.py."""

    location = models.ForeignKey("catalog.Location", on_delete=models.PROTECT, related_name="+")
    purchase = models.ForeignKey(
        PurchaseOrder, on_delete=models.PROTECT, null=True, blank=True, related_name="receipts"
    )
    delivery_note = models.CharField("delivery note number", max_length=100, blank=True)
    note = models.CharField(max_length=200, blank=True)
    currency = models.CharField(max_length=3, help_text="The currency of the unit costs.")
    key = models.UUIDField(
        unique=True,
        default=uuid.uuid4,
        help_text="Identifies the submitted form, so that submitting it twice receives the units once.",
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_constraint=False
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["created_at", "id"], name="receipt_time")]

    def __str__(self) -> str:
        return f"Delivery {self.pk}"


class ReceiptLine(models.Model):
    """The units of one variant in a delivery, with what one of them cost, if that is known."""

    receipt = models.ForeignKey(Receipt, on_delete=models.CASCADE, related_name="lines")
    variant = models.ForeignKey("catalog.Variant", on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()
    unit_cost_minor = models.PositiveBigIntegerField(null=True, blank=True)
    is_ordered = models.BooleanField(default=False, help_text="Whether the purchase order has a line for the variant.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["receipt", "variant"], name="receipt_variant_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="receipt_positive"),
            _bounded_cost("receipt_cost_bounded"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.variant_id}"
