"""The cart's pages and the cookie that names it."""

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.throttle import Limit, client_ip
from catalog.browse import current_listings, first_cards
from catalog.markets import current_market, market_of
from catalog.models import Variant
from catalog.pages import CART, page
from catalog.product_page import wanted_of
from catalog.views.products import show_product
from orders import cart as cart_verbs
from orders.cart import (
    UNDO_PERIOD,
    add_to_cart,
    find_cart,
    find_variant,
    has_saved,
    open_cart,
    set_quantity,
    token_from,
)
from orders.cart_codes import drop_code, enter_code, use_credit
from orders.customers import Buyer
from orders.errors import CartRefused, GiftCardRefused, SoldOut
from orders.forms import CartLineForm, CartNoteForm, QuantityForm
from orders.gift_form import GiftCardForm
from orders.gift_lines import add_gift_card
from orders.items import CartItem
from orders.models import Cart, CartLine, Order
from orders.queries import CartContents, price_cart
from orders.same_origin import same_origin_post

NOT_THERE = "This is no longer in your cart. You may have removed it in another window."
ADDING = Limit("add-to-cart", 60, 60)
CODES = Limit("code", 10, 600)  # codes that are none, from one address


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


def buyer_of(request: HttpRequest, cart: Cart) -> Buyer:
    """What is known of whoever looks at the cart."""
    market = market_of(cart.market)
    user_id = user_id_of(request)
    country = cart.country if cart.country in market.countries else market.countries[0]
    return Buyer(country, email=request.user.email if user_id else "", user_id=user_id)


@page(CART)
@require_http_methods(["GET", "HEAD", "POST"])
@same_origin_post
def cart(request: HttpRequest) -> HttpResponse:
    found = current_cart(request)
    if request.method == "POST":
        return _change(request, found)
    if found and not found.is_open and _is_done(found) and has_saved(found):
        found = open_cart(found, user_id=user_id_of(request), market=market_of(found.market))
    return _render(request, found)


def _is_done(ordered: Cart) -> bool:
    """Its order is not waiting for a payment, which could still bring the cart back."""
    return not Order.objects.filter(cart_id=ordered.pk, status=Order.Status.PLACED).exists()


def _render(
    request: HttpRequest, found: Cart | None, *, error: str = "", code_error: str = "", status: int = 200
) -> HttpResponse:
    market = market_of(found.market) if found else current_market()
    unpaid = None
    contents = None
    if found and found.is_open:
        contents = price_cart(found, buyer_of(request, found))
    elif found:
        unpaid = Order.objects.filter(cart_id=found.pk, status=Order.Status.PLACED).first()
    context = {
        "contents": contents,
        "unpaid": unpaid,
        "market": market,
        "error": error,
        "code_error": code_error,
        "is_back": "back" in request.GET,
        "missing": request.GET.get("missing", "")[:3],
        "code": (request.POST.get("code", "") or request.GET.get("code", ""))[:40],
        "note": request.POST.get("note", found.note if found else ""),
        "gift_message": request.POST.get("gift_message", found.gift_message if found else ""),
        "removed": _just_removed(contents) if contents else [],
    }
    if not contents or not contents.items:
        context["popular"] = first_cards(current_listings(market), 4)
    response = render(request, "orders/cart.html", context, status=status)
    return remember(response, found) if found else response


def _just_removed(contents: CartContents) -> list[CartItem]:
    """What can be had back: taken out in the last ten minutes."""
    since = contents.basket.at - UNDO_PERIOD
    return [item for item in contents.removed if item.changed_at and item.changed_at >= since]


def _change(request: HttpRequest, found: Cart | None) -> HttpResponse:
    """One of the cart's buttons; without any of them it is a quantity."""
    if not found:
        return _render(request, found, error=NOT_THERE, status=404)
    action = next((ACTIONS[name] for name in ACTIONS if name in request.POST), _set_quantity)
    try:
        problem = action(request, found)
    except (CartLine.DoesNotExist, OverflowError):
        return _render(request, found, error=NOT_THERE, status=404)
    except (CartRefused, GiftCardRefused) as refused:
        if "entered" in request.POST:
            return _render(request, found, code_error=str(refused), status=422)
        return _render(request, found, error=str(refused), status=409)
    if problem:
        return _render(request, found, error=problem, status=422)
    if "drawer" in request.POST and _is_script(request):
        return _drawer(request, found, _line_id(request.POST, "drawer"))
    return redirect("orders:cart")


def _is_script(request: HttpRequest) -> bool:
    """The page's script asks, and puts pieces of the answer into the page that is open."""
    return "X-Fragment" in request.headers


