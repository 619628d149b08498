"""The checkout page. It needs no account, and keeps everything that the shopper has typed."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.address_formats import address_format
from accounts.addresses import address_of, keep_address
from accounts.limits.throttle import client_ip
from catalog.markets import Market, market_of
from catalog.pages import CART, page
from orders.cart import choose_country
from orders.cart.codes import drop_code
from orders.cart.drafts import draft_of, keep_draft
from orders.checkout import place_order
from orders.checkout.form import CheckoutForm
from orders.checkout.form_guard import check_form
from orders.checkout.page import PLACING, REFUSALS, leads_to_payment, render_checkout, render_refusal
from orders.errors import AlreadyPlaced, CartRefused, GiftCardRefused
from orders.models import Cart, CheckoutDraft, Order
from orders.visitor import current_cart, try_code, user_id_of


@page(CART)
@leads_to_payment
@require_http_methods(["GET", "HEAD", "POST"])
def checkout(request: HttpRequest) -> HttpResponse:
    """Show the checkout page, update it, or place the order."""
    cart = current_cart(request)
    if not cart:
        return redirect("orders:cart")
    market = market_of(cart.market)
    draft = draft_of(cart)
    if request.method == "POST":
        return _post(request, cart, draft)
    if not cart.is_open:
        order = Order.objects.filter(cart_id=cart.pk).first()
        return redirect(order) if order else redirect("orders:cart")
    form = CheckoutForm(initial=_initial_values(request, cart, market, draft.fields), market=market)
    return render_checkout(request, cart, form)


def _initial_values(request: HttpRequest, cart: Cart, market: Market, typed: Mapping[str, str]) -> dict[str, Any]:
    """Return initial values of the form: from the draft, the account and the address book."""
    user_id = user_id_of(request)
    initial: dict[str, Any] = {"country": cart.country or market.countries[0]}
    if user_id:
        initial |= {"email": request.user.email, "name": request.user.name}
        initial |= address_of(user_id, market.countries) or {}
    initial |= {name: text for name, text in typed.items() if text}
    if typed and cart.country:
        initial["country"] = cart.country  # may have been changed on the cart page since
    if user_id and (chosen := request.GET.get("address")):
        initial |= address_of(user_id, market.countries, chosen) or {}
    if initial["country"] not in market.countries:
        initial["country"] = market.countries[0]
    if not initial.get("state"):
        initial["state"] = address_format(initial["country"]).state_of(initial.get("postcode", ""))
    return initial


def _post(request: HttpRequest, cart: Cart, draft: CheckoutDraft) -> HttpResponse:
    market = market_of(cart.market)
    keep_draft(draft, request.POST)
    country = request.POST.get("country", "")
    if cart.is_open and country in market.countries and country != (cart.country or market.countries[0]):
        choose_country(cart, country)
    form = CheckoutForm(request.POST, market=market)
    if request.POST.keys() & {"update", "entered", "drop"} or (cart.is_open and _has_new_code(request)):
        form.fill(draft.fields)
        return _update(request, cart, form)
    if not form.is_valid():
        form.fill(draft.fields)
        return render_checkout(request, cart, form, status=422)
    ip = client_ip(request)
    user_id = user_id_of(request)
    try:
        if cart.is_open:
            PLACING.take(ip)
            check_form(cart, request.POST)
        order = place_order(cart.pk, form.submission(), seen=form.seen(ip), user_id=user_id)
    except AlreadyPlaced as placed:
        # The payment must be closed first, which is the payments app's job: the browser sends it the same form again.
        response = HttpResponse(status=307)
        response["Location"] = reverse("payments:replace", args=[placed.order.public_id])
        return response
    except REFUSALS as refusal:
        return render_refusal(request, cart, form, refusal)
    if user_id and form.cleaned_data["save_address"]:
        keep_address(user_id, form.cleaned_data)
    return redirect("payments:pay", order.public_id)


def _has_new_code(request: HttpRequest) -> bool:
    """Return whether a code was entered that has not been refused before; a refused one does not block the order."""
    code = request.POST.get("code", "").strip()
    return bool(code) and code != request.POST.get("refused_code", "").strip()


def _update(request: HttpRequest, cart: Cart, form: CheckoutForm) -> HttpResponse:
    """Show the page again with a changed country or code; check only the fields that were wrong before.

    A code that is still in its field is added too: pressing Enter there submits the form by its first button, and the
    shopper must not be charged a total without that code.
    """
    code_error, code = "", request.POST.get("code", "")
    try:
        if "drop" in request.POST:
            drop_code(cart, request.POST["drop"])
        elif "entered" in request.POST or "update" not in request.POST:
            try_code(request, cart)
            code = ""
    except (CartRefused, GiftCardRefused) as refused:
        code_error = str(refused)
    cart = Cart.objects.filter(pk=cart.pk).first() or cart
    return render_checkout(request, cart, form, is_checked=False, code=code, code_error=code_error)
