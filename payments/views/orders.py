"""Views around payments: to Stripe's page and back, changing an unpaid order, and the webhook."""

import dataclasses
import logging
import uuid
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from accounts.limits.throttle import Limit, TooManyAttempts, client_ip
from catalog.markets import market_of
from catalog.pages import INTERNAL, ORDER, page
from orders.cart import open_cart, parse_token
from orders.cart.merging import add_cart, join_carts
from orders.cart.reorder import order_again
from orders.checkout import place_order
from orders.checkout.form import CheckoutForm
from orders.checkout.page import PLACING, REFUSALS, leads_to_payment, render_refusal
from orders.errors import AlreadyPlaced
from orders.models import Cart, Order
from orders.visitor import current_cart, remember_cart, user_id_of
from payments import inbox
from payments.cancellation import reopen
from payments.errors import (
    BadSignature,
    ForeignEvent,
    GatewayDown,
    GatewayRefused,
    NotAnEvent,
    NotPayable,
    StillProcessing,
)
from payments.models import Payment
from payments.offline import pay_online_instead
from payments.settlement import settle
from payments.starting import pays_in_page, start_for
from payments.statuses import LIVE
from payments.tasks import process_event

log = logging.getLogger(__name__)
MAX_EVENT_BYTES = 256 * 1024
FRESH_ANSWER = timedelta(seconds=3)
ASKING = Limit("ask-stripe", 30, 600)  # requests about one order by its pages
PAYING = Limit("pay", settings.ORDERS_PER_HOUR, 3600)


def try_again(request: HttpRequest, order: Order, message: str = "You were not charged.") -> HttpResponse:
    """Tell the shopper to try again later. The order and its stock are kept."""
    context = {"order": order, "message": message}
    response = render(request, "payments/unavailable.html", context, status=503)
    response["Retry-After"] = "60"
    return response


