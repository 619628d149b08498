"""Barcodes: the Global Trade Item Numbers of GS1 (General Specifications, section 7.9: check digit)."""

import re

LENGTHS = (8, 12, 13, 14)


def looks_like_gtin(text: str) -> bool:
    """Digits in one of the lengths that GTINs have."""
    return bool(re.fullmatch(r"\d+", text, re.ASCII)) and len(text) in LENGTHS


def is_gtin(text: str) -> bool:
    """A GTIN-8, -12, -13 or -14 whose check digit is right."""
    if not looks_like_gtin(text):
        return False
    *digits, check = (int(digit) for digit in text)
    total = sum(digit * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return (10 - total % 10) % 10 == check
