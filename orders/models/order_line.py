"""Lines of orders: what was ordered, what it cost, and how much of it was shipped, canceled and refunded."""

from django.db import models
from django.db.models import F, Q

from catalog.products.promises import backorder_promise, return_promise
from orders.models.gift_card import GiftDetails
from orders.models.order import Order


class Disposition(models.TextChoices):
    """What happens to refunded units."""

    NOT_SENT = "not_sent", "Will not be sent"
    RESTOCK = "restock", "Back into stock"
    WRITE_OFF = "write_off", "Written off"
    KEPT = "kept", "The customer keeps it"


class OrderLine(GiftDetails):
    """A line of an order. `total_minor` is what was charged for it, and what a full refund gives back.

    `refunded_quantity` counts the units whose price was given back, also while that waits for approval.
    `canceled_quantity` counts those of them that will not be sent.
    """

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="lines")
    position = models.PositiveIntegerField()
    variant = models.ForeignKey("catalog.Variant", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    title = models.CharField(max_length=255)
    variant_title = models.CharField(max_length=800, blank=True)
    sku = models.CharField("SKU", max_length=255, blank=True)
    product_slug = models.CharField(max_length=255, blank=True)
    image = models.JSONField(default=dict, blank=True)
    grams = models.PositiveIntegerField(default=0)
    is_gift_card = models.BooleanField(default=False)
    needs_shipping = models.BooleanField(default=True)
    is_stocked = models.BooleanField(help_text="Whether units were reserved when the order was placed.")
    is_backordered = models.BooleanField(
        default=False, db_default=False, help_text="Whether some units were not in stock when they were ordered."
    )
    expected_on = models.DateField(
        null=True,
        blank=True,
        help_text="The day promised for the missing units of a backordered line. Empty: no day was promised.",
    )
    return_days = models.PositiveSmallIntegerField(
        default=30,
        db_default=30,
        help_text="The number of days after delivery in which it can be returned. 0: no returns.",
    )
    quantity = models.PositiveIntegerField()
    shipped_quantity = models.PositiveIntegerField(default=0)
    canceled_quantity = models.PositiveIntegerField(default=0, db_default=0)
    refunded_quantity = models.PositiveIntegerField(default=0, db_default=0)
    unit_minor = models.BigIntegerField()
    subtotal_minor = models.BigIntegerField()
    discount_minor = models.BigIntegerField(default=0)
    tax_percent = models.DecimalField(max_digits=6, decimal_places=3, default=0)
    tax_minor = models.BigIntegerField(default=0)
    total_minor = models.BigIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="order_line_position"),
            models.CheckConstraint(
                condition=Q(quantity__gt=0, subtotal_minor=F("unit_minor") * F("quantity")),
                name="order_line_subtotal",
            ),
            models.CheckConstraint(
                condition=Q(shipped_quantity__lte=F("quantity") - F("canceled_quantity")),
                name="order_line_not_overshipped",
            ),
            models.CheckConstraint(
                condition=Q(refunded_quantity__lte=F("quantity"), canceled_quantity__lte=F("refunded_quantity")),
                name="order_line_not_overrefunded",
            ),
        ]
        indexes = [
            models.Index(
                fields=["expected_on"],
                name="order_line_overdue",
                condition=Q(is_backordered=True, shipped_quantity__lt=F("quantity") - F("canceled_quantity")),
            )
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.title}"

    @property
    def backorder_promise(self) -> str:
        """What was promised for a backordered line: `On order, expected on 1 May 2026`; empty for other lines."""
        return backorder_promise(self.expected_on) if self.is_backordered else ""

    @property
    def open_backorder_promise(self) -> str:
        """The backorder promise while units of the line are still to be sent; empty afterwards."""
        return self.backorder_promise if self.open_quantity else ""

    @property
    def full_title(self) -> str:
        """The product with its option values: `Mug (Moss)`."""
        return f"{self.title} ({self.variant_title})" if self.variant_title else self.title

    @property
    def notes(self) -> list[str]:
        """Further information about the line in the confirmation: gift card recipient and expected date."""
        return [note for note in (self.gift_note, self.backorder_promise) if note]

    @property
    def return_promise(self) -> str:
        """`30 days to return it`, or a sentence that it cannot be returned."""
        return return_promise(self.return_days)

    @property
    def open_quantity(self) -> int:
        """The units that are still to be sent."""
        return self.quantity - self.canceled_quantity - self.shipped_quantity

    @property
    def unrefunded_sent(self) -> int:
        """The units that were sent and whose price was not given back."""
        return self.shipped_quantity - (self.refunded_quantity - self.canceled_quantity)
