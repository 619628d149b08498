"""The cart's pages and the cookie that names it."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.throttle import Limit, client_ip
from catalog.browse import current_listings, first_cards
from catalog.markets import default_market
from orders.cart import add_to_cart, find_cart, find_variant, open_cart, set_quantity, token_from
from orders.errors import CartRefused
from orders.forms import CartLineForm, QuantityForm
from orders.models import Cart, CartLine, Order
from orders.queries import price_cart
from orders.same_origin import same_origin_post

NOT_THERE = "That is no longer in your cart: perhaps you took it out in another window."
ADDING = Limit("add-to-cart", 60, 60)


def user_id_of(request: HttpRequest) -> int | None:
    """The logged-in user's id; without a session cookie nobody is asked."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return None
    return request.user.pk


def current_cart(request: HttpRequest) -> Cart | None:
    """The cart of whoever asks: open, or just ordered and perhaps not paid yet."""
    token = token_from(request.COOKIES.get(settings.CART_COOKIE_NAME, ""))
    user_id = user_id_of(request)
    if not token and not user_id:
        return None
    return find_cart(token=token, user_id=user_id)


def remember(response: HttpResponse, cart: Cart) -> HttpResponse:
    """The shopper's browser knows this cart for 30 days."""
    response.set_cookie(
        settings.CART_COOKIE_NAME,
        str(cart.token),
        max_age=settings.CART_COOKIE_AGE,
        secure=settings.SHOP_HTTPS,
        httponly=True,
        samesite="Lax",
    )
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@same_origin_post
def cart(request: HttpRequest) -> HttpResponse:
    found = current_cart(request)
    if request.method == "POST":
        return _change(request, found)
    return _render(request, found)


def _render(request: HttpRequest, found: Cart | None, *, error: str = "", status: int = 200) -> HttpResponse:
    market = default_market()
    unpaid = None
    contents = None
    if found and found.is_open:
        contents = price_cart(found, country=market.countries[0])
    elif found:
        unpaid = Order.objects.filter(cart_id=found.pk, status=Order.Status.PLACED).first()
    context = {
        "contents": contents,
        "unpaid": unpaid,
        "market": market,
        "error": error,
        "is_back": "back" in request.GET,
    }
    if not contents or not contents.items:
        context["popular"] = first_cards(current_listings(market), 4)
    return render(request, "orders/cart.html", context, status=status)


def _change(request: HttpRequest, found: Cart | None) -> HttpResponse:
    # "remove" is a button of its own, so that taking out works without typing 0.
    posted = request.POST.copy()
    if "remove" in posted:
        posted["line"], posted["quantity"] = posted["remove"], "0"
    form = QuantityForm(posted)
    if not form.is_valid():
        return _render(request, found, error="Enter a quantity between 0 and 99.", status=422)
    if not found:
        return _render(request, found, error=NOT_THERE, status=404)
    try:
        set_quantity(found, form.cleaned_data["line"], form.cleaned_data["quantity"])
    except CartLine.DoesNotExist:
        return _render(request, found, error=NOT_THERE, status=404)
    except CartRefused as refused:
        return _render(request, found, error=str(refused), status=409)
    return redirect("orders:cart")


@require_POST
@same_origin_post
def add(request: HttpRequest) -> HttpResponse:
    ADDING.take(client_ip(request))
    form = CartLineForm(request.POST)
    found = current_cart(request)
    if not form.is_valid():
        return _render(request, found, error="Choose a product and a quantity between 1 and 99.", status=422)
    try:
        variant = find_variant(form.cleaned_data["product"], form.values)
        target = open_cart(found, user_id=user_id_of(request))
        add_to_cart(target, variant, form.cleaned_data["quantity"])
    except CartRefused as refused:
        return _render(request, found, error=str(refused), status=422)
    messages_text = f"{variant.product.title} is in your cart."
    response = redirect("orders:cart")
    if settings.SESSION_COOKIE_NAME in request.COOKIES:
        messages.success(request, messages_text)
    return remember(response, target)
