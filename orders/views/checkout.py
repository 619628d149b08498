"""The checkout page. It needs no account, and keeps everything that the shopper has typed."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from csp.decorators import csp_update
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.address_formats import address_format
from accounts.addresses import address_of, addresses_of, keep_address
from accounts.models import Address
from accounts.throttle import Limit, TooManyAttempts, client_ip
from catalog.errors import InsufficientStock
from catalog.markets import Market, market_of
from catalog.pages import CART, page
from orders.cart import choose_country
from orders.cart_codes import drop_code
from orders.changes import SOMETHING_CHANGED, displayed_sums, what_changed
from orders.checkout import place_order
from orders.checkout_drafts import BILLING_FIELDS, draft_of, keep_draft, remember_told
from orders.checkout_form import CheckoutForm
from orders.customers import Buyer, customer_key
from orders.errors import (
    AlreadyPlaced,
    CartChanged,
    CartRefused,
    EmptyCart,
    GiftCardRefused,
    GiftCardSpent,
    NoAddress,
    NoDelivery,
    NotSold,
    PromotionUsedUp,
    TooManyUnpaid,
    TooMuchUnpaid,
    TotalChanged,
    TotalTooSmall,
)
from orders.market_words import market_terms
from orders.models import Cart, CheckoutDraft, Order
from orders.queries import CartContents, price_cart
from orders.shown_field import ShownField, field_rows, shown_field
from orders.views.carts import current_cart, try_code, user_id_of

PLACING = Limit("place-order", settings.ORDERS_PER_HOUR, 3600)
STOCK_CHANGED = "The stock changed while you were ordering. Please check your order and place it again."
View = TypeVar("View", bound=Callable[..., HttpResponse])
PLACE_AGAIN = "Please check your order and place it again. You have not been charged."


def leads_to_payment(view: View) -> View:
    """Allow forms of this page to redirect to Stripe, since Chromium checks form-action for redirects too."""
    return cast(View, csp_update({"form-action": [settings.PAYMENT_PAGE_ORIGIN]})(view))


@page(CART)
@leads_to_payment
@require_http_methods(["GET", "HEAD", "POST"])
def checkout(request: HttpRequest) -> HttpResponse:
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


def _addresses(user_id: int | None, market: Market) -> list[Address]:
    """Return the user's saved addresses that the market delivers to."""
    saved = addresses_of(user_id) if user_id else []
    return [address for address in saved if address.country in market.countries]


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
    if cart.is_open:
        PLACING.take(ip)
    user_id = user_id_of(request)
    try:
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


REFUSALS = (
    CartChanged,
    EmptyCart,
    GiftCardSpent,
    InsufficientStock,
    NoAddress,
    NoDelivery,
    NotSold,
    PromotionUsedUp,
    TooManyUnpaid,
    TooMuchUnpaid,
    TotalChanged,
    TotalTooSmall,
)
REFUSAL_SENTENCES = {
    TotalTooSmall: "This order is too small to be paid by card. Please add something to your cart.",
    TooMuchUnpaid: (
        "You have many items in orders that are not paid yet. Please pay or change one of them first, "
        "or contact us for a large order."
    ),
}


def render_refusal(request: HttpRequest, cart: Cart, form: CheckoutForm, refusal: Exception) -> HttpResponse:
    """Show the checkout page again with what changed and everything typed."""
    if isinstance(refusal, EmptyCart):
        return redirect("orders:cart")
    if isinstance(refusal, TooManyUnpaid):
        raise TooManyAttempts(int(settings.PAYMENT_WINDOW.total_seconds()))
    if isinstance(refusal, (TotalChanged, PromotionUsedUp)):
        # Counted as an attempt to place an order, so the page may now show the total for this e-mail address.
        remember_told(cart, form.submission().email)
    if isinstance(refusal, NoDelivery):
        form.add_error("shipping_code", "Choose a delivery method for this country")
        return render_checkout(request, cart, form, status=422)
    if isinstance(refusal, NoAddress):
        form.add_error("line1", "Enter a street and number, like Kraanlei 12")
        return render_checkout(request, cart, form, status=422)
    if isinstance(refusal, (InsufficientStock, NotSold)):
        return render_checkout(request, cart, form, is_short=True, status=409)
    problems = [REFUSAL_SENTENCES[type(refusal)]] if type(refusal) in REFUSAL_SENTENCES else []
    if isinstance(refusal, PromotionUsedUp):
        problems = [f"“{refusal.name}” has been used up."]
    return render_checkout(request, cart, form, problems=problems, has_changed=not problems, status=409)


