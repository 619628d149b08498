"""Call Stripe with a few tries in bounded time.

Functions of this package import stripe at their first use, because it takes a tenth of a second and few processes call it.
"""

import logging
import random
import time
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from django.conf import settings

from payments.errors import GatewayDown, GatewayRefused, KeySpent

if TYPE_CHECKING:
    import stripe

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")

TRIES = 3
FIRST_PAUSE_SECONDS = 0.4  # between the first two tries; doubled for each further one
BUDGET_SECONDS = 9.0  # for one call with all its tries, so that a page answers within ten seconds
TRY_SECONDS = (1.5, 3.0)  # timeouts to connect and to read
# Not final refusals: a wrong or rotated API key, an idempotency key in use, too many calls. A later call may succeed.
NO_ANSWER = {401, 403, 409, 429}
PAGE_SIZE = 100  # the most that Stripe lists at once


@cache
def client() -> "stripe.StripeClient":
    import stripe

    from payments.gateway.bounded_client import BoundedClient

    base = settings.STRIPE_API_BASE
    return stripe.StripeClient(
        settings.STRIPE_SECRET_KEY,
        base_addresses={"api": base.rstrip("/")} if base else None,
        http_client=BoundedClient(timeout=TRY_SECONDS),
        max_network_retries=0,  # our own loop keeps to a budget
    )


def call(action: str, operation: Callable[[], Answer], *, has_key: bool = False) -> Answer:
    """Call Stripe with a few tries in bounded time, and return the result.

    Raise GatewayRefused if Stripe refuses, and GatewayDown if the outcome is unknown. With `has_key`, raise KeySpent, a
    subclass of GatewayDown, if Stripe will repeat its failure for the idempotency key.
    """
    import stripe

    deadline = time.monotonic() + BUDGET_SECONDS
    for attempt in range(1, TRIES + 1):
        try:
            return operation()
        except stripe.StripeError as error:
            if _is_final(error):
                log.warning("Stripe refused to %s: %s", action, error.user_message or error)
                raise GatewayRefused(
                    str(error.code or type(error).__name__), str(error.user_message or error)
                ) from error
            log.warning("Stripe failed to %s (try %s): %s", action, attempt, error)
            pause = FIRST_PAUSE_SECONDS * 2 ** (attempt - 1) * random.uniform(0.5, 1)  # noqa: S311  (jitter, not a secret)
            is_last = attempt == TRIES or time.monotonic() + pause + sum(TRY_SECONDS) > deadline
            if is_last or _is_replayed(error) or isinstance(error, stripe.IdempotencyError):
                raise (_unknown(action, error) if has_key else GatewayDown(action)) from error
            time.sleep(pause)
        except (ValueError, AttributeError, TypeError) as error:
            # HTML or incomplete JSON with status 200: the outcome is unknown.
            raise GatewayDown(action) from error
    raise GatewayDown(action)


def _is_final(error: "stripe.StripeError") -> bool:
    import stripe

    if isinstance(error, stripe.APIConnectionError | stripe.IdempotencyError) or error.http_status is None:
        return False
    return 400 <= error.http_status < 500 and error.http_status not in NO_ANSWER


def _is_replayed(error: "stripe.StripeError") -> bool:
    """Return whether this is Stripe's stored answer to an earlier request with the same idempotency key."""
    headers = {name.lower(): value for name, value in dict(error.headers or {}).items()}
    return headers.get("idempotent-replayed") == "true"


def _unknown(action: str, error: "stripe.StripeError") -> GatewayDown:
    """Return KeySpent if Stripe answered with a failure, which it stores for the key, and GatewayDown otherwise."""
    import stripe

    is_other_use = isinstance(error, stripe.IdempotencyError)  # the key was used with other parameters
    body = error.json_body
    is_failure = (error.http_status or 0) >= 500 and isinstance(body, dict) and "error" in body
    if is_other_use or is_failure:
        return KeySpent(action, is_replayed=is_other_use or _is_replayed(error))
    return GatewayDown(action)


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def field(stripe_object: Any, name: str) -> Any:
    """Return a field that Stripe may leave out, for which its library raises AttributeError, or None."""
    return getattr(stripe_object, name, None)


def is_live() -> bool:
    """Return whether the API key moves real money."""
    return settings.STRIPE_SECRET_KEY.startswith(("sk_live_", "rk_live_"))
