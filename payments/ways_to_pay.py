"""The ways to pay that payments offers to the checkout."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

from django.contrib.auth import get_user_model

from orders.cart.contents import CartContents
from orders.checkout.ways_to_pay import WayToPay
from payments import offline
from payments.models import OfflineMethod
from payments.offline_limits import check_open_invoices, check_stock_held
from payments.offline_notes import texts_in


def online(_contents: CartContents) -> Iterator[WayToPay]:
    """Offer to pay online, on Stripe's page or in a page of the shop."""
    yield WayToPay(
        code="stripe",
        label="Pay online",
        description="You pay securely through our payment provider. We never see your card or bank details.",
    )


def offered_offline(contents: CartContents) -> Iterator[WayToPay]:
    """Offer the offline methods that are switched on for this market and this customer."""
    for method in OfflineMethod.objects.filter(is_on=True).prefetch_related("groups"):
        if _is_for(method, contents):
            shown = texts_in(method, contents.market)
            yield WayToPay(
                code=method.code,
                label=str(shown),
                description=shown.description,
                is_online=False,
                needs_pickup=method.code == OfflineMethod.Code.PICKUP,
                window=timedelta(days=method.due_days),
                check=check_open_invoices if method.needs_group else check_stock_held,
                begin=partial(offline.begin, method=method),
            )


def _is_for(method: OfflineMethod, contents: CartContents) -> bool:
    if method.markets and contents.market.code not in method.markets:
        return False
    # The codes of gift cards are sent when the order is confirmed, so they are paid before.
    if method.confirms_at_once and any(line.variant.is_gift_card for line in contents.lines):
        return False
    # Downloads are not picked up, so the customer would not have to come and pay.
    if method.code == OfflineMethod.Code.PICKUP and any(not line.variant.needs_shipping for line in contents.lines):
        return False
    groups = [group.pk for group in method.groups.all()]
    if not groups:
        return not method.needs_group
    accounts = get_user_model().objects.filter(pk=contents.buyer.user_id or 0, is_active=True)
    return accounts.filter(groups__in=groups).exists()
