"""Characters that PostgreSQL cannot store are refused at the door, in every parameter and path."""

from collections.abc import Callable, Iterator

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, QueryDict

FORM_TYPES = {"application/x-www-form-urlencoded", "multipart/form-data"}
RAW_BODIES = {"payments:webhook"}  # whoever reads the form first leaves no body to check the signature of
PLAIN_WORDS = "The address or the form holds characters that no text can hold. Please go back and type it again."


def is_storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return False
    return "\x00" not in text


def texts_of(parameters: QueryDict) -> Iterator[str]:
    for name, values in parameters.lists():
        yield name
        yield from values


class BadInputMiddleware:
    """A request with NUL or lone surrogates in its path, query or form is answered 400."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not all(is_storable(text) for text in (request.path, *texts_of(request.GET))):
            return HttpResponseBadRequest(PLAIN_WORDS, content_type="text/plain; charset=utf-8")
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable, args: tuple, kwargs: dict) -> HttpResponse | None:
        # Only forms: a webhook's raw body is its view's own business.
        if request.resolver_match and request.resolver_match.view_name in RAW_BODIES:
            return None
        is_form = request.method == "POST" and request.content_type in FORM_TYPES
        if is_form and not all(is_storable(text) for text in texts_of(request.POST)):
            return HttpResponseBadRequest(PLAIN_WORDS, content_type="text/plain; charset=utf-8")
        return None
