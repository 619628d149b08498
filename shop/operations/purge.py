"""Delete personal data and leftovers that are no longer needed."""

from collections.abc import Callable
from datetime import timedelta

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.limits.throttle import old_counters
from catalog.listings import long_past, outdated_marks
from catalog.listings.facets import old_counts
from orders.models import Cart, CartLine, Order
from payments import inbox
from shop.mail import outbox

BODY_DAYS = 90
CART_DAYS = 30
BATCH = 1_000  # rows changed in one transaction


def purge() -> str:
    """Delete old bodies, carts, counters and sessions; return a sentence with the numbers."""
    events = in_batches(inbox.old_bodies(BODY_DAYS), inbox.drop_bodies)
    mails = in_batches(outbox.old_bodies(BODY_DAYS), outbox.drop_bodies)
    carts = in_batches(_old_carts(), _delete)
    in_batches(_removed_lines(), _delete)
    counters = sum(in_batches(rows, _delete) for rows in old_counters())
    past = in_batches(long_past(), _delete)
    for rows in (outdated_marks(), old_counts()):
        in_batches(rows, _delete)
    sessions = in_batches(Session.objects.filter(expire_date__lt=timezone.now()), _delete)
    return (
        f"deleted {events} event bodies, {mails} mail bodies, {carts} carts, {counters} counters, {sessions} sessions,"
        f" {past} past listing rows"
    )


def in_batches(rows: QuerySet, change: Callable[[QuerySet], int], size: int = BATCH) -> int:
    """Change all of these rows in small transactions; return how many were changed.

    Other transactions wait for one batch at most. Locked rows are left for the next run, and an interrupted run keeps
    what it has done.
    """
    total = 0
    last = None
    while ids := _batch(rows, last, size):
        with transaction.atomic():
            # Apply the conditions again under the lock, because a cart may have been used since.
            matching = rows.filter(pk__in=ids).select_for_update(skip_locked=True, of=("self",))
            locked = list(matching.values_list("pk", flat=True))
            total += change(rows.model._default_manager.filter(pk__in=locked)) if locked else 0
        last = ids[-1]
    return total


def _batch(rows: QuerySet, last: object, size: int) -> list:
    later = rows if last is None else rows.filter(pk__gt=last)
    return list(later.order_by("pk").values_list("pk", flat=True)[:size])


def _delete(rows: QuerySet) -> int:
    return rows.delete()[1].get(rows.model._meta.label, 0)


def _old_carts() -> QuerySet[Cart]:
    """Carts not changed for 30 days, except those whose order is waiting for payment."""
    old = timezone.now() - timedelta(days=CART_DAYS)
    waiting = Order.objects.filter(status=Order.Status.PLACED).values("cart_id")
    return Cart.objects.filter(updated_at__lt=old).exclude(pk__in=waiting)


def _removed_lines() -> QuerySet[CartLine]:
    """Cart lines removed more than a day ago."""
    yesterday = timezone.now() - timedelta(days=1)
    return CartLine.objects.filter(state=CartLine.State.REMOVED, changed_at__lt=yesterday)
