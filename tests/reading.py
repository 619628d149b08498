"""How tests read a page."""

from django.http import HttpResponse


def text_of(response: HttpResponse) -> str:
    """Return the page without what the wrapping of its templates adds: each run of white space is one space."""
    return " ".join(response.content.decode().split()).replace(" >", ">")
