"""Process many rows in bounded time, so that one bad row does not stop the others."""

import logging
import time
from collections.abc import Callable, Iterable

from payments.errors import GatewayDown

log = logging.getLogger(__name__)
BUDGET_SECONDS = 30.0  # below the workers' time limit
MAX_FAILURES_IN_A_ROW = 3  # unanswered calls to Stripe after which the sweep stops until the next run


def for_each(row_ids: Iterable[int], work: Callable[[int], bool]) -> int:
    """Call `work` with each row id, and return how many calls returned True.

    Errors are logged and leave the row for the next sweep. Stop early when the time is used up or Stripe does not answer.
    """
    deadline = time.monotonic() + BUDGET_SECONDS
    completed = unanswered = 0
    for row_id in row_ids:
        if time.monotonic() > deadline or unanswered >= MAX_FAILURES_IN_A_ROW:
            break
        try:
            completed += work(row_id)
        except GatewayDown as down:
            unanswered += 1
            log.warning("Row %s is left for the next sweep because Stripe did not answer: %s", row_id, down)
        except Exception:  # noqa: BLE001  (no error may stop the sweep)
            unanswered = 0
            log.exception("Row %s could not be processed", row_id)
        else:
            unanswered = 0
    return completed
