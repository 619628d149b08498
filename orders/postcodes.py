"""Parts of a country by postcodes, as staff write them: `10000-19999, 35*, SW1*`."""

import re

PART = re.compile(r"(?P<low>[0-9A-Z]+)-(?P<high>[0-9A-Z]+)|(?P<stem>[0-9A-Z]*)\*|(?P<whole>[0-9A-Z]+)")


def plain(postcode: str) -> str:
    """A postcode without spaces and dashes, in capitals."""
    return re.sub(r"[\s-]", "", postcode).upper()


def _parts(text: str) -> list[str]:
    return [re.sub(r"\s", "", part).upper() for part in text.split(",") if part.strip()]


def wrong_part(text: str) -> str:
    """The first part of such a text that cannot be read; empty where all can."""
    return next((part for part in _parts(text) if not PART.fullmatch(part)), "")


def is_within(postcode: str, text: str) -> bool:
    """Whether the postcode lies in one of the parts. Ranges compare codes of the same length only."""
    code = plain(postcode)
    return bool(code) and any(_fits(code, found) for part in _parts(text) if (found := PART.fullmatch(part)))


def _fits(code: str, part: re.Match[str]) -> bool:
    if part["whole"]:
        return code == part["whole"]
    if part["stem"] is not None:
        return code.startswith(part["stem"])
    low, high = part["low"], part["high"]
    return len(code) == len(low) == len(high) and low <= code <= high
