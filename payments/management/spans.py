"""Spans of time as arguments of commands."""

import re
from argparse import ArgumentTypeError
from datetime import timedelta

UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1)}


def span(text: str) -> timedelta:
    """Return the span of time that a text like `36h` or `30d` names."""
    match = re.fullmatch(r"([1-9]\d{0,4})([hd])", text)
    if not match:
        raise ArgumentTypeError(f"{text!r} is not like 36h or 30d")
    return int(match[1]) * UNITS[match[2]]
