"""Shipping: zones, methods, rates and closing days."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from catalog import formats


class ShippingZone(models.Model):
    """Countries, or parts of them given by postcodes.

    For an address in a zone with postcodes, only zones with postcodes apply.
    """

    name = models.CharField(max_length=100, unique=True)
    countries = ArrayField(models.CharField(max_length=2), help_text="Two-letter codes, separated by commas.")
    postcodes = models.CharField(
        max_length=1000, blank=True, help_text="Like 10000-19999, 35*, SW1*. Empty: all postcodes."
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ShippingMethod(models.Model):
    """A shipping method: delivery or pick-up. Amounts are in minor units of the market's currency."""

    class Kind(models.TextChoices):
        DELIVERY = "delivery"
        PICKUP = "pickup", "Pick-up in the shop"

    code = models.SlugField(max_length=32, unique=True)
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.DELIVERY)
    market = models.CharField(max_length=16, default="main")
    free_from_minor = models.BigIntegerField(
        "free from",
        null=True,
        blank=True,
        help_text="Delivery is free if the goods are worth at least this. Empty: never.",
    )
    most_grams = models.PositiveIntegerField("maximum weight (g)", null=True, blank=True)
    handling_days = models.PositiveSmallIntegerField(default=0, help_text="Working days before the parcel is sent.")
    days_min = models.PositiveSmallIntegerField("working days in transit, at least", default=2)
    days_max = models.PositiveSmallIntegerField("working days in transit, at most", default=4)
    pickup_address = models.TextField(
        max_length=300, blank=True, help_text="The address and opening hours. For pick-up only."
    )
    position = models.PositiveIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(days_min__lte=F("days_max")), name="shipping_days_in_order"),
        ]

    def __str__(self) -> str:
        return self.name


class ShippingRate(models.Model):
    """The price of a method in a zone, from a weight and a goods value on.

    One row with zeros is a flat rate. Of several rows, the highest one that the order reaches applies.
    """

    method = models.ForeignKey(ShippingMethod, on_delete=models.CASCADE, related_name="rates")
    zone = models.ForeignKey(ShippingZone, on_delete=models.PROTECT, related_name="rates")
    from_grams = models.PositiveIntegerField("from weight (g)", default=0)
    from_minor = models.BigIntegerField("from goods worth", default=0)
    price_minor = models.BigIntegerField("price")

    class Meta:
        ordering = ["zone", "from_grams", "from_minor"]
        constraints = [
            models.UniqueConstraint(fields=["method", "zone", "from_grams", "from_minor"], name="shipping_rate_once"),
            models.CheckConstraint(condition=Q(price_minor__gte=0, from_minor__gte=0), name="shipping_rate_amounts"),
        ]

    def __str__(self) -> str:
        return f"{self.method} to {self.zone}"


class ClosingDay(models.Model):
    """A day on which nothing is dispatched (in the shop's country) or nothing arrives (in the destination country)."""

    country = models.CharField(
        max_length=2,
        blank=True,
        db_default="",
        help_text="Two letters: a public holiday in that country. Empty: the shop's own day off, without any deliveries.",
    )
    day = models.DateField()
    name = models.CharField(max_length=100, blank=True)

    class Meta:
        ordering = ["day", "country"]
        constraints = [models.UniqueConstraint(fields=["country", "day"], name="closing_day_once")]

    def __str__(self) -> str:
        return f"{formats.day(self.day)} {self.country} {self.name}".strip()
