"""The checkout: one page, guest first, nothing typed is ever lost."""

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
from orders.changes import OLDEST, sums_of, what_changed
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
from orders.market_words import words_of
from orders.models import Cart, CheckoutDraft, Order
from orders.queries import CartContents, price_cart
from orders.shown_field import ShownField, field_rows, shown_field
from orders.views.carts import current_cart, try_code, user_id_of

PLACING = Limit("place-order", settings.ORDERS_PER_HOUR, 3600)
STOCK_CHANGED = "The stock changed while you were ordering. Please check your order and place it again."
View = TypeVar("View", bound=Callable[..., HttpResponse])
AGAIN = "Please check your order and place it again. You have not been charged."


def leads_to_payment(view: View) -> View:
    """Allow forms of this page to end at Stripe: Chromium holds redirects after a form to form-action too."""
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
    form = CheckoutForm(initial=_known(request, cart, market, draft.fields), market=market)
    return render_checkout(request, cart, form)


def _known(request: HttpRequest, cart: Cart, market: Market, typed: Mapping[str, str]) -> dict[str, Any]:
    """What we know already, so that it need not be typed again: typed here before, or from the address book."""
    user_id = user_id_of(request)
    known: dict[str, Any] = {"country": cart.country or market.countries[0]}
    if user_id:
        known |= {"email": request.user.email, "name": request.user.name}
        known |= address_of(user_id, market.countries) or {}
    known |= {name: text for name, text in typed.items() if text}
    if typed and cart.country:
        known["country"] = cart.country  # the cart's page may have been told another one since
    if user_id and (chosen := request.GET.get("address")):
        known |= address_of(user_id, market.countries, chosen) or {}
    if known["country"] not in market.countries:
        known["country"] = market.countries[0]
    if not known.get("state"):
        known["state"] = address_format(known["country"]).state_of(known.get("postcode", ""))
    return known


def _addresses(user_id: int | None, market: Market) -> list[Address]:
    """Those of the customer that the market delivers to."""
    return [one for one in addresses_of(user_id) if one.country in market.countries] if user_id else []


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
        # Its payment must be closed first, and that is the payments app's work: the browser sends it the same form.
        response = HttpResponse(status=307)
        response["Location"] = reverse("payments:replace", args=[placed.order.public_id])
        return response
    except REFUSALS as refusal:
        return render_refusal(request, cart, form, refusal)
    if user_id and form.cleaned_data["save_address"]:
        keep_address(user_id, form.cleaned_data)
    return redirect("payments:pay", order.public_id)


def _has_new_code(request: HttpRequest) -> bool:
    """A code was typed that has not been refused already: whoever knows that it does nothing may go on."""
    code = request.POST.get("code", "").strip()
    return bool(code) and code != request.POST.get("refused_code", "").strip()


