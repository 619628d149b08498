"""The moment that the shop is shown at: now, or another one for staff who look ahead or back."""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import datetime

from django.utils import timezone

_moment: ContextVar[datetime | None] = ContextVar("moment", default=None)


def shop_now() -> datetime:
    """The moment that reads of the storefront are about. Verbs that take money or stock use the real time."""
    return _moment.get() or timezone.now()


def is_another_time() -> bool:
    return _moment.get() is not None


@contextlib.contextmanager
def as_of(moment: datetime | None) -> Iterator[None]:
    """Inside the block the storefront shows itself as of this moment; None is now."""
    token = _moment.set(moment)
    try:
        yield
    finally:
        _moment.reset(token)
