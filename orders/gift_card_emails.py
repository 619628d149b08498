"""Send the codes of bought gift cards to recipients and buyers."""

from collections.abc import Sequence

from django.db import transaction

from orders.emails import send_gift, send_gift_cards
from orders.gift_cards import due_card_ids, renew_code
from orders.models import GiftCard, Order, OrderLine

Issued = tuple[GiftCard, str]


def mail_gift_cards(order: Order, issued: Sequence[Issued]) -> None:
    """Send the codes: gifts to their recipients in one e-mail per line, all others to the buyer in one e-mail."""
    for_buyer: list[Issued] = []
    gifts: dict[OrderLine, list[Issued]] = {}
    for card, code in issued:
        line = card.order_line
        if line and line.recipient_email:
            gifts.setdefault(line, []).append((card, code))
        else:
            for_buyer.append((card, code))
    if for_buyer:
        send_gift_cards(order, for_buyer)
    for line, cards in gifts.items():
        send_gift(order, line, cards)


def send_due_gift_cards() -> int:
    """Send every gift card that is due, each in its own transaction; return how many were sent."""
    return sum(_send_waiting(card_id) for card_id in due_card_ids())


@transaction.atomic
def _send_waiting(card_id: int) -> bool:
    disclosed = renew_code(card_id)
    if not disclosed or not disclosed[0].order_line:
        return False
    mail_gift_cards(disclosed[0].order_line.order, [disclosed])
    return True
