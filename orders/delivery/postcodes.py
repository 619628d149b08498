"""Match postcodes against patterns that staff enter, like `10000-19999, 35*, SW1*, BT1-BT99`.

Tax regions and shipping zones use this module alone. A postcode has a full form (`90210-1234`) and, in some countries, a
common short form (`90210`). It matches a pattern if either form does.
"""

import re
from os.path import commonprefix

CODE = r"[0-9A-Z]+"
PART = re.compile(rf"(?P<low>{CODE})-(?P<high>{CODE})|(?P<stem>[0-9A-Z]*)\*|(?P<whole>{CODE})")
NUMBERED = re.compile(r"(?P<letters>[A-Z]*)(?P<number>\d+)[A-Z]?")  # BT12, EC1A: a post town and its district
DASHES = str.maketrans({"\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-"})
# By country: the full form of a postcode, with its short form as the group.
SHORT_FORMS = {
    "AR": re.compile(r"[A-Z](\d{4})[A-Z]{3}"),
    "BR": re.compile(r"(\d{5})\d{3}"),
    "CA": re.compile(r"([A-Z]\d[A-Z])\d[A-Z]\d"),
    "IE": re.compile(r"([A-Z]\d[\dW])[0-9A-Z]{4}"),
    "IR": re.compile(r"(\d{5})\d{5}"),
    "MT": re.compile(r"([A-Z]{3})\d{2,4}"),
    "NL": re.compile(r"(\d{4})[A-Z]{2}"),
    "PT": re.compile(r"(\d{4})\d{3}"),
    "US": re.compile(r"(\d{5})\d{4}"),
    **dict.fromkeys(("GB", "GG", "IM", "JE"), re.compile(r"([A-Z]{1,2}\d[0-9A-Z]?)\d[A-Z]{2}")),
}
WITH_COUNTRY = re.compile(r"[A-Z]{1,3}(\d+)")  # L-2449, D-10115, FIN-00100
WHOLE_CODE = 100  # narrower than any prefix or range


def plain(postcode: str) -> str:
    """Return a postcode in capitals, without spaces and dashes."""
    return re.sub(r"[\s-]", "", postcode.translate(DASHES)).upper()


def _forms(postcode: str, country: str) -> list[str]:
    """Return the postcode in full, in short, and without a country prefix."""
    code = plain(postcode)
    short = SHORT_FORMS.get(country)
    matches = (short.fullmatch(code) if short else None, WITH_COUNTRY.fullmatch(code))
    return list(dict.fromkeys([code, *(match[1] for match in matches if match)])) if code else []


def _parts(text: str) -> list[str]:
    return [re.sub(r"\s", "", part.translate(DASHES)).upper() for part in text.split(",") if part.strip()]


def first_invalid_pattern(text: str) -> str:
    """Return the first pattern in the text that is invalid; empty if all are valid."""
    return next((part for part in _parts(text) if not _is_valid(part)), "")


def _is_valid(part: str) -> bool:
    """Return whether this is a valid pattern. The ends of a range have the same format, the lower one first."""
    match = PART.fullmatch(part)
    if not match:
        return False
    low, high = match["low"], match["high"]
    return low is None or _lies_between(low, low, high)


def is_within(postcode: str, text: str, country: str = "") -> bool:
    """Return whether the postcode matches one of the patterns in the text."""
    return narrowness(postcode, text, country) > 0


def narrowness(postcode: str, text: str, country: str = "") -> int:
    """Return how narrow the narrowest matching pattern is; 0 if none matches.

    A full code is narrower than any prefix or range; among those, the one with more fixed characters is narrower.
    """
    parts = [match for part in _parts(text) if (match := PART.fullmatch(part))]
    return max((_narrowness(code, part) for code in _forms(postcode, country) for part in parts), default=0)


def _narrowness(code: str, part: re.Match[str]) -> int:
    if part["whole"]:
        return WHOLE_CODE if code == part["whole"] else 0
    if part["stem"] is not None:
        return 1 + len(part["stem"]) if code.startswith(part["stem"]) else 0
    low, high = part["low"], part["high"]
    return 1 + len(commonprefix([low, high])) if _lies_between(code, low, high) else 0


def _lies_between(code: str, low: str, high: str) -> bool:
    """Compare codes of equal length as text; compare codes with the same letters, like BT9 and BT12, by number."""
    if len(code) == len(low) == len(high):
        return low <= code <= high
    matches = [NUMBERED.fullmatch(text) for text in (code, low, high)]
    if not all(match and match["letters"] for match in matches):
        return False
    if len({match["letters"] for match in matches if match}) > 1:
        return False
    number, lowest, highest = (int(match["number"]) for match in matches if match)
    return lowest <= number <= highest


def example_postcode(text: str) -> str:
    """Return a postcode, or the beginning of one, that matches the first pattern in the text; empty if there is none."""
    match = PART.fullmatch(parts[0]) if (parts := _parts(text)) else None
    if not match:
        return ""
    return match["whole"] or match["low"] or match["stem"]
