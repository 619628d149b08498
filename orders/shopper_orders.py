"""Read the orders of a shopper for their pages."""

import uuid

from allauth.account.models import EmailAddress
from django.db.models import Q, QuerySet

from orders.models import Order


def order_for_page(public_id: uuid.UUID) -> Order | None:
    """Return the order with this secret id and everything that its page shows, or None."""
    return (
        Order.objects.prefetch_related("lines", "events", "fulfillments__lines__line")
        .filter(public_id=public_id)
        .first()
    )


def orders_of(user_id: int) -> QuerySet[Order]:
    """Orders of the account, newest first, including guest orders from its confirmed e-mail addresses."""
    confirmed = EmailAddress.objects.filter(user_id=user_id, verified=True).values("email")
    return Order.objects.filter(Q(user_id=user_id) | Q(user=None, email__in=confirmed)).order_by("-placed_at")
