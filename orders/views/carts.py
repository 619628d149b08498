"""The cart's pages."""

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.limits.throttle import client_ip
from catalog.listings.browse import current_listings, first_cards
from catalog.markets import current_market, market_of
from catalog.models import Variant
from catalog.pages import CART, page
from catalog.products.page import variant_query
from catalog.views.products import show_product
from orders import cart as cart_verbs
from orders.cart import (
    UNDO_PERIOD,
    add_to_cart,
    find_variant,
    has_saved,
    open_cart,
    set_quantity,
)
from orders.cart.codes import drop_code, use_credit
from orders.cart.contents import CartContents, price_cart
from orders.cart.gift_form import GiftCardForm
from orders.cart.gift_lines import add_gift_card
from orders.cart.lines import PricedLine
from orders.errors import CartRefused, GiftCardRefused, SoldOut
from orders.forms import CartLineForm, CartNoteForm, QuantityForm
from orders.models import Cart, CartLine, Order
from orders.same_origin import same_origin_post
from orders.visitor import ADDING, buyer_of, current_cart, remember_cart, try_code, user_id_of

NOT_THERE = "This is no longer in your cart. You may have removed it in another window."


@page(CART)
@require_http_methods(["GET", "HEAD", "POST"])
@same_origin_post
def cart(request: HttpRequest) -> HttpResponse:
    """Show the cart, or carry out one of its buttons."""
    cart = current_cart(request)
    if request.method == "POST":
        return _change(request, cart)
    if cart and not cart.is_open and _is_done(cart) and has_saved(cart):
        cart = open_cart(cart, user_id=user_id_of(request), market=market_of(cart.market))
    return _render(request, cart)


def _is_done(ordered: Cart) -> bool:
    """Return whether the cart's order no longer waits for payment, so that it cannot bring the cart back."""
    return not Order.objects.filter(cart_id=ordered.pk, status=Order.Status.PLACED).exists()


def _render(
    request: HttpRequest, cart: Cart | None, *, error: str = "", code_error: str = "", status: int = 200
) -> HttpResponse:
    market = market_of(cart.market) if cart else current_market()
    unpaid = None
    contents = None
    if cart and cart.is_open:
        contents = price_cart(cart, buyer_of(request, cart))
    elif cart:
        unpaid = Order.objects.filter(cart_id=cart.pk, status=Order.Status.PLACED).first()
    context = {
        "contents": contents,
        "unpaid": unpaid,
        "market": market,
        "error": error,
        "code_error": code_error,
        "is_back": "back" in request.GET,
        "missing": request.GET.get("missing", "")[:3],
        "code": (request.POST.get("code", "") or request.GET.get("code", ""))[:40],
        "note": request.POST.get("note", cart.note if cart else ""),
        "gift_message": request.POST.get("gift_message", cart.gift_message if cart else ""),
        "removed": _just_removed(contents) if contents else [],
    }
    if contents:
        context["cart_count"] = contents.count
    if not contents or not contents.lines:
        context["popular"] = first_cards(current_listings(market), 4)
    response = render(request, "orders/cart.html", context, status=status)
    return remember_cart(response, cart) if cart else response


def _just_removed(contents: CartContents) -> list[PricedLine]:
    """Return the lines removed in the last ten minutes, which the shopper can restore."""
    since = contents.basket.at - UNDO_PERIOD
    return [line for line in contents.removed if line.changed_at and line.changed_at >= since]


def _change(request: HttpRequest, cart: Cart | None) -> HttpResponse:
    """Carry out the cart button that was pressed; without one, set a quantity."""
    if not cart:
        return _render(request, cart, error=NOT_THERE, status=404)
    action = next((ACTIONS[name] for name in ACTIONS if name in request.POST), _set_quantity)
    try:
        problem = action(request, cart)
    except (CartLine.DoesNotExist, OverflowError):
        return _render(request, cart, error=NOT_THERE, status=404)
    except (CartRefused, GiftCardRefused) as refused:
        if "entered" in request.POST:
            return _render(request, cart, code_error=str(refused), status=422)
        return _render(request, cart, error=str(refused), status=409)
    if problem:
        return _render(request, cart, error=problem, status=422)
    if "drawer" in request.POST and _is_script(request):
        return _drawer(request, cart, _line_id(request.POST, "drawer"))
    return redirect("orders:cart")


