"""Tax rates hold over time."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Q


class TaxRate(models.Model):
    """The rate of a country over a span of time, in percent. A country without a rate is not taxed."""

    country = models.CharField(max_length=2)
    percent = models.DecimalField(max_digits=6, decimal_places=3)
    valid = DateTimeRangeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(percent__range=(0, 100)), name="tax_rate_percent"),
            ExclusionConstraint(
                name="tax_rate_no_overlap",
                expressions=[("country", RangeOperators.EQUAL), ("valid", RangeOperators.OVERLAPS)],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.country}: {self.percent.normalize():f} %"
