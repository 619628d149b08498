"""Parts of a country by postcodes, as staff write them: `10000-19999, 35*, SW1*, BT1-BT99`.

Tax regions and shipping zones read postcodes by this module alone. A postcode has a whole form (`90210-1234`) and, in
some countries, a short one that people mean by it (`90210`); it lies in a part where either form does.
"""

import re
from os.path import commonprefix

CODE = r"[0-9A-Z]+"
PART = re.compile(rf"(?P<low>{CODE})-(?P<high>{CODE})|(?P<stem>[0-9A-Z]*)\*|(?P<whole>{CODE})")
NUMBERED = re.compile(r"(?P<letters>[A-Z]*)(?P<number>\d+)[A-Z]?")  # BT12, EC1A: a post town and a district of it
DASHES = str.maketrans({"\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-"})
# Whole postcodes of countries where a shorter form says the place: which part of them that is.
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
WHOLE_CODE = 100  # narrower than any beginning or range


def plain(postcode: str) -> str:
    """A postcode without spaces and dashes, in capitals."""
    return re.sub(r"[\s-]", "", postcode.translate(DASHES)).upper()


def _forms(postcode: str, country: str) -> list[str]:
    """The postcode as a whole, in short, and without the letters of its country."""
    code = plain(postcode)
    short = SHORT_FORMS.get(country)
    found = (short.fullmatch(code) if short else None, WITH_COUNTRY.fullmatch(code))
    return list(dict.fromkeys([code, *(form[1] for form in found if form)])) if code else []


def _parts(text: str) -> list[str]:
    return [re.sub(r"\s", "", part.translate(DASHES)).upper() for part in text.split(",") if part.strip()]


def wrong_part(text: str) -> str:
    """The first part of such a text that names no postcodes; empty where all can be read."""
    return next((part for part in _parts(text) if not _can_be_read(part)), "")


def _can_be_read(part: str) -> bool:
    """Whether a part names postcodes. A range runs upwards, between two codes of one shape."""
    found = PART.fullmatch(part)
    if not found:
        return False
    low, high = found["low"], found["high"]
    return low is None or _lies_between(low, low, high)


def is_within(postcode: str, text: str, country: str = "") -> bool:
    """Whether the postcode lies in one of the parts."""
    return narrowness(postcode, text, country) > 0


def narrowness(postcode: str, text: str, country: str = "") -> int:
    """How narrow the narrowest part is that holds the postcode; 0 where none does.

    A whole code is narrower than any beginning or range; of these, whichever fixes more characters is.
    """
    parts = [found for part in _parts(text) if (found := PART.fullmatch(part))]
    return max((_narrowness(code, part) for code in _forms(postcode, country) for part in parts), default=0)


def _narrowness(code: str, part: re.Match[str]) -> int:
    if part["whole"]:
        return WHOLE_CODE if code == part["whole"] else 0
    if part["stem"] is not None:
        return 1 + len(part["stem"]) if code.startswith(part["stem"]) else 0
    low, high = part["low"], part["high"]
    return 1 + len(commonprefix([low, high])) if _lies_between(code, low, high) else 0


def _lies_between(code: str, low: str, high: str) -> bool:
    """Codes of one length by their characters; BT9 and BT12, whose letters are the same, by their numbers."""
    if len(code) == len(low) == len(high):
        return low <= code <= high
    numbered = [NUMBERED.fullmatch(one) for one in (code, low, high)]
    if not all(one and one["letters"] for one in numbered) or len({one["letters"] for one in numbered if one}) > 1:
        return False
    number, lowest, highest = (int(one["number"]) for one in numbered if one)
    return lowest <= number <= highest


def example_postcode(text: str) -> str:
    """A postcode that lies in the first part of such a text; empty where there is none."""
    found = PART.fullmatch(parts[0]) if (parts := _parts(text)) else None
    if not found:
        return ""
    return found["whole"] or found["low"] or found["stem"]
