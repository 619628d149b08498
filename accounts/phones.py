"""Parse, normalize and format phone numbers.

phonenumbers is imported at its first use: it is slow to import, and models import this module in every process.
"""

from typing import TYPE_CHECKING

from accounts.one_line import one_line

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

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
    plain = _formatted(number, "E164")
    return f"{plain}{EXTENSION}{number.extension}" if number.extension else plain


def shown_phone(stored: str) -> str:
    """The number in international format, like `+1 202-555-0143 ext. 12`. An invalid number is returned unchanged."""
    number = _read(stored, None)
    return _formatted(number, "INTERNATIONAL") if number else stored


def phone_example(country: str) -> str:
    """An example of a number in the country, in international format, for error messages."""
    import phonenumbers  # noqa: PLC0415

    number = phonenumbers.example_number(country) or phonenumbers.example_number("BE")
    return _formatted(number, "INTERNATIONAL") if number else ""


def _formatted(number: "PhoneNumber", style: str) -> str:
    from phonenumbers import PhoneNumberFormat, format_number  # noqa: PLC0415

    return format_number(number, getattr(PhoneNumberFormat, style))


def _read(text: str, country: str | None) -> "PhoneNumber | None":
    import phonenumbers  # noqa: PLC0415

    # 00 usually stands for the + of an international number, but national numbers may begin with it, too.
    attempts = [text, f"+{text[2:]}"] if text.startswith("00") else [text]
    for attempt in attempts:
        try:
            number = phonenumbers.parse(attempt, country)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(number) and number.national_number >= 10 ** (MIN_DIGITS - 1):
            return number
    return None
