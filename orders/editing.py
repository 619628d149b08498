"""Correct orders for staff: their addresses and e-mail addresses; and add notes."""

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field

from django.db import transaction
from django.utils import timezone

from catalog.formats import NOTHING, money
from orders.customers import Buyer, customer_key
from orders.delivery.options import ShippingQuery, find_options
from orders.errors import EditRefused, OrderChanged
from orders.gift_cards import has_unsent_codes
from orders.lifecycle import Change, lock_order, record_event
from orders.models import Order, OrderEvent
from orders.pricing.receipt import basket_of, can_be_derived
from orders.pricing.totals import Pricing
from orders.rules import ShopRules, current_rules
from orders.tax import choose_tax

LABELS = {
    "name": "Name",
    "line1": "Street and number",
    "line2": "Flat, building or company",
    "postcode": "Postcode",
    "city": "Town or city",
    "state": "State",
    "phone": "Phone",
    "email": "E-mail",
    "company": "Company",
    "billing_name": "Name for the invoice",
    "billing_line1": "Street and number for the invoice",
    "billing_postcode": "Postcode for the invoice",
    "billing_city": "Town or city for the invoice",
    "billing_state": "State for the invoice",
    "billing_country": "Country for the invoice",
}

# Called in the transaction of `correct_email`, with the corrected order and its former address. The outbox adds its own.
email_corrections: list[Callable[[Order, str], None]] = []


@dataclass(frozen=True)
class Edit:
    """Who changes an order, from a form that was opened when `seen` was the newest event of the order.

    With `seen`, a change of the order since then is reported instead of overwritten. The same `key` acts once.
    """

    user_id: int | None
    seen: int | None = None
    key: uuid.UUID = field(default_factory=uuid.uuid4)


@dataclass(frozen=True)
class NewAddress:
    """The corrected delivery address of an order; its country stays."""

    name: str
    line1: str = ""
    line2: str = ""
    postcode: str = ""
    city: str = ""
    state: str = ""
    phone: str = ""


@dataclass(frozen=True)
class NewInvoiceAddress:
    """The corrected invoice address of an order; its country stays. Without a name, the delivery address is used."""

    company: str = ""
    billing_name: str = ""
    billing_line1: str = ""
    billing_postcode: str = ""
    billing_city: str = ""
    billing_state: str = ""


def version_of(order: Order) -> int:
    """Return the id of the order's newest event. Every change of an order writes an event.

    Events that were read with the order are not read again, so that a page gets the version of what it shows.
    """
    read = getattr(order, "_prefetched_objects_cache", {}).get("events")
    if read is not None:
        return max((event.pk for event in read), default=0)
    return order.events.order_by("-pk").values_list("pk", flat=True).first() or 0


def check_unchanged(order: Order, seen: int | None) -> None:
    """Raise OrderChanged if the order has events newer than `seen`."""
    if seen is None:
        return
    newer = list(order.events.filter(pk__gt=seen).select_related("user").order_by("pk"))
    if newer:
        raise OrderChanged(newer)


def lock_for(order: Order, edit: Edit) -> Order | None:
    """Lock the order for this edit and return it, or None if the edit has been made already.

    Raise OrderChanged if the order has changed since its page was opened.
    """
    locked = lock_order(order.pk)
    if locked.events.filter(key=edit.key).exists():
        return None
    check_unchanged(locked, edit.seen)
    return locked


def address_refusal(order: Order) -> str:
    """Return why the address of the order can no longer be corrected; empty if it can."""
    if order.status == Order.Status.CANCELED:
        return f"{order.number} is canceled, so its address stays as it is."
    if order.fulfillment_status != Order.FulfillmentStatus.UNFULFILLED:
        return f"A parcel of {order.number} has been shipped, so its address stays as it is."
    if order.status == Order.Status.COMPLETED:
        return f"{order.number} is completed, so its address stays as it is."
    return ""


@transaction.atomic
def correct_address(order: Order, new: NewAddress, edit: Edit) -> None:
    """Correct the delivery address of an order of which nothing has been shipped, and record it before and after.

    Raise EditRefused, and change nothing, if a parcel has been shipped, or if the tax, the price of delivery or the
    delivery itself would change. Raise OrderChanged if the order has changed since its page was opened.
    """
    locked = lock_for(order, edit)
    if not locked:
        return
    if refusal := address_refusal(locked):
        raise EditRefused(refusal)
    changes = _changes(locked, asdict(new))
    if not changes:
        raise EditRefused("Nothing was changed.")
    _check_destination(locked, new)
    Order.objects.filter(pk=locked.pk).update(**asdict(new))
    _record(locked, "Address corrected", changes, edit)


@transaction.atomic
def correct_invoice_address(order: Order, new: NewInvoiceAddress, edit: Edit) -> None:
    """Correct the address and the company on the invoice of an order, and record them before and after.

    The country stays, because the tax depends on it: without an invoice address so far, it is that of the delivery. Raise
    EditRefused once a parcel has been shipped, and OrderChanged if the order has changed since its page was opened.
    """
    locked = lock_for(order, edit)
    if not locked:
        return
    if refusal := address_refusal(locked):
        raise EditRefused(refusal)
    if not new.billing_name and invoice_country(locked) != locked.country:
        sentence = (
            f"The invoice of {locked.number} is for another country than its delivery, and an invoice keeps its country."
            " Enter its name and address."
        )
        raise EditRefused(sentence, "billing_name")
    values = {**asdict(new), "billing_country": invoice_country(locked) if new.billing_name else ""}
    changes = _changes(locked, values)
    if not changes:
        raise EditRefused("Nothing was changed.")
    Order.objects.filter(pk=locked.pk).update(**values)
    _record(locked, "Invoice address corrected", changes, edit)


