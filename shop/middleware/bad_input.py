"""Refuse requests whose path, query, headers or form cannot be parsed or stored in PostgreSQL."""

import logging
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from django.core.exceptions import BadRequest, DisallowedHost, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, QueryDict, UnreadablePostError
from django.http.multipartparser import MultiPartParserError

log = logging.getLogger(__name__)
FORM_TYPES = {"application/x-www-form-urlencoded", "multipart/form-data"}
RAW_BODIES = {"payments:webhook"}  # reading the form first would leave no body to check the signature of
SAFE = {"GET", "HEAD", "OPTIONS"}
UTF8 = {"utf-8", "utf8", "us-ascii", "ascii"}
MAX_TEXT = 20_000  # characters of one field of a shopper's form, as in the longest existing field
STAFF_PAGES = ("/admin/", "/staff/")  # forms of these pages may have longer texts
PLAIN_MESSAGE = "We could not read this request. Please go back and try it again."
# All other errors of encodings and header parsers are ValueError or LookupError.
UNREADABLE = (ValueError, LookupError, BadRequest, MultiPartParserError, SuspiciousOperation, UnreadablePostError)


def is_storable(text: str) -> bool:
    """Return whether PostgreSQL can store the text: no NUL, no lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return False
    return "\x00" not in text


def texts_of(parameters: QueryDict) -> Iterator[str]:
    """Yield all names and values of the parameters."""
    for name, values in parameters.lists():
        yield name
        yield from values


def refuse(reason: str) -> HttpResponse:
    """Log the reason, and answer 400 in plain text."""
    log.warning("A request was refused: %s", reason)
    response = HttpResponseBadRequest(PLAIN_MESSAGE, content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = "no-store"
    return response


def problem_of(request: HttpRequest) -> str:
    """Return what in the path, query, headers or cookies cannot be read; empty if everything can."""
    if getattr(request, "is_unreadable", False):
        return "a header"
    charset = (request.content_params or {}).get("charset", "utf-8")
    if charset.lower() not in UTF8 and request.method not in SAFE:
        return "the charset of the content type"
    if request.encoding:
        request.encoding = None  # the body's charset must not affect the query
    try:
        request.get_host()
        if request.method not in SAFE:
            urlsplit(request.headers.get("Origin", ""))
            urlsplit(request.headers.get("Referer", ""))
        if not all(is_storable(text) for text in (request.path, *texts_of(request.GET), *request.COOKIES.values())):
            return "characters that cannot be stored"
    except DisallowedHost:
        return f"the host {request.META.get('HTTP_HOST', '')[:100]!r} is not one of SHOP_ALLOWED_HOSTS"
    except UNREADABLE as error:
        return type(error).__name__
    return ""


class BadInputMiddleware:
    """Answer 400 in plain text to unreadable requests, before anything else reads them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        problem = problem_of(request)
        return refuse(problem) if problem else self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable, args: tuple, kwargs: dict) -> HttpResponse | None:
        # Only forms: a webhook's view reads the raw body itself.
        if request.resolver_match and request.resolver_match.view_name in RAW_BODIES:
            return None
        if request.method != "POST" or request.content_type not in FORM_TYPES:
            return None
        try:
            texts = [*texts_of(request.POST), *(file.name or "" for file in request.FILES.values())]
        except UNREADABLE as error:
            return refuse(f"{type(error).__name__} in the form")
        if not all(is_storable(text) for text in texts):
            return refuse("characters in the form")
        # Forms clean a text before they check its length, and cleaning a very long text takes long.
        is_too_long = max(map(len, texts), default=0) > MAX_TEXT and not request.path_info.startswith(STAFF_PAGES)
        return refuse("a very long text in the form") if is_too_long else None
