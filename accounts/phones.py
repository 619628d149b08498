"""Parse, normalize and format phone numbers."""

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

from accounts.one_line import one_line

EXTENSION = " ext. "
MIN_DIGITS = 5  # without the country code; shorter numbers are service numbers


def stored_phone(text: str, country: str) -> str:
    """The number in E.164 format, followed by its extension like `ext. 12`; empty stays empty.

    A number without a country code is a number of `country`. Raises ValueError for an invalid number.
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
    """The number in international format, like `+1 202-555-0143 ext. 12`. An invalid number is returned unchanged."""
    number = _read(stored, None)
    return phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL) if number else stored


def phone_example(country: str) -> str:
    """An example of a number in the country, in international format, for error messages."""
    number = phonenumbers.example_number(country) or phonenumbers.example_number("BE")
    return phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL) if number else ""


def _read(text: str, country: str | None) -> PhoneNumber | None:
    # 00 usually stands for the + of an international number, but national numbers may begin with it, too.
    attempts = [text, f"+{text[2:]}"] if text.startswith("00") else [text]
    for attempt in attempts:
        try:
            number = phonenumbers.parse(attempt, country)
        except NumberParseException:
            continue
        if phonenumbers.is_possible_number(number) and number.national_number >= 10 ** (MIN_DIGITS - 1):
            return number
    return None
