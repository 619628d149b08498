"""Take back a part of a paid order: units of its lines and its delivery cost.

A reversal is planned first, so that staff see its amounts, then taken, which counts its units and locks out a second
reversal of the same ones, and carried out once it is approved. Shares of units add up to the whole line (decision 0005).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import F

from catalog import inventory
from catalog.errors import StockRefused
from catalog.inventory import Need, default_location
from catalog.models import Location
from catalog.money import format_money
from orders import gift_cards
from orders.errors import GiftCardRefused, ReversalRefused
from orders.fulfillment import complete_if_sent
from orders.models import Disposition, Order, OrderLine
from orders.pricing import share_of_units

SENT = (Disposition.RESTOCK, Disposition.WRITE_OFF, Disposition.KEPT)


@dataclass(frozen=True)
class UnitsBack:
    """Units of an order line to take back, and what happens to them."""

    line_id: int
    quantity: int
    disposition: Disposition


@dataclass(frozen=True)
class LineBack:
    """Units of an order line with what was charged for them, in minor units. The total contains the tax."""

    line: OrderLine
    quantity: int
    disposition: Disposition
    total_minor: int
    tax_minor: int


@dataclass(frozen=True)
class TaxBack:
    """The tax of one rate, with the amount that it was charged on, in minor units."""

    percent: str
    base_minor: int
    tax_minor: int


@dataclass(frozen=True)
class Reversal:
    """What is taken back of an order, in minor units. The cost of delivery contains its tax."""

    lines: tuple[LineBack, ...]
    shipping_minor: int
    shipping_tax_minor: int
    taxes: tuple[TaxBack, ...]

    @property
    def total_minor(self) -> int:
        """What the customer paid for it."""
        return sum(line.total_minor for line in self.lines) + self.shipping_minor

    @property
    def tax_minor(self) -> int:
        return sum(line.tax_minor for line in self.lines) + self.shipping_tax_minor

    @property
    def gift_cards_minor(self) -> int:
        """What gift cards in it are worth, which was never a sale."""
        return sum(line.total_minor for line in self.lines if line.line.is_gift_card)


def plan_reversal(order: Order, units: Iterable[UnitsBack], shipping_minor: int = 0) -> Reversal:
    """Return what these units and this part of the delivery cost, with tax, were charged.

    Raise ReversalRefused if the order is not paid, or for more units or delivery than are left.
    """
    if not order.is_paid:
        raise ReversalRefused(f"{order.number} is {order.get_status_display().lower()}: there is nothing to refund.")
    lines = {line.pk: line for line in order.lines.all()}
    asked = [back for back in units if back.quantity]
    _check(order, lines, asked)
    backs = _priced(lines, asked)
    _check_shipping(order, shipping_minor)
    shipping = _shipping_taxes(order, shipping_minor)
    return Reversal(
        tuple(backs), shipping_minor, sum(tax.tax_minor for tax in shipping), tuple(_taxes_of(order, backs, shipping))
    )


def _priced(lines: dict[int, OrderLine], asked: Sequence[UnitsBack]) -> list[LineBack]:
    """Return the units with their shares of their lines. A line with units of two dispositions is shared in turn."""
    before = {pk: line.refunded_quantity for pk, line in lines.items()}
    priced = []
    for back in asked:
        line = lines[back.line_id]
        total, tax = (
            share_of_units(minor, line.quantity, before=before[line.pk], count=back.quantity)
            for minor in (line.total_minor, line.tax_minor)
        )
        before[line.pk] += back.quantity
        priced.append(LineBack(line, back.quantity, back.disposition, total, tax))
    return priced


def _check(order: Order, lines: dict[int, OrderLine], asked: Sequence[UnitsBack]) -> None:
    """Refuse lines of other orders, and more units than are left with that disposition."""
    if not order.fulfillments.exists() and _takes_everything(lines.values(), asked):
        raise ReversalRefused("Nothing has been sent, and all of it would be refunded. Cancel the order instead.")
    sums: dict[tuple[int, bool], int] = defaultdict(int)
    for back in asked:
        line = lines.get(back.line_id)
        if line is None or back.quantity < 0:
            raise ReversalRefused("That line is not part of this order.")
        is_sent = is_sent_by(line, back.disposition)
        sums[line.pk, is_sent] += back.quantity
        left = left_of(line, is_sent=is_sent)
        if sums[line.pk, is_sent] > left:
            raise ReversalRefused(f"Only {left} of {line.full_title} can still be refunded like this.", line.pk)
        if back.disposition == Disposition.RESTOCK and not (line.variant_id and line.is_stocked):
            raise ReversalRefused(f"{line.full_title} is not in the catalogue any more, or not counted.", line.pk)


def _takes_everything(lines: Iterable[OrderLine], asked: Sequence[UnitsBack]) -> bool:
    taken: dict[int, int] = defaultdict(int)
    for back in asked:
        taken[back.line_id] += back.quantity
    return bool(asked) and all(line.refunded_quantity + taken[line.pk] >= line.quantity for line in lines)


def is_sent_by(line: OrderLine, disposition: Disposition) -> bool:
    """Return whether this disposition is about units that were sent. Downloads count as sent, gift cards do not."""
    if line.is_gift_card:
        return False
    return not line.needs_shipping or disposition in SENT


def left_of(line: OrderLine, *, is_sent: bool) -> int:
    """Return how many units of the line can still be refunded: sent ones, or ones that were not sent."""
    unrefunded = line.quantity - line.refunded_quantity
    if line.is_gift_card or not line.needs_shipping:
        return unrefunded if is_sent is not line.is_gift_card else 0
    return min(unrefunded, line.unrefunded_sent if is_sent else line.open_quantity)


def left_of_shipping(order: Order) -> int:
    """Return how much of the delivery cost, with tax, was not refunded yet, in minor units."""
    return order.shipping_gross_minor - order.refunded_shipping_minor


def _check_shipping(order: Order, shipping_minor: int) -> None:
    left = left_of_shipping(order)
    if not 0 <= shipping_minor <= left:
        raise ReversalRefused(f"Only {format_money(left, order.currency)} of the delivery cost can still be refunded.")


def _shipping_taxes(order: Order, shipping_minor: int) -> list[TaxBack]:
    """Return the tax in this part of the delivery cost by rate. The parts of several refunds add up to the whole."""
    of_lines: dict[Decimal, list[int]] = defaultdict(lambda: [0, 0])
    for line in order.lines.all():
        of_lines[line.tax_percent][0] += line.total_minor - line.tax_minor
        of_lines[line.tax_percent][1] += line.tax_minor
    gross, before = order.shipping_gross_minor, order.refunded_shipping_minor
    if not (gross and shipping_minor):
        return []
    taxes = []
    for tax in order.taxes:
        base, minor = of_lines[Decimal(tax["percent"])]
        tax_minor = tax["tax_minor"] - minor
        with_tax, of_tax = (
            share_of_units(whole, gross, before=before, count=shipping_minor)
            for whole in (tax["base_minor"] - base + tax_minor, tax_minor)
        )
        taxes.append(TaxBack(tax["percent"], with_tax - of_tax, of_tax))
    return taxes


def _taxes_of(order: Order, backs: Iterable[LineBack], shipping: Iterable[TaxBack]) -> list[TaxBack]:
    """Return the tax of each rate of the order in these lines and this delivery, without rates that have none."""
    sums = {Decimal(tax["percent"]): [0, 0] for tax in order.taxes}
    for back in backs:
        if amounts := sums.get(back.line.tax_percent):
            amounts[0] += back.total_minor - back.tax_minor
            amounts[1] += back.tax_minor
    for tax in shipping:
        sums[Decimal(tax.percent)][0] += tax.base_minor
        sums[Decimal(tax.percent)][1] += tax.tax_minor
    names = {Decimal(tax["percent"]): tax["percent"] for tax in order.taxes}
    return [TaxBack(names[percent], *amounts) for percent, amounts in sums.items() if any(amounts)]


@transaction.atomic
def take(order: Order, reversal: Reversal) -> None:
    """Count the units and the delivery cost as refunded, so that nobody refunds them again. The order must be locked.

    Raise ReversalRefused if the database finds that too much would be refunded.
    """
    try:
        with transaction.atomic():
            for back in reversal.lines:
                units = F("refunded_quantity") + back.quantity
                OrderLine.objects.filter(pk=back.line.pk).update(refunded_quantity=units)
            shipping = F("refunded_shipping_minor") + reversal.shipping_minor
            Order.objects.filter(pk=order.pk).update(refunded_shipping_minor=shipping)
    except IntegrityError as error:
        raise ReversalRefused("These units have been refunded meanwhile.") from error


def give_back(order: Order, lines: Iterable[tuple[int, int]], shipping_minor: int) -> None:
    """Undo `take` for a refund that was declined: units by line id, and delivery cost. The order must be locked."""
    for line_id, quantity in lines:
        OrderLine.objects.filter(pk=line_id).update(refunded_quantity=F("refunded_quantity") - quantity)
    Order.objects.filter(pk=order.pk).update(refunded_shipping_minor=F("refunded_shipping_minor") - shipping_minor)


@transaction.atomic
def carry_out_reversal(
    order: Order, units: Sequence[UnitsBack], *, location: Location | None = None, user_id: int | None = None
) -> None:
    """Do with the taken units what was decided: void gift cards, keep units from being sent, put others into stock.

    The order must be locked. Raise ReversalRefused, and change nothing, if units to be kept back were sent meanwhile, or
    a gift card was used. Stock is locked last.
    """
    lines = {line.pk: line for line in order.lines.all()}
    for back in units:
        if lines[back.line_id].is_gift_card:
            _void(lines[back.line_id], back.quantity, user_id)
    unsent = {
        back.line_id: back.quantity
        for back in units
        if back.disposition == Disposition.NOT_SENT and not lines[back.line_id].is_gift_card
    }
    _cancel_units(lines, unsent)
    complete_if_sent(order)
    returned = [back for back in units if back.disposition == Disposition.RESTOCK]
    try:
        held = {line_id: quantity for line_id, quantity in unsent.items() if lines[line_id].is_stocked}
        inventory.release_units(order.number, held, reason="refunded")
        for back in sorted(returned, key=lambda back: lines[back.line_id].variant_id or 0):
            need = Need(back.line_id, lines[back.line_id].variant_id or 0, back.quantity)
            inventory.restock(order.number, need, location or default_location(), user_id=user_id)
    except StockRefused as refused:
        raise ReversalRefused(str(refused)) from refused


def _void(line: OrderLine, quantity: int, user_id: int | None) -> None:
    try:
        gift_cards.void_units(line, quantity, user_id=user_id)
    except GiftCardRefused as refused:
        raise ReversalRefused(str(refused), line.pk) from refused


def _cancel_units(lines: dict[int, OrderLine], unsent: dict[int, int]) -> None:
    for line_id, quantity in unsent.items():
        fits = OrderLine.objects.filter(
            pk=line_id, quantity__gte=F("shipped_quantity") + F("canceled_quantity") + quantity
        )
        if not fits.update(canceled_quantity=F("canceled_quantity") + quantity):
            title = lines[line_id].full_title
            raise ReversalRefused(f"{title} was sent meanwhile. Refund it as sent units instead.", line_id)
