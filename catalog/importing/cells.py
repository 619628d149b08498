"""Convert the cells of a product file to values. A cell that cannot be converted refuses its row."""

import re
from decimal import Decimal

from catalog.money import AmountRefused, to_minor

YES = {"true", "yes", "1", "y"}


class RefusedRow(Exception):
    """A row cannot be imported. Becomes a Problem."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def decimal_text(text: str, line: int, what: str) -> str:
    """The number above zero with three decimals."""
    if not re.fullmatch(r"\d{1,8}(\.\d{1,6})?", text, re.ASCII) or not Decimal(text).quantize(Decimal("0.001")):
        raise RefusedRow(line, f"the {what} '{text}' is not a number above zero")
    return str(Decimal(text).quantize(Decimal("0.001")))


def without_guard(text: str) -> str:
    """The text without the apostrophe that spreadsheets put before numbers stored as text."""
    return text.removeprefix("'").strip()


def one_line(text: str) -> str:
    """The text without line breaks and repeated spaces."""
    return " ".join(text.split())[:255]


def tag_list(text: str) -> list[str]:
    """The distinct tags of a text with commas."""
    return list(dict.fromkeys(tag for part in text.split(",") if (tag := part.strip()[:100])))


def is_yes(text: str) -> bool:
    """Whether the cell says yes. An empty cell does."""
    return (text or "true").lower() in YES


def minor_amount(text: str, line: int, currency: str, what: str) -> int | None:
    """The amount in minor units; None for an empty cell."""
    if not text:
        return None
    try:
        return to_minor(text, currency)
    except AmountRefused as refused:
        sentence = str(refused)
        why = sentence[0].lower() + sentence[1:].removesuffix(".")
        raise RefusedRow(line, f"the {what} '{text}' is not valid: {why}") from refused


def whole_number(text: str, line: int, what: str, *, may_be_negative: bool = False) -> int | None:
    """The rounded number; None for an empty cell."""
    if not text:
        return None
    if not re.fullmatch(r"-?\d{1,9}(\.0+)?" if may_be_negative else r"\d{1,9}(\.\d+)?", text, re.ASCII):
        raise RefusedRow(line, f"the {what} '{text}' is not a whole number")
    return round(float(text))