def _is_script(request: HttpRequest) -> bool:
    """Return whether the page's script sent the request, to replace parts of the open page."""
    return "X-Fragment" in request.headers


def _drawer(request: HttpRequest, cart: Cart, line_id: int = 0, *, added: Variant | None = None) -> HttpResponse:
    """Render the drawer with one line of the cart: the line with this id, or the variant just added."""
    contents = price_cart(cart, buyer_of(request, cart))
    matching = [line for line in contents.lines if line.line_id == line_id or (added and line.variant.pk == added.pk)]
    context = {
        "contents": contents,
        "heading": "Added to your cart" if added else "Your cart",
        "line": max(matching, key=lambda line: line.changed_at or contents.basket.at, default=None),
        "removed": next((line for line in _just_removed(contents) if line.line_id == line_id), None),
        "cart_count": contents.count,
    }
    return remember_cart(render(request, "orders/drawer.html", context), cart)


def _set_quantity(request: HttpRequest, cart: Cart) -> str:
    form = QuantityForm(request.POST)
    if not form.is_valid():
        return "Enter a quantity between 0 and 99."
    set_quantity(cart, form.cleaned_data["line"], form.cleaned_data["quantity"])
    return ""


def _line_id(posted: QueryDict, name: str) -> int:
    """Return the line id that a button sent; raise CartLine.DoesNotExist if it is not a valid id."""
    text = posted[name]
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise CartLine.DoesNotExist
    return int(text)


def _remove(request: HttpRequest, cart: Cart) -> str:
    set_quantity(cart, _line_id(request.POST, "remove"), 0)
    return ""


def _save(request: HttpRequest, cart: Cart) -> str:
    cart_verbs.save_for_later(cart, _line_id(request.POST, "save"))
    return ""


def _restore(request: HttpRequest, cart: Cart) -> str:
    cart_verbs.restore(cart, _line_id(request.POST, "restore"))
    return ""


def _enter_code(request: HttpRequest, cart: Cart) -> str:
    try_code(request, cart)
    return ""


def _drop_code(request: HttpRequest, cart: Cart) -> str:
    drop_code(cart, request.POST["drop"])
    return ""


def _choose_country(request: HttpRequest, cart: Cart) -> str:
    country = request.POST["country"]
    if country not in market_of(cart.market).countries:
        return "Choose a country from the list."
    cart_verbs.choose_country(cart, country)
    return ""


def _write_note(request: HttpRequest, cart: Cart) -> str:
    form = CartNoteForm(request.POST)
    if not form.is_valid():
        return "A note can have at most 500 characters."
    cart_verbs.save_notes(cart, note=form.cleaned_data["note"], gift_message=form.cleaned_data["gift_message"])
    return ""


def _use_credit(request: HttpRequest, cart: Cart) -> str:
    if user_id := user_id_of(request):
        use_credit(cart, user_id)
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
    """Add a product to the cart, and show the cart or its drawer."""
    ADDING.take(client_ip(request))
    form = CartLineForm(request.POST)
    cart = current_cart(request)
    if not form.is_valid():
        return _render(request, cart, error="Choose a product and a quantity between 1 and 99.", status=422)
    try:
        market = current_market()
        variant = find_variant(form.cleaned_data["product"], form.values, market)
        gift = GiftCardForm(request.POST) if variant.is_gift_card else None
        if gift and not gift.is_valid():
            return show_product(request, variant.product.slug, variant_query(variant), {"gift_form": gift}, status=422)
        target = open_cart(cart, user_id=user_id_of(request), market=market)
        if gift:
            add_gift_card(target, variant, form.cleaned_data["quantity"], gift.options())
        else:
            add_to_cart(target, variant, form.cleaned_data["quantity"])
    except SoldOut:
        return _sold_out(request, variant)
    except CartRefused as refused:
        return _render(request, cart, error=str(refused), status=422)
    if _is_script(request):
        return _drawer(request, target, added=variant)
    response = redirect("orders:cart")
    if settings.SESSION_COOKIE_NAME in request.COOKIES:
        messages.success(request, f"{variant.product.title} is in your cart.")
    return remember_cart(response, target)


def _sold_out(request: HttpRequest, variant: Variant) -> HttpResponse:
    """Tell the shopper that nothing was added, and offer a back-in-stock alert."""
    return render(request, "orders/not_added.html", {"variant": variant}, status=422)
