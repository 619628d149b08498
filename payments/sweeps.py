"""How a sweep goes through its rows: in bounded time, and one bad row never stops the others."""

import logging
import time
from collections.abc import Callable, Iterable

from payments.errors import GatewayDown

log = logging.getLogger(__name__)
BUDGET_SECONDS = 30.0  # below the workers' time limit
MAX_FAILURES_IN_A_ROW = 3  # unanswered calls in a row after which Stripe counts as away until the next sweep


def for_each(row_ids: Iterable[int], work: Callable[[int], bool]) -> int:
    """Do the work for each row; returns for how many it said True. What fails is logged and left for the next sweep."""
    deadline = time.monotonic() + BUDGET_SECONDS
    done = downs = 0
    for row_id in row_ids:
        if time.monotonic() > deadline or downs >= MAX_FAILURES_IN_A_ROW:
            break
        try:
            done += work(row_id)
        except GatewayDown as down:
            downs += 1
            log.warning("Row %s waits, Stripe did not answer: %s", row_id, down)
        except Exception:  # noqa: BLE001  (whatever it is, the rows behind it must not wait for it)
            downs = 0
            log.exception("Row %s could not be processed", row_id)
        else:
            downs = 0
    return done
