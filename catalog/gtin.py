"""Barcodes: the Global Trade Item Numbers of GS1 (GTIN-8, -12, -13 and -14)."""

import re

from stdnum import ean

LENGTHS = (8, 12, 13, 14)


def looks_like_gtin(text: str) -> bool:
    """Whether the text consists of digits and has the length of a GTIN."""
    return bool(re.fullmatch(r"\d+", text, re.ASCII)) and len(text) in LENGTHS


def is_gtin(text: str) -> bool:
    """Whether the text is a GTIN with a valid check digit."""
    return looks_like_gtin(text) and ean.is_valid(text)
