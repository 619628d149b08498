"""Send the e-mails about an order. Sending writes a row to the outbox in the caller's transaction."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.template.loader import render_to_string

from catalog.emails import Attachment, Priority, write_mail
from catalog.markets import market_of
from catalog.models import Page, Store
from catalog.money import format_money
from catalog.store_texts import page_in, version_in
from orders.delivery.options import day_span
from orders.models import Fulfillment, GiftCard, Order, OrderLine
from orders.models.order import DIGITAL, TERMS_SLUG
from orders.page_text import page_html
from orders.summary import sum_rows

# When the card will be charged, as a sentence for the customer, or an empty text. Payments adds itself.
CHARGE_NOTES: list[Callable[[Order], str]] = []


def charge_note(order: Order) -> str:
    """Return a sentence about when the card will be charged; empty if nothing is charged later."""
    return next(filter(None, (note(order) for note in CHARGE_NOTES)), "")


def store_name() -> str:
    """Return the name of the shop."""
    return Store.objects.values_list("name", flat=True).first() or "Mercer"


def _write(  # noqa: PLR0913  (each is a part of the e-mail)
    order: Order,
    kind: str,
    key: str,
    subject: str,
    context: Mapping[str, Any],
    *,
    to: str = "",
    has_codes: bool = False,
    attachments: Sequence[Attachment] = (),
) -> None:
    """Write an e-mail about an order to `to`, or to the buyer if `to` is empty."""
    write_mail(
        kind,
        key,
        to=to or order.email,
        subject=subject,
        context={"order": order, **context},
        priority=Priority.ORDER,
        keeps_text=not has_codes,
        attachments=attachments,
    )


def send_about(order: Order, kind: str, key: str, subject: str, context: Mapping[str, Any], *, again: str = "") -> None:
    """Write an e-mail of another app about an order to its buyer, once, and once more for each value of `again`."""
    _write(order, kind, _key(key, again), subject, context)


def _key(key: str, again: str) -> str:
    """Return the key of an e-mail, which differs if it is sent again."""
    return f"{key}.{again}" if again else key


def send_confirmation(order: Order, *, again: str = "") -> None:
    """Send the buyer the confirmation of a paid order: lines, sums, delivery dates and the terms of sale.

    The e-mail is sent once, and once more for each value of `again`.
    """
    lines = list(order.lines.all())
    first = lines[0].title if lines else "your order"
    more = f" and {len(lines) - 1} more" if len(lines) > 1 else ""
    _write(
        order,
        "order_confirmed",
        _key(order.public_id.hex, again),
        f"Order {order.number}: {first}{more}",
        {"lines": lines, "rows": sum_rows(order), "arrives": _arrival(order), **_charge(order)},
        attachments=_terms(order),
    )


def _charge(order: Order) -> dict[str, str]:
    """Return what the confirmation says about the payment: `paid`, or `confirmed` and when the card is charged."""
    note = charge_note(order)
    return {"standing": "confirmed" if note else "paid", "charge_note": note}


def _arrival(order: Order) -> str:
    """Return `Arrives Mon 30 November – Tue 1 December`, or an empty text if nothing is shipped."""
    if not order.arrives_from or not order.arrives_until or order.shipping_code == DIGITAL:
        return ""
    if order.is_pickup:
        return f"Ready from {day_span(order.arrives_until, order.arrives_until)}"
    return f"Arrives {day_span(order.arrives_from, order.arrives_until)}"


def _terms(order: Order) -> list[Attachment]:
    """Return the terms that the order accepted as an attachment to keep; none if the shop has no such page.

    An order from before pages had versions gets the current terms.
    """
    market = market_of(order.market)
    if order.terms:
        page = version_in(order.terms, market)
    elif current := Page.objects.filter(section=Page.Section.LEGAL, slug=TERMS_SLUG).first():
        page = page_in(current, market)
    else:
        return []
    text = page_html(page, market, Store.objects.first() or Store())
    content = render_to_string("emails/terms.html", {"page": page, "version": order.terms_version, "text": text})
    return [Attachment(f"terms-{order.terms_version}.html", content)]


def send_shipped(fulfillment: Fulfillment, *, again: str = "") -> None:
    """Tell the buyer that a parcel has been shipped, with its lines and tracking number.

    The e-mail is sent once, and once more for each value of `again`.
    """
    order = fulfillment.order
    parts = fulfillment.lines.select_related("line")
    subject = f"On its way: order {order.number}"
    context = {"fulfillment": fulfillment, "parts": parts}
    _write(order, "order_shipped", _key(fulfillment.key.hex, again), subject, context)


def send_canceled(
    order: Order, *, refunded_minor: int, gift_minor: int = 0, released_minor: int = 0, again: str = ""
) -> None:
    """Tell the buyer that the order is canceled, and what goes back: how it was paid, and to gift cards.

    `released_minor` is what the buyer's bank held and gives back, because it was never charged.

    The e-mail is sent once, and once more for each value of `again`.
    """
    subject = f"Order {order.number} is canceled"
    key = _key(order.public_id.hex, again)
    amounts = {"refunded_minor": refunded_minor, "gift_minor": gift_minor, "released_minor": released_minor}
    _write(order, "order_canceled", key, subject, amounts)


def send_late_refund(order: Order, *, refunded_minor: int, key: str, is_held: bool = False) -> None:
    """Tell the buyer that the payment arrived too late and is refunded in full, or never charged if it is only held."""
    subject = f"Order {order.number}: your payment will be {'released' if is_held else 'refunded'}"
    _write(order, "late_refund", key, subject, {"refunded_minor": refunded_minor, "is_held": is_held})


def send_refunded(  # noqa: PLR0913  (each is a part of the e-mail)
    order: Order,
    *,
    refunded_minor: int,
    released_minor: int = 0,
    to: str,
    has_card: bool,
    reason: str,
    lines: Sequence[str],
    key: str,
    again: str = "",
) -> None:
    """Tell the buyer that money was refunded: how much, to what, why and for which units.

    `released_minor` is the part that was not charged yet, and never will be. `has_card` says that some of the rest goes to
    a bank card, which takes days. The e-mail is sent once, and once more for each
    value of `again`.
    """
    subject = f"Order {order.number}: your refund"
    minor = format_money(refunded_minor or released_minor, order.currency)
    heading = f"Your refund of {minor}" if refunded_minor else f"You will be charged {minor} less"
    context: dict[str, Any] = {"heading": heading, "refunded_minor": refunded_minor, "released_minor": released_minor}
    context |= {"to": to, "has_card": has_card, "reason": reason, "lines": lines}
    _write(order, "order_refunded", _key(key, again), subject, context)


def send_gift_cards(order: Order, issued: Sequence[tuple[GiftCard, str]]) -> None:
    """Send the buyer the codes of these gift cards. The codes appear in this e-mail only."""
    cards = [{"code": code, "card": card} for card, code in issued]
    key = f"{order.public_id.hex}.{issued[0][0].pk}"
    _write(order, "gift_cards", key, f"Order {order.number}: your gift card", {"cards": cards}, has_codes=True)


def send_gift(order: Order, line: OrderLine, issued: Sequence[tuple[GiftCard, str]]) -> None:
    """Send the gift cards of one line to their recipient, and tell the buyer so without the codes."""
    cards = [{"code": code, "card": card} for card, code in issued]
    key = f"{order.public_id.hex}.{issued[0][0].pk}"
    sender = line.sender_name or order.name
    context = {"cards": cards, "line": line, "sender": sender}
    subject = f"{sender} has sent you a gift card"
    _write(order, "gift", key, subject, context, to=line.recipient_email, has_codes=True)
    _write(order, "order_gift_sent", key, f"Order {order.number}: your gift card was sent", {"line": line})
