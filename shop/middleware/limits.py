"""Answer 429 with the time to wait when a limit is reached.

Searches and filters are limited here. Each account can import or export one file at a time.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.limits.locks import acquire_lock, release_lock
from accounts.limits.throttle import Limit, TooManyAttempts, client_ip
from catalog.pages import policy_of

# Suggestions have their own counter, so that typing never blocks the search itself.
SEARCHING = Limit("search", 60, 60)
SUGGESTING = Limit("suggest", 60, 60)
# Sorting and paging a listing cost no more than the listing itself.
NO_FILTER = {"sort", "page", "after"}
# Importing or exporting a large file can take a minute. By throttle, the HTTP method that does it.
FILES = {"upload": "POST", "export": "GET"}
MINUTE = 60  # seconds
# Retry-After of limits that allauth checks itself, which are counted per minute.
ALLAUTH_WAIT_SECONDS = 60


def limit_of(request: HttpRequest) -> Limit | None:
    """Return the limit that this request counts towards, or None. A fragment costs as much as its page, so it counts too."""
    throttle = policy_of(request).throttle
    if throttle == "suggest":
        return SUGGESTING if request.GET.get("q") else None
    if throttle == "search" and any(value for key, value in request.GET.items() if key not in NO_FILTER):
        return SEARCHING
    return None


def is_file_transfer(request: HttpRequest) -> bool:
    """Return whether a logged-in user imports or exports a file with this request."""
    return FILES.get(policy_of(request).throttle) == request.method and request.user.is_authenticated


def hold_turn(request: HttpRequest) -> None:
    """Reserve the account's single file transfer for this request; raise TooManyAttempts if another one is running."""
    key = f"file:{request.user.pk}"
    held_until = acquire_lock(key)
    request.give_turn_back = partial(end_turn, key, held_until)  # type: ignore[attr-defined]


def end_turn(key: str, held_until: datetime) -> None:
    """Release the reservation of the account's file transfer."""
    with suppress(OperationalError, InterfaceError):  # the database is away: the reservation expires by itself
        release_lock(key, held_until)


def too_many(request: HttpRequest, seconds: int = ALLAUTH_WAIT_SECONDS) -> HttpResponse:
    """Answer 429 with Retry-After as a page, or as a sentence for suggestions."""
    if policy_of(request).throttle == "suggest":
        sentence = f"Suggestions pause for {seconds} second{'' if seconds == 1 else 's'}. Press Enter to search."
        response = HttpResponse(sentence, status=429, content_type="text/plain; charset=utf-8")
    else:
        response = render(request, "429.html", {"waiting_time": waiting_time(seconds)}, status=429)
    response["Retry-After"] = str(seconds)
    response["Cache-Control"] = "private, no-store"
    return response


def waiting_time(seconds: int) -> str:
    """Return `40 seconds` or `2 minutes`: from a minute on, whole minutes, rounded up."""
    count, unit = (seconds, "second") if seconds < MINUTE else (-(-seconds // MINUTE), "minute")
    return f"{count} {unit}{'' if count == 1 else 's'}"


@dataclass(frozen=True)
class TurnContent:
    """The content of a file, which gives the turn back when the response is closed.

    That is when the file has been sent or the client has disconnected.
    """

    content: Iterable[bytes]
    close: Callable[[], None]

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.content)


class LimitsMiddleware:
    """Count limited requests, and turn TooManyAttempts anywhere below into 429 with Retry-After."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        give_back = getattr(request, "give_turn_back", None)
        if give_back and response.streaming:
            response.streaming_content = TurnContent(response.streaming_content, give_back)
        elif give_back:
            give_back()
        return response

    def process_view(self, request: HttpRequest, view: Callable, args: tuple, kwargs: dict) -> HttpResponse | None:
        limit = limit_of(request)
        try:
            if limit:
                limit.take(client_ip(request))
            elif is_file_transfer(request):
                hold_turn(request)
        except TooManyAttempts as error:
            return too_many(request, error.retry_after)
        except (OperationalError, InterfaceError):
            return None  # the view meets the same outage, and its answer is a plain 503
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return too_many(request, error.retry_after) if isinstance(error, TooManyAttempts) else None