def _drawer(request: HttpRequest, cart: Cart, line_id: int = 0, *, added: Variant | None = None) -> HttpResponse:
    """The drawer with one line of the cart: the one of this id, or the one that was just added."""
    contents = price_cart(cart, buyer_of(request, cart))
    named = [item for item in contents.items if item.line_id == line_id or (added and item.variant.pk == added.pk)]
    context = {
        "contents": contents,
        "heading": "Added to your cart" if added else "Your cart",
        "item": max(named, key=lambda item: item.changed_at or contents.basket.at, default=None),
        "removed": next((item for item in _just_removed(contents) if item.line_id == line_id), None),
        "cart_count": contents.count,
    }
    return remember(render(request, "orders/drawer.html", context), cart)


def _set_quantity(request: HttpRequest, found: Cart) -> str:
    form = QuantityForm(request.POST)
    if not form.is_valid():
        return "Enter a quantity between 0 and 99."
    set_quantity(found, form.cleaned_data["line"], form.cleaned_data["quantity"])
    return ""


def _line_id(posted: QueryDict, name: str) -> int:
    """The line that a button names; raises CartLine.DoesNotExist for what cannot be one."""
    text = posted[name]
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise CartLine.DoesNotExist
    return int(text)


def _remove(request: HttpRequest, found: Cart) -> str:
    set_quantity(found, _line_id(request.POST, "remove"), 0)
    return ""


def _save(request: HttpRequest, found: Cart) -> str:
    cart_verbs.save_for_later(found, _line_id(request.POST, "save"))
    return ""


def _restore(request: HttpRequest, found: Cart) -> str:
    cart_verbs.restore(found, _line_id(request.POST, "restore"))
    return ""


def try_code(request: HttpRequest, found: Cart) -> None:
    """Enter the posted code; only codes that are none count for the limit, and they count from the first on."""
    ip = client_ip(request)
    CODES.take(ip)
    enter_code(found, request.POST.get("code", ""))
    CODES.give_back(ip)


def _enter_code(request: HttpRequest, found: Cart) -> str:
    try_code(request, found)
    return ""


def _drop_code(request: HttpRequest, found: Cart) -> str:
    drop_code(found, request.POST["drop"])
    return ""


def _choose_country(request: HttpRequest, found: Cart) -> str:
    country = request.POST["country"]
    if country not in market_of(found.market).countries:
        return "Choose a country from the list."
    cart_verbs.choose_country(found, country)
    return ""


def _write_note(request: HttpRequest, found: Cart) -> str:
    form = CartNoteForm(request.POST)
    if not form.is_valid():
        return "A note can have at most 500 characters."
    cart_verbs.note_on(found, note=form.cleaned_data["note"], gift_message=form.cleaned_data["gift_message"])
    return ""


def _use_credit(request: HttpRequest, found: Cart) -> str:
    if user_id := user_id_of(request):
        use_credit(found, user_id)
    return ""


ACTIONS: dict[str, Callable[[HttpRequest, Cart], str]] = {
    "remove": _remove,
    "save": _save,
    "restore": _restore,
    "entered": _enter_code,
    "drop": _drop_code,
    "country": _choose_country,
    "note": _write_note,
    "credit": _use_credit,
}


@page(CART)
@require_POST
@same_origin_post
def add(request: HttpRequest) -> HttpResponse:
    ADDING.take(client_ip(request))
    form = CartLineForm(request.POST)
    found = current_cart(request)
    if not form.is_valid():
        return _render(request, found, error="Choose a product and a quantity between 1 and 99.", status=422)
    try:
        market = current_market()
        variant = find_variant(form.cleaned_data["product"], form.values, market)
        gift = GiftCardForm(request.POST) if variant.is_gift_card else None
        if gift and not gift.is_valid():
            return show_product(request, variant.product.slug, wanted_of(variant), {"gift_form": gift}, status=422)
        target = open_cart(found, user_id=user_id_of(request), market=market)
        if gift:
            add_gift_card(target, variant, form.cleaned_data["quantity"], gift.wish())
        else:
            add_to_cart(target, variant, form.cleaned_data["quantity"])
    except SoldOut:
        return _sold_out(request, variant)
    except CartRefused as refused:
        return _render(request, found, error=str(refused), status=422)
    if _is_script(request):
        return _drawer(request, target, added=variant)
    response = redirect("orders:cart")
    if settings.SESSION_COOKIE_NAME in request.COOKIES:
        messages.success(request, f"{variant.product.title} is in your cart.")
    return remember(response, target)


def _sold_out(request: HttpRequest, variant: Variant) -> HttpResponse:
    """Nothing was added, and whoever wants is told when it is back."""
    return render(request, "orders/not_added.html", {"variant": variant}, status=422)
