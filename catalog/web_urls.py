"""URLs that staff type: one rule for menus, redirects, links in texts and the tracking of parcels."""

from typing import Any, ClassVar
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

SCHEMES = ("https", "http")
MAX_LENGTH = 2_000
_check_url = URLValidator(schemes=SCHEMES)


def has_hidden_characters(text: str) -> bool:
    """Whether the text has a backslash, which browsers read as a slash, or a character that nobody sees."""
    return "\\" in text or not text.isprintable()


def has_user(url: str) -> bool:
    """Whether something stands before “@” in the host: `https://shop.example@other.example` leads to `other.example`."""
    try:
        return "@" in urlsplit(url).netloc
    except ValueError:  # `https://[`
        return False


def is_misleading(url: str) -> bool:
    """Whether a URL, complete or relative, can lead to another site than it seems to."""
    return has_hidden_characters(url) or has_user(url)


def url_refusal(text: str) -> str:
    """Return why this is no URL of a web page that people may be sent to, as a sentence; empty if it is one."""
    if has_hidden_characters(text) or " " in text:
        shown = "".join(character if character.isprintable() else "?" for character in text)
        return f"“{shown}” has a character that no URL may have. Copy it from the browser again."
    if has_user(text):
        return f"“{text}” has a name or a password before “@”. Enter the URL without it."
    try:
        _check_url(text)
    except ValidationError:
        return f"“{text}” is not a complete URL. Enter one like https://example.com/page/."
    return ""


def validate_web_url(text: str) -> None:
    """Raise ValidationError unless this is the URL of a web page."""
    if sentence := url_refusal(text):
        raise ValidationError(sentence, code="invalid")


class WebURLField(forms.URLField):
    """A form field for the URL of a web page. Without a scheme, https is meant."""

    default_validators: ClassVar = [validate_web_url]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"assume_scheme": "https", "max_length": MAX_LENGTH, **kwargs})
