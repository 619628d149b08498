"""Bulk edits of product documents, without writing to the database."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import models

from catalog.money import round_half_up
from catalog.products.document import Document, plain_value


class Rounding(models.TextChoices):
    """How prices are rounded after a change by percent."""

    CENT = "cent", "to the cent"
    WHOLE = "whole", "to whole amounts"
    NINETY_FIVE = "95", "to the nearest .95"
    NINETY_NINE = "99", "to the nearest .99"


@dataclass(frozen=True)
class Sale:
    """A sale: percent off every price during a period."""

    percent: Decimal
    begins: datetime
    ends: datetime | None


@dataclass(frozen=True)
class Edit:
    """The changes to make to every product. None and empty values change nothing."""

    percent: Decimal | None = None
    rounding: Rounding = Rounding.CENT
    leaves_sales: bool = False
    on_hand: int | None = None
    add_tag: str = ""
    remove_tag: str = ""
    status: str = ""
    sale: Sale | None = None


def rounded(amount: Decimal, rounding: Rounding) -> int:
    """The nearest amount in minor units with the chosen ending, never below zero."""
    if rounding == Rounding.CENT:
        return max(0, round_half_up(amount))
    if rounding == Rounding.WHOLE:
        return max(0, round_half_up(amount / 100) * 100)
    ending = int(rounding.value)
    return max(ending, round_half_up((amount - ending) / 100) * 100 + ending)


def edited(document: Document, edit: Edit, variants: Mapping[str, Mapping[str, int]] | None = None) -> Document:
    """The document after the edit. `variants` maps variant keys to fields that override the edit."""
    after = deepcopy(document)
    fields = after["product"]
    if edit.status:
        fields["status"] = edit.status
    if edit.remove_tag in fields["tags"]:
        fields["tags"] = [tag for tag in fields["tags"] if tag != edit.remove_tag]
    if edit.add_tag and edit.add_tag not in fields["tags"]:
        fields["tags"] = [*fields["tags"], edit.add_tag]
    for key, variant in after["variants"].items():
        _edit_variant(variant, edit)
        variant |= (variants or {}).get(key, {})
        if variant["sale"] is not None and variant["price"] is not None and variant["sale"] >= variant["price"]:
            variant |= {"sale": None, "sale_until": None}
    return after


def _edit_variant(variant: Document, edit: Edit) -> None:
    if edit.percent is not None:
        factor = 1 + edit.percent / 100
        for name in ("price",) if edit.leaves_sales else ("price", "sale"):
            if variant[name] is not None:
                variant[name] = rounded(variant[name] * factor, edit.rounding)
    if edit.on_hand is not None and variant["is_tracked"]:
        variant["on_hand"] = edit.on_hand
    if edit.sale and variant["price"] is not None and not _has_overlapping_sale(variant, edit.sale):
        amount = rounded(variant["price"] * (1 - edit.sale.percent / 100), edit.rounding)
        planned = [amount, plain_value(edit.sale.begins), plain_value(edit.sale.ends)]
        if amount < variant["price"]:
            variant["planned"] = sorted([*variant["planned"], planned], key=lambda sale: sale[1])


def count_sales_changed(before: Document, after: Document) -> int:
    """The number of variants whose sale price changes or ends."""
    return sum(
        variant["sale"] is not None and after["variants"][key]["sale"] != variant["sale"]
        for key, variant in before["variants"].items()
    )


def count_with_sale_then(document: Document, edit: Edit) -> int:
    """The number of variants that already have a sale during the edit's sale. They keep theirs."""
    if edit.sale is None:
        return 0
    return sum(_has_overlapping_sale(variant, edit.sale) for variant in document["variants"].values())


def _has_overlapping_sale(variant: Document, sale: Sale) -> bool:
    periods = [(begins, ends) for _amount, begins, ends in variant["planned"]]
    if variant["sale"] is not None:
        periods.append((None, variant["sale_until"]))
    return any(_overlap(begins, ends, sale) for begins, ends in periods)


def _overlap(begins: str | None, ends: str | None, sale: Sale) -> bool:
    is_over = ends is not None and datetime.fromisoformat(ends) <= sale.begins
    is_later = begins is not None and sale.ends is not None and datetime.fromisoformat(begins) >= sale.ends
    return not is_over and not is_later
