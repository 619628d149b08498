"""Start the right payment for a shopper: in a page of the shop or on Stripe's page, with or without saved cards."""

from dataclasses import replace

from orders.models import Order
from payments.cancellation import close_payments
from payments.customers import customer_for, forget_customer
from payments.errors import GatewayRefused
from payments.gateway.customers import GONE
from payments.models import Payment
from payments.sessions import PaymentChoice, start_payment
from payments.store_settings import is_in_page


def start_for(order: Order, user_id: int | None, *, is_hosted: bool = False) -> Payment:
    """Return a payment of the order for this shopper. With `is_hosted`, it is paid on Stripe's page in any case.

    An open payment that shows somebody else's saved cards, or that is not of the wanted kind, is closed first. Raise
    NotPayable, StillProcessing, GatewayDown or GatewayRefused.
    """
    customer_id = customer_for(order, user_id)
    payment = open_payment(order)
    if payment and not _suits(payment, customer_id, is_hosted=is_hosted):
        close_payments(order)
    choice = PaymentChoice(not is_hosted and is_in_page(), customer_id)
    try:
        return start_payment(order.pk, choice)
    except GatewayRefused as refused:
        if not customer_id or refused.code != GONE:
            raise
    # Somebody deleted the customer at Stripe.
    forget_customer(customer_id)
    return start_payment(order.pk, replace(choice, customer_id=""))


def _suits(payment: Payment, customer_id: str, *, is_hosted: bool) -> bool:
    return payment.customer_id in ("", customer_id) and not (is_hosted and payment.is_in_page)


def open_payment(order: Order) -> Payment | None:
    """Return the payment of the order that can be paid now, if there is one."""
    return order.payments.filter(method=Payment.Method.STRIPE, status=Payment.Status.OPEN).first()


def pays_in_page(order: Order) -> bool:
    """Return whether the order is paid in a page of the shop: as its open payment is, or as the settings say."""
    payment = open_payment(order)
    return payment.is_in_page if payment else is_in_page()
