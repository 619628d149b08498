"""How parcels travel, for how much."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q


class ShippingMethod(models.Model):
    """A way of delivery to some countries of a market; prices in minor units of the market's currency."""

    code = models.SlugField(max_length=32, unique=True)
    name = models.CharField(max_length=100)
    market = models.CharField(max_length=16, default="main")
    countries = ArrayField(models.CharField(max_length=2), help_text="Two-letter codes, separated by commas.")
    price_minor = models.BigIntegerField()
    free_from_minor = models.BigIntegerField(
        null=True, blank=True, help_text="Free for goods of at least this; empty: never."
    )
    days_min = models.PositiveSmallIntegerField("working days, at least", default=2)
    days_max = models.PositiveSmallIntegerField("working days, at most", default=4)
    position = models.PositiveIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["position", "price_minor"]
        constraints = [
            models.CheckConstraint(condition=Q(price_minor__gte=0), name="shipping_price_not_negative"),
            models.CheckConstraint(condition=Q(days_min__lte=F("days_max")), name="shipping_days_in_order"),
        ]

    def __str__(self) -> str:
        return self.name
