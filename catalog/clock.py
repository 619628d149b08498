"""The time for which the storefront is shown: now, or a time in the past or future that staff chose."""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import datetime

from django.utils import timezone

_moment: ContextVar[datetime | None] = ContextVar("moment", default=None)


def shop_now() -> datetime:
    """The time for which the storefront is shown. Code that changes money or stock must use timezone.now()."""
    return _moment.get() or timezone.now()


def is_another_time() -> bool:
    """Whether staff view the storefront at a time other than now."""
    return _moment.get() is not None


@contextlib.contextmanager
def as_of(moment: datetime | None) -> Iterator[None]:
    """Show the storefront at this time inside the block; None means now."""
    token = _moment.set(moment)
    try:
        yield
    finally:
        _moment.reset(token)
