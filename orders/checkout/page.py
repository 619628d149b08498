"""The checkout page: rendered by the checkout, and by the payments app when it places an order again."""

from collections.abc import Callable, Mapping
from typing import TypeVar, cast

from csp.decorators import csp_update
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.addresses import addresses_of
from accounts.limits.throttle import Limit, TooManyAttempts, client_ip
from accounts.models import Address
from catalog.errors import InsufficientStock
from catalog.form_fields import ShownField, field_rows, shown_field
from catalog.markets import Market
from orders.cart.contents import CartContents, price_cart
from orders.cart.differences import SOMETHING_CHANGED, displayed_sums, what_changed
from orders.cart.drafts import BILLING_FIELDS, draft_of, remember_told
from orders.checkout.form import CheckoutForm
from orders.checkout.form_guard import stamp_for
from orders.checkout.market_terms import market_terms
from orders.checkout.ways_to_pay import chosen_way, ways_of
from orders.customers import Buyer, customer_key
from orders.errors import CheckoutRefused, EmptyCart, NotSold, PromotionUsedUp, TooManyUnpaid, TotalChanged
from orders.models import Cart
from orders.visitor import user_id_of

PLACING = Limit("place-order", settings.ORDERS_PER_HOUR, 3600)
STOCK_CHANGED = "The stock changed while you were ordering. Please check your order and place it again."
FOLDED = ("company", "vat_id", *BILLING_FIELDS)  # fields that are shown folded while they are empty
View = TypeVar("View", bound=Callable[..., HttpResponse])
PLACE_AGAIN = "Please check your order and place it again. You have not been charged."
# What place_order may refuse; the page shows each by its code, field and sentence.
REFUSALS = (CheckoutRefused, InsufficientStock)


def leads_to_payment(view: View) -> View:
    """Allow forms of this page to redirect to Stripe, since Chromium checks form-action for redirects too."""
    return cast(View, csp_update({"form-action": [settings.PAYMENT_PAGE_ORIGIN]})(view))


def render_refusal(
    request: HttpRequest, cart: Cart, form: CheckoutForm, refusal: CheckoutRefused | InsufficientStock
) -> HttpResponse:
    """Show the checkout page again with what changed and everything typed."""
    if isinstance(refusal, EmptyCart):
        return redirect("orders:cart")
    if isinstance(refusal, TooManyUnpaid):
        raise TooManyAttempts(int(settings.PAYMENT_WINDOW.total_seconds()))
    if isinstance(refusal, (TotalChanged, PromotionUsedUp)):
        # Counted as an attempt to place an order, so the page may now show the total for this e-mail address.
        remember_told(cart, form.submission().email)
    if isinstance(refusal, (InsufficientStock, NotSold)):
        return render_checkout(request, cart, form, is_short=True, status=409)
    if refusal.field:
        form.add_error(refusal.field, refusal.sentence)
        return render_checkout(request, cart, form, status=422)
    if refusal.is_outdated:
        return render_checkout(request, cart, form, has_changed=True, status=409)
    return render_checkout(request, cart, form, problems=[refusal.sentence], status=409)


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
    paying = ways_of(contents)
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
        "paying": paying,
        "has_choice": len(paying.ways) > 1,
        "way": chosen_way(paying.ways, form.chosen_payment_method),
        "cart_count": contents.count,
        "problems": problems,
        "errors": [(name, wrong[name]) for name in form.page_order if name in wrong],
        "is_corrected": bool(before) and not wrong and not problems,
        "wrong": " ".join(wrong),
        "bad": wrong,
        "fields": fields,
        "rows": field_rows(form.rows(), fields),
        "billing_rows": field_rows(form.rows("billing_"), fields),
        "terms": market_terms(contents.market),
        "has_billing": any(form[name].value() for name in FOLDED),
        "has_line2": bool(form["line2"].value() or "line2" in wrong),
        "addresses": addresses,
        "has_other_addresses": len(addresses) > 1,
        "is_address_saved": form["save_address"].value() or not addresses,
        "seen_sums": displayed_sums(contents),
        "opened": stamp_for(cart, request.POST),
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


def _addresses(user_id: int | None, market: Market) -> list[Address]:
    """Return the user's saved addresses that the market delivers to."""
    saved = addresses_of(user_id) if user_id else []
    return [address for address in saved if address.country in market.countries]


def _mistakes(form: CheckoutForm, among: set[str] | None) -> dict[str, str]:
    """Return the first error of each field, or only of the fields in `among` if it is given."""
    if not form.is_bound or among == set():
        return {}
    return {name: errors[0] for name, errors in form.errors.items() if among is None or name in among}


def _shown_fields(
    form: CheckoutForm, contents: CartContents, wrong: Mapping[str, str], corrected: set[str]
) -> dict[str, ShownField]:
    required = form.format.required if contents.needs_address else frozenset()
    return {name: shown_field(form, name, wrong, required, corrected) for name in form.page_order}
