"""What an order costs: arithmetic alone, no database, no clock."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from catalog.money import apportion, round_half_up


@dataclass(frozen=True)
class PricedLine:
    """What goes in: a quantity at a unit price in minor units, and where that price comes from."""

    quantity: int
    unit_minor: int
    is_taxable: bool = True
    price_id: int | None = None


@dataclass(frozen=True)
class LineTotal:
    """What comes out for a line; `total_minor` is what is charged for it."""

    subtotal_minor: int
    discount_minor: int
    tax_minor: int
    total_minor: int


@dataclass(frozen=True)
class Totals:
    """The parts of an order's total, all in minor units.

    Tax included: total = subtotal − discount + shipping. Tax excluded: the tax comes on top.
    """

    lines: list[LineTotal]
    subtotal_minor: int
    discount_minor: int
    shipping_minor: int
    tax_minor: int
    total_minor: int
    tax_rate: Decimal
    is_tax_included: bool

    def receipt(self, lines: Sequence[PricedLine], shipping_code: str) -> dict[str, Any]:
        """How the total came about, as plain values that can be kept and derived again."""
        parts = [{**asdict(line), **asdict(total)} for line, total in zip(lines, self.lines, strict=True)]
        return {
            "lines": parts,
            "shipping": {"code": shipping_code, "minor": self.shipping_minor},
            "tax": {
                "percent": str(self.tax_rate),
                "is_included": self.is_tax_included,
                "minor": self.tax_minor,
            },
            "total_minor": self.total_minor,
        }


def total_up(lines: Sequence[PricedLine], *, shipping_minor: int, tax_rate: Decimal, is_tax_included: bool) -> Totals:
    """Price an order. Tax is rounded once, on the whole taxed amount, and its parts always add up to it."""
    subtotals = [line.unit_minor * line.quantity for line in lines]
    taxed = [amount if line.is_taxable else 0 for line, amount in zip(lines, subtotals, strict=True)]
    base = sum(taxed) + shipping_minor
    tax = round_half_up(base * tax_rate / (100 + tax_rate if is_tax_included else Decimal(100)))
    *line_taxes, shipping_tax = apportion(tax, [*taxed, shipping_minor])
    line_totals = [
        LineTotal(
            subtotal_minor=amount,
            discount_minor=0,
            tax_minor=line_tax,
            total_minor=amount if is_tax_included else amount + line_tax,
        )
        for amount, line_tax in zip(subtotals, line_taxes, strict=True)
    ]
    goods = sum(line.total_minor for line in line_totals)
    return Totals(
        lines=line_totals,
        subtotal_minor=sum(subtotals),
        discount_minor=0,
        shipping_minor=shipping_minor,
        tax_minor=tax,
        total_minor=goods + shipping_minor + (0 if is_tax_included else shipping_tax),
        tax_rate=tax_rate,
        is_tax_included=is_tax_included,
    )
