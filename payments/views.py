"""To Stripe's page and back, and what Stripe calls."""

import dataclasses
import logging
import uuid

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from accounts.throttle import Limit, client_ip
from catalog.markets import market_of
from orders.checkout import place_order
from orders.checkout_form import CheckoutForm
from orders.errors import AlreadyPlaced
from orders.joining import add_cart, join_carts
from orders.models import Cart, Order
from orders.views.carts import current_cart, remember, user_id_of
from orders.views.checkout import PLACING, REFUSALS, leads_to_payment, render_refusal
from payments import webhooks
from payments.cancellation import reopen
from payments.errors import BadSignature, GatewayDown, GatewayRefused, NotAnEvent, NotPayable, StillProcessing
from payments.models import Payment
from payments.sessions import start_payment
from payments.settlement import settle
from payments.tasks import process_event

log = logging.getLogger(__name__)
LARGEST_EVENT = 256 * 1024  # bytes
PAYING = Limit("pay", settings.ORDERS_PER_HOUR, 3600)


def _try_again(request: HttpRequest, order: Order, words: str = "") -> HttpResponse:
    """The order is kept, its stock too; only the payment has to wait."""
    context = {"order": order, "words": words}
    response = render(request, "payments/unavailable.html", context, status=503)
    response["Retry-After"] = "60"
    return response


@leads_to_payment
@require_safe
def pay(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Send the shopper to Stripe's page; an order that is not waiting for money shows itself instead."""
    order = get_object_or_404(Order, public_id=public_id)
    if not order.is_unpaid:
        return redirect(order)
    PAYING.take(client_ip(request))
    try:
        payment = start_payment(order.pk)
        if payment.method == Payment.Method.NONE:
            settle(payment.pk)
            return redirect(order)
    except NotPayable as refused:
        return render(request, "payments/refused.html", {"order": order, "words": str(refused)}, status=409)
    except (GatewayDown, GatewayRefused) as error:
        log.warning("Order %s cannot be paid now: %r", order.number, error)
        return _try_again(request, order)
    return HttpResponseRedirect(payment.session_url, status=303)


@require_safe
def come_back(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """From Stripe's page. What the address says beside the order's secret is ignored: Stripe is asked."""
    order = get_object_or_404(Order, public_id=public_id)
    payment = order.payments.filter(method=Payment.Method.STRIPE).order_by("-pk").first()
    if order.is_unpaid and payment:
        try:
            settle(payment.pk)
        except (GatewayDown, GatewayRefused) as error:
            log.warning("Order %s is settled later: %r", order.number, error)
    return redirect(order)


@leads_to_payment
@require_safe
def go_back(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Stripe's cancel link: the order is given up and its cart is back."""
    return _reopened(request, get_object_or_404(Order, public_id=public_id))


@require_POST
def change(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """ "Change my order": the same, by a button of ours."""
    return _reopened(request, get_object_or_404(Order, public_id=public_id))


def _reopened(request: HttpRequest, order: Order) -> HttpResponse:
    try:
        order, cart = reopen(order)
    except StillProcessing:
        return redirect(order)
    except (GatewayDown, GatewayRefused):
        return _try_again(request, order, "We could not reach our payment provider to close the payment.")
    if cart:
        return remember(redirect(f"{reverse('orders:cart')}?back=1"), _with_what_else_they_have(request, cart))
    return redirect("orders:cart") if order.status == Order.Status.CANCELED else redirect(order)


def _with_what_else_they_have(request: HttpRequest, cart: Cart) -> Cart:
    """The cart that came back, joined by whatever this shopper has put into another one meanwhile; nothing is lost."""
    user_id = user_id_of(request)
    if cart.user_id is None and user_id:
        join_carts(cart.token, user_id)
        return current_cart(request) or cart
    if cart.user_id == user_id:
        add_cart(cart, current_cart(request))
    return cart


@leads_to_payment
@require_POST
def replace(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The checkout form again, with other details than an order that is not paid yet: close that one, place this one."""
    order = get_object_or_404(Order, public_id=public_id)
    form = CheckoutForm(request.POST, market=market_of(order.market))
    if not form.is_valid():
        return redirect(order)
    PLACING.take(client_ip(request))
    try:
        order, cart = reopen(order)
    except StillProcessing:
        return redirect(order)
    except (GatewayDown, GatewayRefused):
        return _try_again(request, order, "We could not reach our payment provider to close the first payment.")
    cart = cart or _replaced_elsewhere(request, order)
    if not cart:
        return redirect(order)
    return remember(_place_again(request, cart, form), cart)


def _replaced_elsewhere(request: HttpRequest, order: Order) -> Cart | None:
    """The cart of an order that another tab has given up a moment ago; none where the order was paid."""
    return current_cart(request) if order.status == Order.Status.CANCELED else None


def _place_again(request: HttpRequest, cart: Cart, form: CheckoutForm) -> HttpResponse:
    """The shopper saw the first order's total, and the new cart holds the same lines: only its mark is new."""
    seen = form.seen(client_ip(request))
    seen = dataclasses.replace(seen, cart_mark=f"{cart.pk}:{cart.version}")
    try:
        order = place_order(cart.pk, form.submission(), seen=seen, user_id=cart.user_id)
    except AlreadyPlaced as placed:
        return redirect(placed.order)
    except REFUSALS as refusal:
        return render_refusal(request, cart, form, refusal)
    return redirect("payments:pay", order.public_id)


@csrf_exempt
@require_POST
def webhook(request: HttpRequest) -> HttpResponse:
    """Store what Stripe signed and answer 200 only when it is committed; a worker takes it from there."""
    length = request.headers.get("Content-Length", "")
    if not length.isdigit() or int(length) > LARGEST_EVENT:
        return HttpResponse(status=413 if length.isdigit() else 411)
    try:
        event = webhooks.receive(request.body, request.headers.get("Stripe-Signature", ""))
    except BadSignature as error:
        log.warning("A webhook was refused: %s", error)
        return HttpResponse("bad signature", status=400, content_type="text/plain")
    except NotAnEvent:
        return HttpResponse("not an event", status=400, content_type="text/plain")
    process_event.delay_on_commit(event.pk)
    return HttpResponse("stored", content_type="text/plain")
