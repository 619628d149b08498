"""Personal data and leftovers that have had their time."""

from collections.abc import Callable
from datetime import timedelta

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.throttle import old_counters
from catalog.facets import old_counts
from catalog.listings import long_past, outdated_marks
from orders.models import Cart, CartLine, Order
from payments import inbox
from shop import outbox

BODY_DAYS = 90
CART_DAYS = 30
BATCH = 1_000  # rows dropped in one transaction


def purge() -> str:
    """Drop old bodies, carts, counters and sessions; return what was dropped, in words."""
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
    """Change all of these rows, few in each transaction; return how many were changed.

    Nobody waits longer than a batch takes, rows that somebody holds are left for the next time, and a run that is
    interrupted has done what it has done.
    """
    total = 0
    last = None
    while ids := _batch(rows, last, size):
        with transaction.atomic():
            # Looked at again under the lock: a cart may have been opened since.
            found = rows.filter(pk__in=ids).select_for_update(skip_locked=True, of=("self",))
            locked = list(found.values_list("pk", flat=True))
            total += change(rows.model._default_manager.filter(pk__in=locked)) if locked else 0
        last = ids[-1]
    return total


def _batch(rows: QuerySet, last: object, size: int) -> list:
    later = rows if last is None else rows.filter(pk__gt=last)
    return list(later.order_by("pk").values_list("pk", flat=True)[:size])


def _delete(rows: QuerySet) -> int:
    return rows.delete()[1].get(rows.model._meta.label, 0)


def _old_carts() -> QuerySet[Cart]:
    """Carts that nobody touched for 30 days, and ordered ones whose order is no longer waiting for money."""
    old = timezone.now() - timedelta(days=CART_DAYS)
    waiting = Order.objects.filter(status=Order.Status.PLACED).values("cart_id")
    return Cart.objects.filter(updated_at__lt=old).exclude(pk__in=waiting)


def _removed_lines() -> QuerySet[CartLine]:
    """Lines that shoppers took out and did not want back for a day."""
    yesterday = timezone.now() - timedelta(days=1)
    return CartLine.objects.filter(state=CartLine.State.REMOVED, changed_at__lt=yesterday)
