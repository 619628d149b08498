"""Tax regions, and tax rates with the time span in which they apply."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Q

from catalog.models import TaxClass


class TaxRegion(models.Model):
    """A part of a country, given by postcodes, that has its own rates or is outside the tax area.

    Orders shipped outside the tax area are exports, like orders to a country without a rate.
    """

    code = models.SlugField(max_length=16, unique=True)
    country = models.CharField(max_length=2)
    name = models.CharField(max_length=100)
    postcodes = models.CharField(max_length=1000, help_text="Like 35*, 38000-38999, BT1-BT99.")
    is_outside = models.BooleanField(
        "outside the tax area",
        default=False,
        help_text="Orders sent there are exports: no tax is charged, and prices exclude the tax of your own country.",
    )

    class Meta:
        ordering = ["country", "code"]

    def __str__(self) -> str:
        return f"{self.name} ({self.country})"


class TaxRate(models.Model):
    """The rate of a tax class in a country or tax region during a time span, in percent.

    A country without a rate is outside the tax area: orders shipped there are exports.
    """

    country = models.CharField(max_length=2)
    region = models.CharField(
        max_length=16, blank=True, help_text="The code of a tax region. Empty: the whole country."
    )
    tax_class = models.CharField(max_length=12, choices=TaxClass.choices, default=TaxClass.STANDARD)
    percent = models.DecimalField(max_digits=6, decimal_places=3)
    taxes_delivery = models.BooleanField("delivery is taxed", default=True)
    valid = DateTimeRangeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(percent__range=(0, 100)), name="tax_rate_percent"),
            models.CheckConstraint(condition=Q(valid__isempty=False), name="tax_rate_valid_not_empty"),
            ExclusionConstraint(
                name="tax_rate_no_overlap",
                expressions=[
                    ("country", RangeOperators.EQUAL),
                    ("region", RangeOperators.EQUAL),
                    ("tax_class", RangeOperators.EQUAL),
                    ("valid", RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.country}: {self.percent.normalize():f} %"
