"""Phone numbers as people write them, in one stored form."""

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

from accounts.one_line import one_line

EXTENSION = " ext. "
MIN_DIGITS = 5  # of a number without its country code; service numbers are shorter, and nobody lives there


def stored_phone(text: str, country: str) -> str:
    """Return the number in E.164, with `ext. 12` where there is an extension; empty stays empty.

    A number without a country code belongs to the country. Raises ValueError for what cannot be dialed.
    """
    text = one_line(text)
    if not text:
        return ""
    number = _read(text, country)
    if not number:
        raise ValueError("this is not a phone number")
    plain = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return f"{plain}{EXTENSION}{number.extension}" if number.extension else plain


def shown_phone(stored: str) -> str:
    """Return the number in international format, like `+1 202-555-0143 ext. 12`; what cannot be read stays as it is."""
    number = _read(stored, None)
    return phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL) if number else stored


def phone_example(country: str) -> str:
    """A number of the country in international format, for error messages."""
    number = phonenumbers.example_number(country) or phonenumbers.example_number("BE")
    return phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL) if number else ""


def _read(text: str, country: str | None) -> PhoneNumber | None:
    # 00 is how most of the world dials abroad; it is tried second, since national numbers may begin with it.
    attempts = [text, f"+{text[2:]}"] if text.startswith("00") else [text]
    for attempt in attempts:
        try:
            number = phonenumbers.parse(attempt, country)
        except NumberParseException:
            continue
        if phonenumbers.is_possible_number(number) and number.national_number >= 10 ** (MIN_DIGITS - 1):
            return number
    return None
