"""Cancel many orders at once, each as on its own page."""

from orders.bulk_actions import BulkAction, BulkRefused, add_bulk_action
from orders.models import Order, OrderRun
from payments.cancellation import cancel_order
from payments.errors import CancelRefused, GatewayDown, GatewayRefused, StillProcessing


def _cancel(order: Order, run: OrderRun) -> str:
    if order.is_canceled:
        raise BulkRefused("It is canceled already.")
    try:
        cancel_order(order, user_id=run.user_id)
    except CancelRefused as refused:
        raise BulkRefused(str(refused)) from refused
    except StillProcessing as processing:
        raise BulkRefused("The customer's bank is still processing the payment.") from processing
    except (GatewayDown, GatewayRefused) as failed:
        raise BulkRefused("Stripe did not answer, so nothing was changed.") from failed
    return "Canceled"


add_bulk_action(
    BulkAction(
        "cancel",
        "Cancel",
        "orders.cancel_order",
        _cancel,
        sentence="Each order is canceled: what was paid is refunded, its units become available again, and the customer "
        "gets an e-mail. Orders of which a part has been shipped are left as they are. This cannot be undone.",
        icon="x",
        is_dangerous=True,
    )
)
