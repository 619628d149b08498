"""Gift cards in a cart: each set of gift details is a line of its own."""

import hashlib
import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone

from catalog.models import Variant
from catalog.prices import price_of_facts
from orders.cart import MAX_LINE_QUANTITY, MAX_LINES, locked_open, touch
from orders.errors import CartRefused
from orders.models import Cart, CartLine

DETAILS = ("recipient_name", "recipient_email", "sender_name", "gift_text", "send_on")


@dataclass(frozen=True)
class GiftWish:
    """Whom a gift card is for. Without an e-mail address the buyer gets the code; without a day it goes at once."""

    recipient_name: str = ""
    recipient_email: str = ""
    sender_name: str = ""
    gift_text: str = ""
    send_on: date | None = None

    @property
    def key(self) -> str:
        """A digest of the details, equal for equal details; empty if there are none."""
        if self == GiftWish():
            return ""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True, default=str).encode()).hexdigest()


@transaction.atomic
def add_gift_card(cart: Cart, variant: Variant, quantity: int, wish: GiftWish) -> CartLine:
    """Put gift cards with these details into the cart; the same details again add up, to at most 99.

    Raises CartRefused beyond 100 lines and for a cart that became an order.
    """
    locked = locked_open(cart)
    most = min(variant.most_per_order or MAX_LINE_QUANTITY, MAX_LINE_QUANTITY)
    price = price_of_facts(variant.facts) if getattr(variant, "facts", None) else None
    seen_minor = price.amount_minor if price else None
    line = locked.lines.filter(variant=variant, personal_key=wish.key).first()
    is_there = line is not None and line.state == CartLine.State.ACTIVE
    if not is_there and locked.lines.filter(state=CartLine.State.ACTIVE).count() >= MAX_LINES:
        raise CartRefused(f"A cart can hold at most {MAX_LINES} different items.")
    if not line:
        line = CartLine(cart=locked, variant=variant, personal_key=wish.key, quantity=0, **asdict(wish))
    line.quantity = min((line.quantity if is_there else 0) + quantity, most)
    line.state, line.seen_minor, line.changed_at = CartLine.State.ACTIVE, seen_minor, timezone.now()
    line.save()
    touch(locked)
    return line


def move_gift_lines(source: Cart, target: Cart) -> None:
    """Move the lines with gift details to the other cart; a gift that is there already is the same gift."""
    there = set(target.lines.exclude(personal_key="").values_list("variant_id", "personal_key"))
    for line in source.lines.exclude(personal_key=""):
        if (line.variant_id, line.personal_key) not in there:
            CartLine.objects.filter(pk=line.pk).update(cart=target)


def gift_details_of(line_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Return the gift details of these cart lines by their ids; no query where there are none."""
    if not line_ids:
        return {}
    rows = CartLine.objects.filter(pk__in=line_ids).values("pk", *DETAILS)
    return {row.pop("pk"): row for row in rows}
