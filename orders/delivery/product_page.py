"""Delivery and return information for product pages."""

from dataclasses import dataclass

from catalog.markets import Market
from catalog.models import Store
from catalog.money import format_money
from catalog.products.page import ProductPage
from catalog.products.promises import dispatch_promise, return_promise
from orders.delivery.dates import Dispatch, day_name
from orders.delivery.options import ShippingOption, options_for_country


@dataclass(frozen=True)
class DeliveryTerms:
    """Delivery of one unit of a product to a country. `cheapest` is the option whose dates the page shows."""

    country: str
    currency: str
    cheapest: ShippingOption | None
    lowest_minor: int | None
    free_from_minor: int | None
    dispatch_sentence: str
    return_sentence: str
    is_pickup_possible: bool

    @property
    def leaves(self) -> str:
        """The dispatch day, like `Mon 30 November`; empty if it is unknown."""
        return day_name(self.cheapest.leaves) if self.cheapest and self.cheapest.leaves else ""

    @property
    def arrives(self) -> str:
        """The arrival dates, like `arrives Thu 4 – Fri 5 June`, or a sentence that they are not known yet."""
        if not self.cheapest or not self.cheapest.latest:
            return "we will e-mail you when we know the date"
        return f"arrives {self.cheapest.dates}"

    @property
    def cost(self) -> str:
        """The lowest price, like `from €4.90, free from €60.00 of goods`; empty if nothing is shipped there."""
        if self.lowest_minor is None:
            return ""
        text = f"from {format_money(self.lowest_minor, self.currency)}" if self.lowest_minor else "free"
        if self.lowest_minor and self.free_from_minor:
            text += f", free from {format_money(self.free_from_minor, self.currency)} of goods"
        return text


def delivery_terms(shown: ProductPage, market: Market, store: Store) -> DeliveryTerms:
    """Return delivery information for the shown variant in the market's first country, with one query."""
    product = shown.product
    is_dated = not shown.is_backordered or shown.expected_on is not None
    dispatch = Dispatch(tuple(product.dispatch_days), shown.expected_on, has_date=is_dated)
    options = (
        options_for_country(market.countries[0], market, 0, dispatches=(dispatch,))
        if shown.variant.needs_shipping
        else []
    )
    days = dispatch_promise(product.dispatch_days) if product.dispatch_days else ""
    return _terms(market, options, days, product.days_to_return(store.return_days))


def usual_delivery_terms(market: Market, store: Store) -> DeliveryTerms:
    """Return delivery information for any product that is in stock and leaves on the shop's usual days."""
    return _terms(market, options_for_country(market.countries[0], market, 0), "", store.return_days)


def _terms(market: Market, options: list[ShippingOption], dispatch_sentence: str, return_days: int) -> DeliveryTerms:
    deliveries = [option for option in options if not option.is_pickup]
    return DeliveryTerms(
        country=market.countries[0],
        currency=market.currency,
        cheapest=deliveries[0] if deliveries else None,
        lowest_minor=min((option.price_minor for option in deliveries), default=None),
        free_from_minor=min((option.free_from_minor for option in deliveries if option.free_from_minor), default=None),
        dispatch_sentence=dispatch_sentence,
        return_sentence=return_promise(return_days),
        is_pickup_possible=len(deliveries) < len(options),
    )
