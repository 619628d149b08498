"""Stock per variant and location, reservations for orders, and the movements that explain the counters."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class Location(models.Model):
    """A place where stock is kept. Orders take from the location with the smallest priority number first."""

    code = models.SlugField(max_length=32, unique=True)
    name = models.CharField(max_length=100)
    priority = models.PositiveIntegerField(default=10)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["priority", "id"]

    def __str__(self) -> str:
        return self.name


class Stock(models.Model):
    """The stock of one variant at one location. Only catalog.inventory writes it.

    `on_hand` is the number of units in the location, `reserved` the number promised to open orders. `shortfall` is the
    number of promised units that are missing; only corrections can raise it.
    """

    variant = models.ForeignKey("catalog.Variant", on_delete=models.PROTECT, related_name="stock")
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="stock")
    on_hand = models.IntegerField(default=0)
    reserved = models.IntegerField(default=0)
    backorder_limit = models.IntegerField(default=0)
    backorder_date = models.DateField(
        null=True, blank=True, help_text="The date from which backordered units can be sent."
    )
    shortfall = models.IntegerField(default=0)

    class Meta:
        verbose_name_plural = "stock"
        permissions = [
            ("change_on_hand_stock", "Can receive, correct, count and transfer stock"),
            ("change_backorder_stock", "Can change backorder limits"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["variant", "location"], name="stock_variant_location"),
            models.CheckConstraint(
                condition=Q(on_hand__gte=0, reserved__gte=0, backorder_limit__gte=0, shortfall__gte=0),
                name="stock_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(reserved__lte=F("on_hand") + F("backorder_limit") + F("shortfall")),
                name="stock_not_oversold",
            ),
        ]

        indexes = [
            models.Index(fields=["variant", "location"], name="stock_short", condition=Q(reserved__gt=F("on_hand")))
        ]

    def __str__(self) -> str:
        return f"{self.variant} at {self.location}"


class Reservation(models.Model):
    """Units promised to one line of one order at one location. Deleted when they are shipped or canceled."""

    reference = models.CharField(max_length=64, db_index=True)
    line = models.BigIntegerField(db_index=True)
    variant = models.ForeignKey("catalog.Variant", on_delete=models.PROTECT, related_name="reservations")
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="reservations")
    quantity = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["reference", "line", "variant", "location"], name="reservation_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="reservation_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.reference}: {self.quantity}"


class StockMovement(models.Model):
    """One change of the stock counters, which are the sums of all movements. Never updated and never deleted."""

    class Kind(models.TextChoices):
        RECEIVED = "received"
        ADJUSTED = "adjusted"
        RESERVED = "reserved"
        RELEASED = "released"
        SHIPPED = "shipped"
        RETURNED = "returned"
        SENT = "sent", "Sent to another location"
        ARRIVED = "arrived", "Arrived from another location"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    # The indexes in Meta begin with the variant and the location, so these need none of their own.
    variant = models.ForeignKey("catalog.Variant", on_delete=models.PROTECT, related_name="movements", db_index=False)
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="movements", db_index=False)
    on_hand_change = models.IntegerField(default=0)
    reserved_change = models.IntegerField(default=0)
    reference = models.CharField(max_length=64, blank=True, db_index=True)
    line = models.BigIntegerField(null=True, blank=True, db_index=True)
    reason = models.CharField(max_length=200, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        # The list of movements is sorted by time, and each filter reads its rows in that order.
        indexes = [
            models.Index(fields=["created_at", "id"], name="movement_time"),
            models.Index(fields=["variant", "created_at", "id"], name="movement_variant_time"),
            models.Index(fields=["location", "created_at", "id"], name="movement_location_time"),
            models.Index(fields=["kind", "created_at", "id"], name="movement_kind_time"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.variant}"


class LowStockNotice(models.Model):
    """A mark that staff were told about the low stock of a variant. Deleted when the stock is no longer low."""

    variant = models.OneToOneField("catalog.Variant", on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.variant_id}"
