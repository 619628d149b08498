"""Personal data and leftovers that have had their time."""

from datetime import timedelta

from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts.throttle import forget_old_counters
from catalog.facets import forget_old_counts
from catalog.listings import forget_past
from orders.models import Cart, CartLine, Order
from payments import webhooks
from shop import outbox

BODY_DAYS = 90
CART_DAYS = 30


def purge() -> str:
    """Old bodies, carts, counters and sessions are gone; returns what was dropped, in words."""
    events = webhooks.drop_old_bodies(BODY_DAYS)
    mails = outbox.drop_old_bodies(BODY_DAYS)
    carts = _drop_old_carts()
    CartLine.objects.filter(state=CartLine.State.REMOVED, changed_at__lt=timezone.now() - timedelta(days=1)).delete()
    counters = forget_old_counters()
    past = forget_past()
    forget_old_counts()
    sessions, _ = Session.objects.filter(expire_date__lt=timezone.now()).delete()
    return (
        f"dropped {events} event bodies, {mails} mail bodies, {carts} carts, {counters} counters, {sessions} sessions,"
        f" {past} past listing rows"
    )


def _drop_old_carts() -> int:
    """Carts that nobody touched for 30 days, and ordered ones whose order is no longer waiting for money."""
    old = timezone.now() - timedelta(days=CART_DAYS)
    waiting = Order.objects.filter(status=Order.Status.PLACED).values("cart_id")
    return Cart.objects.filter(updated_at__lt=old).exclude(pk__in=waiting).delete()[1].get("orders.Cart", 0)
