"""Too many attempts: 429 with the time to wait, in plain words.

Searches and filters are counted here, and of files that staff send in or take out an account has one at a time.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.throttle import Limit, TooManyAttempts, client_ip
from accounts.turns import give_turn_back, take_turn
from catalog.pages import policy_of

# What is found as one types has a counter of its own, so that typing never closes the search itself.
SEARCHING = Limit("search", 60, 60)
SUGGESTING = Limit("suggest", 60, 60)
# Another order or page of a listing asks for nothing that its plain page does not.
NO_FILTER = {"sort", "page", "after"}
# Reading a large file in or writing one out is work for a minute: the method that does it, by throttle.
FILES = {"upload": "POST", "export": "GET"}
# What allauth still counts itself and answers 429 to (logins, changed passwords and addresses), it counts by the minute.
WAIT_ELSEWHERE = 60


def limit_of(request: HttpRequest) -> Limit | None:
    """What this request counts as. A piece of a page costs us what the page costs, so it counts as one."""
    throttle = policy_of(request).throttle
    if throttle == "suggest":
        return SUGGESTING if request.GET.get("q") else None
    if throttle == "search" and any(value for key, value in request.GET.items() if key not in NO_FILTER):
        return SEARCHING
    return None


def is_about_a_file(request: HttpRequest) -> bool:
    return FILES.get(policy_of(request).throttle) == request.method and request.user.is_authenticated


def hold_turn(request: HttpRequest) -> None:
    """The account's one file is this request's; raises TooManyAttempts while there is another."""
    key = f"file:{request.user.pk}"
    held_until = take_turn(key)
    request.give_turn_back = partial(end_turn, key, held_until)  # type: ignore[attr-defined]


def end_turn(key: str, held_until: datetime) -> None:
    with suppress(OperationalError, InterfaceError):  # a database that went away since: the turn ends by itself
        give_turn_back(key, held_until)


def too_many(request: HttpRequest, seconds: int = WAIT_ELSEWHERE) -> HttpResponse:
    """429 as a page, or as one sentence where suggestions are awaited; nobody on the way keeps it."""
    if policy_of(request).throttle == "suggest":
        words = f"Suggestions pause for {seconds} second{'' if seconds == 1 else 's'}. Press Enter to search."
        response = HttpResponse(words, status=429, content_type="text/plain; charset=utf-8")
    else:
        response = render(request, "429.html", {"seconds": seconds, "minutes": -(-seconds // 60)}, status=429)
    response["Retry-After"] = str(seconds)
    response["Cache-Control"] = "private, no-store"
    return response


class LimitsMiddleware:
    """A reached limit anywhere below becomes 429 with Retry-After."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        give_back = getattr(request, "give_turn_back", None)
        if give_back and response.streaming:
            # A file that is still being sent is closed at its end, or where whoever asked for it went away.
            response._resource_closers.append(give_back)
        elif give_back:
            give_back()
        return response

    def process_view(self, request: HttpRequest, view: Callable, args: tuple, kwargs: dict) -> HttpResponse | None:
        limit = limit_of(request)
        try:
            if limit:
                limit.take(client_ip(request))
            elif is_about_a_file(request):
                hold_turn(request)
        except TooManyAttempts as error:
            return too_many(request, error.retry_after)
        except (OperationalError, InterfaceError):
            return None  # the view meets the same outage, and its answer is a plain 503
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return too_many(request, error.retry_after) if isinstance(error, TooManyAttempts) else None
