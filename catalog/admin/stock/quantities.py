"""Quantities as staff type them."""

from django import forms

from catalog.admin.stock.variants import variants_by_code
from catalog.errors import StockRefused

MAY_CHANGE_STOCK = "catalog.change_on_hand_stock"


def typed_quantities(text: str) -> dict[int, int]:
    """Units by variant id, from lines like `MUG-SAND 12`. Raises ValidationError with the number of an invalid line."""
    typed = [_code_and_quantity(number, line) for number, line in enumerate(text.strip().splitlines(), start=1)]
    found = variants_by_code({code for code, _ in typed})
    quantities: dict[int, int] = {}
    for number, (code, quantity) in enumerate(typed, start=1):
        if len(found[code]) != 1:
            problem = "there are several variants" if found[code] else "there is no variant"
            raise forms.ValidationError(f"Line {number}: {problem} with the SKU or barcode {code}.")
        pk = found[code][0].pk
        quantities[pk] = quantities.get(pk, 0) + quantity
    return quantities


def _code_and_quantity(number: int, line: str) -> tuple[str, int]:
    code, _, quantity = line.strip().rpartition(" ")
    if not code or not (quantity.isascii() and quantity.isdigit() and len(quantity) < 9):  # noqa: PLR2004
        raise forms.ValidationError(f"Line {number}: enter a SKU or barcode, a space and a quantity, like MUG-SAND 12.")
    return code.strip(), int(quantity)


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
