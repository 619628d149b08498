"""Tenders: the amounts that gift cards and store credit pay of a total."""

from collections.abc import Iterable
from dataclasses import dataclass

from orders.rulebook import GiftCardBalance


@dataclass(frozen=True)
class Tender:
    """The amount in minor units that a gift card or store credit pays."""

    gift_card: GiftCardBalance
    amount_minor: int

    @property
    def name(self) -> str:
        return self.gift_card.name


def split_tenders(
    total_minor: int, gift_cards: Iterable[GiftCardBalance], smallest_charge: int, step: int = 1
) -> list[Tender]:
    """Split the total over the gift cards in the given sort order; amounts in minor units.

    The rest is 0 or an amount that the payment provider can charge: at least `smallest_charge` and a multiple of `step`.
    The gift cards pay less if that needs it.
    """
    gift_cards = list(gift_cards)
    payable = min(total_minor, sum(card.balance_minor for card in gift_cards))
    due = _whole_steps(total_minor - payable, step)
    if 0 < due < smallest_charge:
        due = _whole_steps(smallest_charge, step)
    payable = max(0, total_minor - due)
    tenders = []
    for card in gift_cards:
        amount = min(payable, card.balance_minor)
        if amount:
            tenders.append(Tender(card, amount))
            payable -= amount
    return tenders


def _whole_steps(amount: int, step: int) -> int:
    """Round the amount up to a multiple of the step."""
    return -(-amount // step) * step
