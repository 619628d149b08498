"""Sums of the books for each finished day, so that reports over years need not read every journal."""

from django.db import models


class BooksDay(models.Model):
    """A day in the shop's time zone whose sums have been written. Days are closed in order, without gaps."""

    day = models.DateField(primary_key=True)
    zone = models.CharField(max_length=64)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.day} ({self.zone})"


class DailySum(models.Model):
    """The sum of one account over the journals of one kind on one day, in one market and currency.

    The row with an empty account counts all journals of that kind. The kind `cart` counts the carts that were started,
    because carts are purged. Journals without an order have no market.
    """

    CART = "cart"

    day = models.DateField()
    market = models.CharField(max_length=16, blank=True)
    currency = models.CharField(max_length=3)
    kind = models.CharField(max_length=13)
    account = models.CharField(max_length=10, blank=True)
    amount_minor = models.BigIntegerField()
    journals = models.PositiveIntegerField()

    class Meta:
        default_permissions = ()
        permissions = [("view_reports", "Can see figures and reports")]
        constraints = [
            models.UniqueConstraint(fields=["day", "market", "currency", "kind", "account"], name="daily_sum_once")
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.kind} {self.account}".strip()


class CohortSum(models.Model):
    """What the customers whose first order was in one month bought in that month or in a later one.

    All rows are written again once a day. `came_back` is the number of customers of the first month with a second order.
    """

    market = models.CharField(max_length=16)
    currency = models.CharField(max_length=3)
    first_month = models.DateField()
    month = models.DateField()
    customers = models.PositiveIntegerField()
    came_back = models.PositiveIntegerField(default=0)
    sold_minor = models.BigIntegerField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["market", "currency", "first_month", "month"], name="cohort_once")
        ]

    def __str__(self) -> str:
        return f"{self.first_month}: {self.customers} in {self.month}"


class DailyProduct(models.Model):
    """The units and net sales of one product on one day. A deleted product is 0 and known by its title in orders."""

    day = models.DateField()
    market = models.CharField(max_length=16)
    currency = models.CharField(max_length=3)
    product = models.BigIntegerField(help_text="Not a foreign key: products may be deleted.")
    title = models.CharField(max_length=255, blank=True)
    units = models.BigIntegerField()
    returned_units = models.BigIntegerField()
    net_minor = models.BigIntegerField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["day", "market", "currency", "product", "title"], name="daily_product_once")
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.product} {self.title}".strip()


class DailyTax(models.Model):
    """The tax of one rate in one country of destination, over the sales and cancellations booked on one day."""

    day = models.DateField()
    market = models.CharField(max_length=16)
    currency = models.CharField(max_length=3)
    country = models.CharField(max_length=2)
    treatment = models.CharField(max_length=14)
    percent = models.DecimalField(max_digits=6, decimal_places=3)
    base_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["day", "market", "currency", "country", "treatment", "percent"], name="daily_tax_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.country} {self.percent} %"
