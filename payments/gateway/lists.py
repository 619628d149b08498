"""Lists of Stripe's objects, page by page."""

import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from payments.errors import GatewayDown
from payments.gateway import calls

log = logging.getLogger(__name__)
MAX_PAGES = 10_000
PAGE_TRIES = 4
PAUSE_FACTOR = (
    5  # the pause between two tries of a page, in pauses between two tries of a call; doubled for each further one
)


def list_objects(action: str, ask: Callable[..., Any], query: Mapping[str, Any]) -> Iterator[Any]:
    """Yield every object of a list. A page that Stripe does not answer is asked for again after growing pauses.

    Raise GatewayDown if it still does not answer.
    """
    after: dict[str, str] = {}
    for _page in range(MAX_PAGES):
        page = _page_of(action, partial(ask, {"limit": calls.PAGE_SIZE, **query, **after}))
        yield from page.data
        if not page.has_more or not page.data:
            return
        after = {"starting_after": page.data[-1].id}
    raise GatewayDown(action)


def _page_of(action: str, ask: Callable[[], Any]) -> Any:
    for attempt in range(1, PAGE_TRIES):
        try:
            return calls.call(action, ask)
        except GatewayDown:
            pause = calls.FIRST_PAUSE_SECONDS * PAUSE_FACTOR * 2**attempt
            log.warning("A page to %s got no answer; trying again in about %.0f s", action, pause)
            time.sleep(pause * random.uniform(0.5, 1))  # noqa: S311  (jitter, not a secret)
    return calls.call(action, ask)
