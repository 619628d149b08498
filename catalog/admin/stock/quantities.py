"""Quantities as staff type them."""

from django import forms

from catalog.errors import StockRefused
from catalog.models import Variant

MAY_CHANGE_STOCK = "catalog.change_on_hand_stock"


def typed_quantities(text: str) -> dict[int, int]:
    """Units by variant id, from lines like `MUG-SAND 12`. Raises ValidationError with the number of an invalid line."""
    quantities: dict[int, int] = {}
    for number, line in enumerate(text.strip().splitlines(), start=1):
        code, _, quantity = line.strip().rpartition(" ")
        if not code or not (quantity.isascii() and quantity.isdigit() and len(quantity) < 9):
            raise forms.ValidationError(
                f"Line {number}: enter a SKU or barcode, a space and a quantity, like MUG-SAND 12."
            )
        variants = list(Variant.objects.filter(sku=code.strip())[:2]) or list(
            Variant.objects.filter(barcode=code.strip())[:2]
        )
        if len(variants) != 1:
            problem = "there are several variants" if variants else "there is no variant"
            raise forms.ValidationError(f"Line {number}: {problem} with the SKU or barcode {code.strip()}.")
        quantities[variants[0].pk] = quantities.get(variants[0].pk, 0) + int(quantity)
    return quantities


def whole_number(text: str) -> int:
    """The number of units in the text; 0 if it is empty. Raises StockRefused for anything else."""
    text = text.strip() or "0"
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise StockRefused(f"'{text[:20]}' is not a whole number.")
    return int(text)


def signed_number(text: str) -> int:
    """The change that the text means: `3`, `+3`, `-3` or `−3`. Raises StockRefused for anything else, and for 0."""
    digits = text.strip().replace("\N{MINUS SIGN}", "-")
    number = digits[1:] if digits[:1] in ("+", "-") else digits
    if not (number.isascii() and number.isdigit() and len(number) < 9 and int(number)):
        raise StockRefused(f"'{text[:20]}' is not a correction. Enter a whole number like +2 or −1.")
    return -int(number) if digits[0] == "-" else int(number)
