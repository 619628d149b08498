"""The checkout: one page, guest first, nothing typed is ever lost."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from csp.decorators import csp_update
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.throttle import Limit, TooManyAttempts, client_ip
from catalog.errors import InsufficientStock
from catalog.markets import Market, all_markets
from orders.checkout import place_order
from orders.errors import (
    AlreadyPlaced,
    CartChanged,
    EmptyCart,
    NoDelivery,
    NotSold,
    TotalChanged,
    TotalTooSmall,
)
from orders.forms import CheckoutForm
from orders.models import Cart, Order
from orders.queries import price_cart
from orders.views.carts import current_cart, user_id_of

PLACING = Limit("place-order", settings.ORDERS_PER_HOUR, 3600)
MOST_UNPAID = 5
View = TypeVar("View", bound=Callable[..., HttpResponse])

CHANGED = "Something has changed since you opened this page. Please look at your order again, then press the button once more."


def leads_to_payment(view: View) -> View:
    """Allow forms of this page to end at Stripe: Chromium holds redirects after a form to form-action too."""
    return cast(View, csp_update({"form-action": [settings.PAYMENT_PAGE_ORIGIN]})(view))


@leads_to_payment
@require_http_methods(["GET", "HEAD", "POST"])
def checkout(request: HttpRequest) -> HttpResponse:
    cart = current_cart(request)
    if not cart:
        return redirect("orders:cart")
    market = all_markets()[cart.market]
    if request.method == "POST":
        return _post(request, cart, CheckoutForm(request.POST, market=market))
    if not cart.is_open:
        order = Order.objects.filter(cart_id=cart.pk).first()
        return redirect(order) if order else redirect("orders:cart")
    form = CheckoutForm(initial=_known(request, market), market=market)
    return render_checkout(request, cart, form)


def _known(request: HttpRequest, market: Market) -> dict[str, Any]:
    """What we know already, so that it need not be typed again."""
    user_id = user_id_of(request)
    known: dict[str, Any] = {"country": market.countries[0]}
    if user_id:
        known |= {"email": request.user.email, "name": request.user.name}
    return known


def _post(request: HttpRequest, cart: Cart, form: CheckoutForm) -> HttpResponse:
    if "update" in request.POST:
        # Another country: new delivery methods and totals, nothing checked yet.
        return render_checkout(request, cart, form, is_checked=False)
    if not form.is_valid():
        return render_checkout(request, cart, form, status=422)
    ip = client_ip(request)
    if not Order.objects.filter(cart_id=cart.pk).exists():
        _throttle(ip, form.cleaned_data["email"])
    try:
        order = place_order(cart.pk, form.submission(), seen=form.seen(ip), user_id=user_id_of(request))
    except AlreadyPlaced as placed:
        # Its payment must be closed first, and that is the payments app's work: the browser sends it the same form.
        response = HttpResponse(status=307)
        response["Location"] = reverse("payments:replace", args=[placed.order.public_id])
        return response
    except REFUSALS as refusal:
        return render_refusal(request, cart, form, refusal)
    return redirect("payments:pay", order.public_id)


REFUSALS = (EmptyCart, CartChanged, NotSold, NoDelivery, TotalChanged, TotalTooSmall, InsufficientStock)


def _throttle(ip: str, email: str) -> None:
    """Nobody hoards stock or tries cards: a few orders an hour from one place, a few unpaid ones for one address."""
    PLACING.take(ip)
    unpaid = Order.objects.filter(email=email, terms_accepted_ip=ip or None, status=Order.Status.PLACED)
    if unpaid.count() >= MOST_UNPAID:
        raise TooManyAttempts(int(settings.PAYMENT_WINDOW.total_seconds()))


def render_refusal(request: HttpRequest, cart: Cart, form: CheckoutForm, refusal: Exception) -> HttpResponse:
    """Say what changed, keep everything typed, ask again."""
    if isinstance(refusal, EmptyCart):
        return redirect("orders:cart")
    if isinstance(refusal, NoDelivery):
        form.add_error("shipping_code", "Choose a delivery method for this country")
        return render_checkout(request, cart, form, status=422)
    words = {
        NotSold: "Something in your cart is no longer sold. Please take it out of your cart.",
        TotalTooSmall: "This order is too small to be paid by card. Please add something to your cart.",
        InsufficientStock: "Somebody was faster: not everything in your cart is still in stock. Please change your cart.",
    }
    return render_checkout(request, cart, form, problem=words.get(type(refusal), CHANGED), status=409)


def render_checkout(
    request: HttpRequest,
    cart: Cart,
    form: CheckoutForm,
    *,
    problem: str = "",
    is_checked: bool = True,
    status: int = 200,
) -> HttpResponse:
    contents = price_cart(cart, country=form.country_asked, shipping_code=str(form.data.get("shipping_code", "")))
    errors = form.errors if form.is_bound and is_checked else {}
    context = {
        "form": form,
        "contents": contents,
        "problem": problem,
        "errors": [(name, messages[0]) for name, messages in errors.items()],
        "bad": {name: messages[0] for name, messages in errors.items()},
        "line2": form["line2"].value(),
    }
    return render(request, "orders/checkout.html", context, status=status)