@page(ORDER)
@leads_to_payment
@require_safe
def pay(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Redirect to where the order is paid, or to the order page if it is not waiting for an online payment."""
    order = get_object_or_404(Order, public_id=public_id)
    if not order.is_unpaid or (order.due_minor and not order.is_paid_online):
        return redirect(order)
    if pays_in_page(order):
        return redirect("payments:form", order.public_id)
    return lead_to_payment(request, order, to_payment_page)


PaymentAnswer = Callable[[HttpRequest, Order, Payment], HttpResponse]


def lead_to_payment(
    request: HttpRequest, order: Order, answer: PaymentAnswer, *, is_hosted: bool = False
) -> HttpResponse:
    """Start the payment of an unpaid order and answer with it, or say why it cannot be paid now."""
    PAYING.take(client_ip(request))
    try:
        payment = start_for(order, user_id_of(request), is_hosted=is_hosted)
        if payment.method == Payment.Method.NONE:
            settle(payment.pk)
            return redirect(order)
    except StillProcessing:
        return redirect(order)
    except NotPayable as refused:
        order.refresh_from_db()
        if not order.is_unpaid:
            return redirect(order)  # it has just been paid
        return render(request, "payments/refused.html", {"order": order, "message": str(refused)}, status=409)
    except (GatewayDown, GatewayRefused) as error:
        log.warning("Order %s cannot be paid now: %r", order.number, error)
        return try_again(request, order)
    return answer(request, order, payment)


def to_payment_page(_request: HttpRequest, order: Order, payment: Payment) -> HttpResponse:
    """Redirect to Stripe's page, or to the form of a payment that has none."""
    if not payment.session_url:
        return redirect("payments:form", order.public_id)
    return HttpResponseRedirect(payment.session_url, status=303)


@page(ORDER)
@leads_to_payment
@require_POST
def online(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Change an order that waits for a transfer to online payment, and go to pay it."""
    order = get_object_or_404(Order, public_id=public_id)
    try:
        pay_online_instead(order)
    except NotPayable as refused:
        return render(request, "payments/refused.html", {"order": order, "message": str(refused)}, status=409)
    return redirect("payments:pay", order.public_id)


@page(ORDER)
@leads_to_payment
@require_safe
def come_back(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Return from Stripe's page. The URL's parameters prove nothing, so ask Stripe.

    Redirect to the order, or show that the payment is being checked while nobody knows whether it was paid. The script
    of that page requests it again a few times; the `Check again` link does so without scripts.
    """
    order = get_object_or_404(Order, public_id=public_id)
    is_answered = _ask_stripe(order)
    order.refresh_from_db()
    undecided = (Payment.Status.PROCESSING,) if is_answered else LIVE
    if order.is_unpaid and order.payments.filter(method=Payment.Method.STRIPE, status__in=undecided).exists():
        return render(request, "payments/checking.html", {"order": order})
    return redirect(order)


def _ask_stripe(order: Order) -> bool:
    """Settle the order's open payment, unless Stripe was asked a moment ago or too often; return whether it answered."""
    live = order.payments.filter(method=Payment.Method.STRIPE, status__in=LIVE)
    now = timezone.now()
    not_asked_just_now = Q(checked_at=None) | Q(checked_at__lt=now - FRESH_ANSWER)
    payment = live.filter(not_asked_just_now).first() if order.is_unpaid else None
    # If several requests arrive at once, only the one whose update finds the row asks Stripe.
    if not payment or not live.filter(not_asked_just_now, pk=payment.pk).update(checked_at=now):
        return False
    try:
        ASKING.take(str(order.pk))
        settle(payment.pk)
    except TooManyAttempts:
        log.info("Order %s is left for the next sweep, because Stripe was asked about it too often", order.number)
    except (GatewayDown, GatewayRefused) as error:
        log.warning("Order %s could not be settled now and is left for the next sweep: %r", order.number, error)
    else:
        return True
    return False


@page(ORDER)
@leads_to_payment
@require_safe
def go_back(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Offer to pay or to change the order after Stripe's cancel link. Opening this page cancels nothing."""
    order = get_object_or_404(Order, public_id=public_id)
    _ask_stripe(order)
    order.refresh_from_db()
    if not order.is_unpaid or order.is_payment_processing:
        return redirect(order)
    return render(request, "payments/left.html", {"order": order})


@page(ORDER)
@require_POST
def change(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Cancel the unpaid order and bring its lines back into a cart.

    The shopper who holds the order's cart gets that cart. Others who have the order's link get the lines in their own
    cart, because the order's cart would give them its gift cards, codes and texts.
    """
    order = get_object_or_404(Order, public_id=public_id)
    is_holder = holds_cart(request, order)
    if order.is_unpaid:
        ASKING.take(str(order.pk))
    try:
        order, cart = reopen(order)
    except StillProcessing:
        return redirect(order)
    except (GatewayDown, GatewayRefused):
        return try_again(request, order, "We could not reach our payment provider to cancel the payment.")
    if not cart:
        return redirect("orders:cart") if order.status == Order.Status.CANCELED else redirect(order)
    cart = _merged_with_current_cart(request, cart) if is_holder else _copied_into_current_cart(request, order)
    return remember_cart(redirect(f"{reverse('orders:cart')}?back=1"), cart)


def holds_cart(request: HttpRequest, order: Order) -> bool:
    """Return whether the order's cart belongs to this shopper, by account or by cookie."""
    user_id = user_id_of(request)
    token = parse_token(request.COOKIES.get(settings.CART_COOKIE_NAME, ""))
    is_theirs = (Q(user_id=user_id) if user_id else Q(pk=None)) | (Q(user=None, token=token) if token else Q(pk=None))
    return Cart.objects.filter(is_theirs, pk=order.cart_id).exists()


def _copied_into_current_cart(request: HttpRequest, order: Order) -> Cart:
    """Add the order's lines to this shopper's own cart, and return it."""
    cart = open_cart(current_cart(request), user_id=user_id_of(request), market=market_of(order.market))
    order_again(cart, order)
    return cart


def _merged_with_current_cart(request: HttpRequest, cart: Cart) -> Cart:
    """Merge the cart that was brought back with the shopper's current cart, and return the result."""
    user_id = user_id_of(request)
    if cart.user_id is None and user_id:
        join_carts(cart.token, user_id)
        return current_cart(request) or cart
    if cart.user_id == user_id:
        add_cart(cart, current_cart(request))
    return cart


@page(ORDER, is_always_open=False)
@leads_to_payment
@require_POST
def replace(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Replace an unpaid order by one with the submitted details: cancel the first order and place the new one."""
    order = get_object_or_404(Order, public_id=public_id)
    form = CheckoutForm(request.POST, market=market_of(order.market))
    if not form.is_valid() or not _may_replace(request, order):
        return redirect(order)
    PLACING.take(client_ip(request))
    try:
        order, cart = reopen(order)
    except StillProcessing:
        return redirect(order)
    except (GatewayDown, GatewayRefused):
        return try_again(request, order, "We could not reach our payment provider to cancel the first payment.")
    cart = cart or _cart_of_canceled_order(request, order)
    if not cart:
        return redirect(order)
    return remember_cart(_place_again(request, cart, form), cart)


def _may_replace(request: HttpRequest, order: Order) -> bool:
    """Return whether the shopper holds the order's cart, or has just canceled the order in another tab."""
    return holds_cart(request, order) or (order.status == Order.Status.CANCELED and current_cart(request) is not None)


def _cart_of_canceled_order(request: HttpRequest, order: Order) -> Cart | None:
    """Return the current cart if another tab has just canceled the order, or None if the order was paid.

    The form was validated for the order's market, so a cart of another market cannot be ordered with it.
    """
    cart = current_cart(request) if order.status == Order.Status.CANCELED else None
    return cart if cart and cart.market == order.market else None


def _place_again(request: HttpRequest, cart: Cart, form: CheckoutForm) -> HttpResponse:
    """Place the new order. The shopper saw the first order's total, and only the cart's mark has changed."""
    seen = form.seen(client_ip(request))
    seen = dataclasses.replace(seen, cart_mark=f"{cart.pk}:{cart.version}")
    try:
        order = place_order(cart.pk, form.submission(), seen=seen, user_id=cart.user_id)
    except AlreadyPlaced as placed:
        return redirect(placed.order)
    except REFUSALS as refusal:
        return render_refusal(request, cart, form, refusal)
    return redirect("payments:pay", order.public_id)


@page(INTERNAL)
@csrf_exempt
@require_POST
def webhook(request: HttpRequest) -> HttpResponse:
    """Store the signed event, answer 200 once it is committed, and wake a worker to process it."""
    length = request.headers.get("Content-Length", "")
    if not length.isdigit() or int(length) > MAX_EVENT_BYTES:
        return HttpResponse(status=413 if length.isdigit() else 411)
    try:
        event = inbox.receive(request.body, request.headers.get("Stripe-Signature", ""))
    except BadSignature as error:
        log.warning("A webhook was refused: %s", error)
        return HttpResponse("bad signature", status=400, content_type="text/plain")
    except NotAnEvent:
        return HttpResponse("not an event", status=400, content_type="text/plain")
    except ForeignEvent as foreign:
        log.warning("A webhook was ignored: %s", foreign)
        return HttpResponse("ignored", content_type="text/plain")
    process_event.delay_on_commit(event.pk)
    return HttpResponse("stored", content_type="text/plain")
