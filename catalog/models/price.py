"""Prices and the periods in which they apply."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Q
from django.utils import timezone
from psycopg.types.range import TimestamptzRange

from catalog.money import format_money


def from_now_on() -> TimestamptzRange:
    """The period that begins now and has no end, as the default of a model field."""
    return TimestamptzRange(timezone.now(), None)


class Price(models.Model):
    """The price of a variant in a market during a period, in minor units; the market says whether it includes tax.

    A shopper pays the sale price if one applies and is below the regular price.
    """

    class Kind(models.TextChoices):
        REGULAR = "regular"
        SALE = "sale"

    variant = models.ForeignKey("catalog.Variant", on_delete=models.CASCADE, related_name="prices")
    market = models.CharField(max_length=16, default="main")
    currency = models.CharField(max_length=3)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.REGULAR)
    amount_minor = models.BigIntegerField()
    valid = DateTimeRangeField(default=from_now_on)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gte=0), name="price_not_negative"),
            models.CheckConstraint(condition=Q(valid__isempty=False), name="price_valid_not_empty"),
            ExclusionConstraint(
                name="price_no_overlap",
                expressions=[
                    ("variant", RangeOperators.EQUAL),
                    ("market", RangeOperators.EQUAL),
                    ("kind", RangeOperators.EQUAL),
                    ("valid", RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{format_money(self.amount_minor, self.currency)} ({self.get_kind_display().lower()})"