def invoice_country(order: Order) -> str:
    """Return the country of the invoice address."""
    return order.billing_country or order.country


def _check_destination(order: Order, new: NewAddress) -> None:
    """Raise EditRefused if another tax or delivery applies to the new postcode or state than to the old one."""
    if not order.has_address or (new.postcode, new.state) == (order.postcode, order.state):
        return
    rules = current_rules()
    if choose_tax(rules, _buyer(order, order.postcode), order.placed_at) != choose_tax(
        rules, _buyer(order, new.postcode), order.placed_at
    ):
        sentence = (
            f"Another tax applies to {new.postcode} than to {order.postcode}. Cancel the order and place a new one."
        )
        raise EditRefused(sentence, "postcode")
    _check_delivery(rules, order, new)


def _buyer(order: Order, postcode: str) -> Buyer:
    return Buyer(order.country, postcode, order.email, order.user_id, order.vat_id)


def _check_delivery(rules: ShopRules, order: Order, new: NewAddress) -> None:
    """Raise EditRefused if delivery to the new postcode is impossible or has another price than to the old one.

    If the method no longer delivers to the old postcode, the price with which the order was placed counts.
    """
    placed = _placed_delivery(order)
    after = _delivery_price(rules, order, new.postcode, placed.goods_minor)
    if after is None:
        raise EditRefused(f"{order.shipping_name} does not deliver to {new.postcode}.", "postcode")
    before = _delivery_price(rules, order, order.postcode, placed.goods_minor)
    if before is None:
        before = placed.price_minor
    if before != after:
        sentence = (
            f"{order.shipping_name} costs {money(after, order.currency)} to {new.postcode} instead of"
            f" {money(before, order.currency)}. Cancel the order and place a new one."
        )
        raise EditRefused(sentence, "postcode")


@dataclass(frozen=True)
class _PlacedDelivery:
    """What delivery of an order cost when it was placed, and the value of its goods; both before discounts."""

    price_minor: int
    goods_minor: int


def _placed_delivery(order: Order) -> _PlacedDelivery:
    """Return the delivery from the order's receipt, or from its sums if the receipt is too old to contain it."""
    if can_be_derived(order.receipt):
        basket = basket_of(order.receipt)
        if basket.delivery:
            return _PlacedDelivery(basket.delivery.price_minor, Pricing(basket).goods_minor)
    return _PlacedDelivery(order.shipping_minor, order.subtotal_minor)


def _delivery_price(rules: ShopRules, order: Order, postcode: str, goods_minor: int) -> int | None:
    """Return the current price of the order's shipping method to this postcode, or None if it does not deliver there."""
    grams = sum(line.grams * line.quantity for line in order.lines.all() if line.needs_shipping)
    query = ShippingQuery(order.country, postcode, grams, goods_minor)
    options = find_options(rules.shipping.get(order.market, ()), query, timezone.now())
    return next((option.price_minor for option in options if option.code == order.shipping_code), None)


@transaction.atomic
def correct_email(order: Order, email: str, edit: Edit, *, may_move_codes: bool = False) -> None:
    """Correct the e-mail address, to which all further e-mails of the order go, and record it before and after.

    E-mails about the order that wait to be sent go to the new address as well; those with the codes of gift cards stay.
    Codes for which no e-mail has been written are worth money, so only an editor who may issue gift cards moves them
    (`may_move_codes`). Raise EditRefused if others try, or if the order already has this address, and OrderChanged if
    the order has changed since its page was opened.
    """
    locked = lock_for(order, edit)
    if not locked:
        return
    changes = _changes(locked, {"email": email})
    if not changes:
        raise EditRefused("The order already has this e-mail address.", "email")
    if not may_move_codes and locked.status != Order.Status.CANCELED and has_unsent_codes(locked):
        raise EditRefused("A gift card's code is still to be sent. Ask somebody who may issue gift cards.", "email")
    former, locked.email = locked.email, email
    Order.objects.filter(pk=locked.pk).update(email=email, customer_key=customer_key(email))
    for correct in email_corrections:
        correct(locked, former)
    _record(locked, "E-mail address corrected", changes, edit)


@transaction.atomic
def add_note(order: Order, text: str, edit: Edit) -> None:
    """Add a note for staff to the order's history. The shopper never sees it."""
    locked = lock_for(order, edit)
    if locked:
        record_event(locked, OrderEvent.Kind.NOTE, text, user_id=edit.user_id, key=edit.key)


def _changes(order: Order, values: Mapping[str, str]) -> list[Change]:
    """Return the values that differ from the order's."""
    before = {name: str(getattr(order, name)) for name in values}
    return [
        Change(LABELS[name], before[name] or NOTHING, after or NOTHING)
        for name, after in values.items()
        if after != before[name]
    ]


def _record(order: Order, text: str, changes: Iterable[Change], edit: Edit) -> None:
    record_event(order, OrderEvent.Kind.EDITED, text, changes=changes, user_id=edit.user_id, key=edit.key)
