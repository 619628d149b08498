"""Which tax rate applies."""

from datetime import datetime
from decimal import Decimal

from orders.models import TaxRate


def rate_for(country: str, at: datetime) -> Decimal:
    """The percentage that this country takes at this instant; 0 where it has no rate."""
    rate = TaxRate.objects.filter(country=country, valid__contains=at).values_list("percent", flat=True).first()
    return rate or Decimal(0)
