"""The sum of a cart or an order as rows, with the words that shoppers read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from catalog.markets import Market, current_market, market_of
from catalog.money import MINUS, format_money
from orders.cart.contents import CartContents
from orders.models import Order
from orders.models.order import DIGITAL
from orders.pricing import Discount, Totals, Treatment, can_be_derived, totals_of


@dataclass(frozen=True)
class SumRow:
    """One row: its name, its amount as readers write it, and a note beside the name. `is_total` marks what is paid."""

    name: str
    amount: str
    is_total: bool = False
    note: str = ""


def sum_rows(order: Order, *, shows_codes: bool = True) -> list[SumRow]:
    """Return the rows of a mail from the subtotal to what gift cards paid.

    With `shows_codes`, every promotion is named with its code.
    """
    return list(_mail_rows(order, shows_codes=shows_codes))


def order_sum(order: Order) -> list[SumRow]:
    """Return the rows of an order's page; what is left to pay stands there until the order is confirmed."""
    page = _PageSum(
        totals=order,
        taxes=[(tax["percent"], tax["tax_minor"]) for tax in order.taxes],
        discounts=totals_of(order.receipt).goods_discounts if can_be_derived(order.receipt) else [],
        tenders=[("Gift card", order.tendered_minor)] if order.tendered_minor else [],
        due_minor=None if order.confirmed_at else order.due_minor,
        market=market_of(order.market),
        currency=order.currency,
        delivery_note=order.shipping_name,
    )
    return list(page.rows())


def cart_sum(contents: CartContents, delivery_note: str = "") -> list[SumRow]:
    """Return the rows of a cart; the note stands beside the delivery."""
    page = _PageSum(
        totals=contents.totals,
        taxes=[(tax.percent, tax.tax_minor) for tax in contents.totals.taxes],
        discounts=contents.totals.goods_discounts,
        tenders=[(tender.name, tender.amount_minor) for tender in contents.tenders],
        due_minor=contents.due_minor,
        market=contents.market,
        currency=contents.market.currency,
        delivery_note=delivery_note,
    )
    return list(page.rows())


@dataclass(frozen=True)
class _PageSum:
    """The parts of a total as a page shows them. Taxes are (percent, minor units), tenders are (name, minor units)."""

    totals: Totals | Order
    taxes: Sequence[tuple[Decimal | str, int]]
    discounts: Sequence[Discount]
    tenders: Sequence[tuple[str, int]]
    due_minor: int | None  # None: nothing is left to pay
    market: Market
    currency: str
    delivery_note: str

    def rows(self) -> Iterator[SumRow]:
        totals = self.totals
        yield SumRow("Subtotal", self._money(totals.subtotal_minor))
        yield from self._discount_rows()
        shipping = self._money(totals.shipping_minor) if totals.shipping_minor else "Free"
        yield SumRow("Delivery", shipping, note=self.delivery_note)
        for percent, minor in self.taxes:
            yield SumRow(_tax_name(percent, is_included=totals.is_tax_included), self._money(minor))
        yield from self._untaxed_rows()
        yield SumRow("Total", self._money(totals.total_minor), is_total=True)
        for name, minor in self.tenders:
            yield SumRow(name, f"{MINUS}{self._money(minor)}")
        if self.tenders and self.due_minor is not None:
            yield SumRow("To pay", self._money(self.due_minor), is_total=True)

    def _discount_rows(self) -> Iterator[SumRow]:
        """Yield what each promotion took off the goods; orders from before promotions know only the sum."""
        for discount in self.discounts:
            yield SumRow(discount.name, f"{MINUS}{self._money(discount.minor)}", note=discount.code)
        if self.totals.discount_minor and not self.discounts:
            yield SumRow("Discount", f"{MINUS}{self._money(self.totals.discount_minor)}")

    def _untaxed_rows(self) -> Iterator[SumRow]:
        """Yield why no tax is charged, where none is."""
        if self.totals.treatment == Treatment.REVERSE_CHARGE:
            yield SumRow("VAT", self._money(0), note="reverse charge: you account for it")
        elif self.totals.treatment == Treatment.EXPORT and self.market.is_tax_included:
            yield SumRow("VAT", self._money(0), note="not charged on exports")
        elif self.totals.treatment == Treatment.EXPORT:
            yield SumRow("Tax", self._money(0), note="none on this order")

    def _money(self, minor: int) -> str:
        return format_money(minor, self.currency, current_market().language)


def _mail_rows(order: Order, *, shows_codes: bool) -> Iterator[SumRow]:
    yield SumRow("Subtotal", _money(order, order.subtotal_minor))
    for name, minor in _mail_discounts(order, shows_codes=shows_codes):
        yield SumRow(name, f"{MINUS}{_money(order, minor)}")
    if order.shipping_code != DIGITAL:
        yield SumRow(order.shipping_name, _money(order, order.shipping_minor) if order.shipping_minor else "Free")
    for tax in order.taxes:
        name = _tax_name(tax["percent"], is_included=order.is_tax_included)
        yield SumRow(name, _money(order, tax["tax_minor"]))
    if order.treatment != Order.Treatment.DOMESTIC:
        yield SumRow(order.get_treatment_display(), _money(order, 0))
    yield SumRow("Total", _money(order, order.total_minor), is_total=True)
    if order.tendered_minor:
        yield SumRow("Paid by gift card", f"{MINUS}{_money(order, order.tendered_minor)}")


def _mail_discounts(order: Order, *, shows_codes: bool) -> Iterator[tuple[str, int]]:
    """Yield what each promotion took off the goods; orders from before promotions know only the sum."""
    if can_be_derived(order.receipt):
        for discount in totals_of(order.receipt).goods_discounts:
            is_named = discount.code and shows_codes
            yield f"{discount.name} ({discount.code})" if is_named else discount.name, discount.minor
    elif order.discount_minor:
        yield "Discount", order.discount_minor


def _tax_name(percent: Decimal | str, *, is_included: bool) -> str:
    """Return `VAT 19 % included`, or `Tax 8.25 %` where the tax comes on top."""
    return f"VAT {float(percent):g} % included" if is_included else f"Tax {float(percent):g} %"


def _money(order: Order, minor: int) -> str:
    return format_money(minor, order.currency, order.language or "en")