def render_checkout(  # noqa: PLR0913  (each is a part of the page)
    request: HttpRequest,
    cart: Cart,
    form: CheckoutForm,
    *,
    problems: list[str] | None = None,
    has_changed: bool = False,
    is_short: bool = False,
    is_checked: bool = True,
    code: str = "",
    code_error: str = "",
    status: int = 200,
) -> HttpResponse:
    """Render the checkout page with current prices.

    `has_changed` adds what changed since the submitted page, `is_short` what is out of stock. Unless `is_checked`, only
    errors of fields that were wrong before are shown.
    """
    user_id = user_id_of(request)
    contents = price_cart(cart, _buyer(request, cart, form), shipping_code=form.chosen_shipping_code)
    problems = list(problems or [])
    if is_short:
        problems = contents.notices or [STOCK_CHANGED]
    if has_changed:
        changes = what_changed(form.data.get("seen_sums", ""), contents)
        changes = [change for change in changes if change != SOMETHING_CHANGED] or [SOMETHING_CHANGED]
        problems = [*changes, PLACE_AGAIN]
    if contents.chosen and contents.chosen.is_pickup:
        form.fields["phone"].help_text = "Only used to reach you about the pick-up"
    before = set(request.POST.get("wrong", "").split()) & form.fields.keys()
    wrong = _mistakes(form, None if is_checked else before)
    fields = _shown_fields(form, contents, wrong, before - wrong.keys())
    addresses = _addresses(user_id, contents.market)
    context = {
        "form": form,
        "contents": contents,
        "problems": problems,
        "errors": [(name, wrong[name]) for name in form.page_order if name in wrong],
        "is_mended": bool(before) and not wrong and not problems,
        "wrong": " ".join(wrong),
        "bad": wrong,
        "fields": fields,
        "rows": field_rows(form.rows(), fields),
        "billing_rows": field_rows(form.rows("billing_"), fields),
        "words": market_terms(contents.market),
        "has_billing": any(form[name].value() for name in FOLDED),
        "has_line2": bool(form["line2"].value() or "line2" in wrong),
        "addresses": addresses,
        "has_other_addresses": len(addresses) > 1,
        "is_address_saved": form["save_address"].value() or not addresses,
        "seen_sums": displayed_sums(contents),
        "code": code,
        "code_error": code_error,
    }
    return render(request, "orders/checkout.html", context, status=status)


def _buyer(request: HttpRequest, cart: Cart, form: CheckoutForm) -> Buyer:
    """Return the buyer whose promotion limits the shown total may reveal.

    The e-mail address of an account is confirmed. A typed address is not, so its limits apply only when the order is
    placed, which is rate-limited, and are shown from then on.
    """
    buyer = form.buyer_so_far
    user_id = user_id_of(request)
    told_customer = draft_of(cart).told_customer
    is_told = bool(told_customer) and customer_key(buyer.email) == told_customer
    account_email = request.user.email if user_id else ""
    return buyer.for_request(user_id, client_ip(request) or None).with_email(buyer.email if is_told else account_email)


def _mistakes(form: CheckoutForm, among: set[str] | None) -> dict[str, str]:
    """Return the first error of each field, or only of the fields in `among` if it is given."""
    if not form.is_bound or among == set():
        return {}
    return {name: errors[0] for name, errors in form.errors.items() if among is None or name in among}


def _shown_fields(
    form: CheckoutForm, contents: CartContents, wrong: Mapping[str, str], mended: set[str]
) -> dict[str, ShownField]:
    required = form.format.required if contents.needs_address else frozenset()
    return {name: shown_field(form, name, wrong, required, mended) for name in form.page_order}


FOLDED = ("company", "vat_id", *BILLING_FIELDS)