def _update(request: HttpRequest, cart: Cart, form: CheckoutForm) -> HttpResponse:
    """Another country, or a code: new methods and totals, nothing lost, and only known mistakes are checked again.

    A code that was typed and not used counts as used: Enter in its field presses the form's first button, and nobody
    pays a total without the code that they have just typed.
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
WORDS = {
    TotalTooSmall: "This order is too small to be paid by card. Please add something to your cart.",
    TooMuchUnpaid: (
        "You have many items in orders that are not paid yet. Please pay or change one of them first, "
        "or contact us for a large order."
    ),
}


def render_refusal(request: HttpRequest, cart: Cart, form: CheckoutForm, refusal: Exception) -> HttpResponse:
    """Say what changed, keep everything typed, ask again."""
    if isinstance(refusal, EmptyCart):
        return redirect("orders:cart")
    if isinstance(refusal, TooManyUnpaid):
        raise TooManyAttempts(int(settings.PAYMENT_WINDOW.total_seconds()))
    if isinstance(refusal, (TotalChanged, PromotionUsedUp)):
        # Counted as an attempt to place an order: from here on the page may say what holds for this address.
        remember_told(cart, form.submission().email)
    if isinstance(refusal, NoDelivery):
        form.add_error("shipping_code", "Choose a delivery method for this country")
        return render_checkout(request, cart, form, status=422)
    if isinstance(refusal, NoAddress):
        form.add_error("line1", "Enter a street and number, like Kraanlei 12")
        return render_checkout(request, cart, form, status=422)
    if isinstance(refusal, (InsufficientStock, NotSold)):
        return render_checkout(request, cart, form, is_short=True, status=409)
    words = [WORDS[type(refusal)]] if type(refusal) in WORDS else []
    if isinstance(refusal, PromotionUsedUp):
        words = [f"“{refusal.name}” has been used up."]
    return render_checkout(request, cart, form, problems=words, has_changed=not words, status=409)


def render_checkout(  # noqa: PLR0913  (each is a part of the answer)
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
    user_id = user_id_of(request)
    contents = price_cart(cart, _buyer(request, cart, form), shipping_code=form.shipping_code_asked)
    said = list(problems or [])
    if is_short:
        said = contents.notices or [STOCK_CHANGED]
    if has_changed:
        said = what_changed(form.data.get("seen_sums", ""), contents)
        said = [line for line in said if line != OLDEST] or [OLDEST]
        said.append(AGAIN)
    if contents.chosen and contents.chosen.is_pickup:
        form.fields["phone"].help_text = "Only used to reach you about the pick-up"
    before = set(request.POST.get("wrong", "").split()) & form.fields.keys()
    wrong = _mistakes(form, None if is_checked else before)
    fields = _shown_fields(form, contents, wrong, before - wrong.keys())
    addresses = _addresses(user_id, contents.market)
    context = {
        "form": form,
        "contents": contents,
        "problems": said,
        "errors": [(name, wrong[name]) for name in form.page_order if name in wrong],
        "is_mended": bool(before) and not wrong and not said,
        "wrong": " ".join(wrong),
        "bad": wrong,
        "fields": fields,
        "rows": field_rows(form.rows(), fields),
        "billing_rows": field_rows(form.rows("billing_"), fields),
        "words": words_of(contents.market),
        "has_billing": any(form[name].value() for name in FOLDED),
        "has_line2": bool(form["line2"].value() or "line2" in wrong),
        "addresses": addresses,
        "has_other_addresses": len(addresses) > 1,
        "is_address_saved": form["save_address"].value() or not addresses,
        "seen_sums": sums_of(contents),
        "code": code,
        "code_error": code_error,
    }
    return render(request, "orders/checkout.html", context, status=status)


def _buyer(request: HttpRequest, cart: Cart, form: CheckoutForm) -> Buyer:
    """For whom the page may show a total: what limits say of a mailbox is told to its owner alone.

    An account's own address is proven. A typed one is not: its limits are decided when the order is placed, which is
    counted, and shown from then on.
    """
    buyer = form.buyer_so_far
    user_id = user_id_of(request)
    told = draft_of(cart).told_customer
    is_told = bool(told) and customer_key(buyer.email) == told
    own = request.user.email if user_id else ""
    return buyer.of(user_id, client_ip(request) or None).told_as(buyer.email if is_told else own)


def _mistakes(form: CheckoutForm, among: set[str] | None) -> dict[str, str]:
    """The first mistake of each field, only of those among the names where there are names."""
    if not form.is_bound or among == set():
        return {}
    return {name: words[0] for name, words in form.errors.items() if among is None or name in among}


def _shown_fields(
    form: CheckoutForm, contents: CartContents, wrong: Mapping[str, str], mended: set[str]
) -> dict[str, ShownField]:
    needed = form.format.required if contents.needs_address else frozenset()
    return {name: shown_field(form, name, wrong, needed, mended) for name in form.page_order}


FOLDED = ("company", "vat_id", *BILLING_FIELDS)
