"""Who gets the code of a bought gift card, and when."""

from collections.abc import Sequence

from django.db import transaction

from orders.emails import send_gift, send_gift_cards
from orders.gift_cards import disclose, waiting_cards
from orders.models import GiftCard, Order, OrderLine

Issued = tuple[GiftCard, str]


def mail_gift_cards(order: Order, issued: Sequence[Issued]) -> None:
    """Mail the codes: those of a gift to its recipient, one mail a line, and all others to the buyer in one mail."""
    own: list[Issued] = []
    gifts: dict[OrderLine, list[Issued]] = {}
    for card, code in issued:
        line = card.order_line
        if line and line.recipient_email:
            gifts.setdefault(line, []).append((card, code))
        else:
            own.append((card, code))
    if own:
        send_gift_cards(order, own)
    for line, cards in gifts.items():
        send_gift(order, line, cards)


def send_due_gift_cards() -> int:
    """Mail every gift card whose day has come, each in a transaction of its own; returns how many were mailed."""
    return sum(_send_waiting(card_id) for card_id in waiting_cards())


@transaction.atomic
def _send_waiting(card_id: int) -> bool:
    disclosed = disclose(card_id)
    if not disclosed or not disclosed[0].order_line:
        return False
    mail_gift_cards(disclosed[0].order_line.order, [disclosed])
    return True
