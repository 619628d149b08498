"""Gift cards in a cart. Gift cards with different gift details are separate lines."""

import hashlib
import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone

from catalog.models import Variant
from catalog.prices import price_from_rows
from orders.cart.editing import MAX_LINE_QUANTITY, MAX_LINES, lock_open_cart, raise_version
from orders.errors import CartRefused
from orders.models import Cart, CartLine

DETAILS = ("recipient_name", "recipient_email", "sender_name", "gift_text", "send_on")


@dataclass(frozen=True)
class GiftOptions:
    """Gift details of a gift card. Without an e-mail address the buyer gets the code; without a date it is sent at once."""

    recipient_name: str = ""
    recipient_email: str = ""
    sender_name: str = ""
    gift_text: str = ""
    send_on: date | None = None

    @property
    def key(self) -> str:
        """A digest of the details, equal for equal details; empty if there are none."""
        if self == GiftOptions():
            return ""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True, default=str).encode()).hexdigest()


@transaction.atomic
def add_gift_card(cart: Cart, variant: Variant, quantity: int, options: GiftOptions) -> CartLine:
    """Add gift cards with these details to the cart; the same details again add up to at most 99 on one line.

    Raise CartRefused if the cart has been ordered or would hold more than 100 lines.
    """
    locked = lock_open_cart(cart)
    most = min(variant.most_per_order or MAX_LINE_QUANTITY, MAX_LINE_QUANTITY)
    price = price_from_rows(variant.price_rows) if getattr(variant, "price_rows", None) else None
    seen_minor = price.amount_minor if price else None
    line = locked.lines.filter(variant=variant, personal_key=options.key).first()
    is_active = line is not None and line.state == CartLine.State.ACTIVE
    if not is_active and locked.lines.filter(state=CartLine.State.ACTIVE).count() >= MAX_LINES:
        raise CartRefused(f"A cart can hold at most {MAX_LINES} different items.")
    if not line:
        line = CartLine(cart=locked, variant=variant, personal_key=options.key, quantity=0, **asdict(options))
    line.quantity = min((line.quantity if is_active else 0) + quantity, most)
    line.state, line.seen_minor, line.changed_at = CartLine.State.ACTIVE, seen_minor, timezone.now()
    line.save()
    raise_version(locked)
    return line


def move_gift_lines(source: Cart, target: Cart) -> None:
    """Move lines with gift details to the target cart, except those that the target has already."""
    existing = set(target.lines.exclude(personal_key="").values_list("variant_id", "personal_key"))
    for line in source.lines.exclude(personal_key=""):
        if (line.variant_id, line.personal_key) not in existing:
            CartLine.objects.filter(pk=line.pk).update(cart=target)


def gift_details_of(line_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Return the gift details of these cart lines by line id; without ids, make no query."""
    if not line_ids:
        return {}
    rows = CartLine.objects.filter(pk__in=line_ids).values("pk", *DETAILS)
    return {row.pop("pk"): row for row in rows}
