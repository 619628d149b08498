"""Barcodes: the Global Trade Item Numbers of GS1 (GTIN-8, -12, -13 and -14)."""

import re

from stdnum import ean

LENGTHS = (8, 12, 13, 14)


def looks_like_gtin(text: str) -> bool:
    """Whether the text is digits only, in one of the lengths that GTINs have."""
    return bool(re.fullmatch(r"\d+", text, re.ASCII)) and len(text) in LENGTHS


def is_gtin(text: str) -> bool:
    """Whether the text is a GTIN whose check digit is right."""
    return looks_like_gtin(text) and ean.is_valid(text)
