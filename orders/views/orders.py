"""A shopper's orders: by their secret link, by number and address, or in the account."""

import uuid
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.signing_up import ask_with_password
from accounts.throttle import Limit, client_ip
from catalog.markets import market_of
from catalog.pages import ACCOUNT, ORDER, page
from orders.cart import open_cart
from orders.forms import FindOrderForm
from orders.joining import order_again
from orders.models import Order
from orders.pricing import can_be_derived, totals_of
from orders.progress import order_progress, parcels_of
from orders.queries import order_for_page, orders_of
from orders.reviewing import lines_of
from orders.views.carts import ADDING, current_cart, remember, user_id_of
from orders.views.checkout import leads_to_payment

FINDING = Limit("find-order", 10, 600)


@page(ORDER)
@leads_to_payment
@require_safe
def order(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    return _show(request, public_id)


def _show(
    request: HttpRequest, public_id: uuid.UUID, facts: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    found = order_for_page(public_id)
    if not found:
        raise Http404
    context = {
        "order": found,
        "lines": lines_of(found),
        "is_unpaid": found.is_unpaid,
        "progress": order_progress(found),
        "parcels": parcels_of(found),
        "discounts": totals_of(found.receipt).goods_discounts if can_be_derived(found.receipt) else [],
        "tenders": [{"name": "Gift card", "amount_minor": found.tendered_minor}] if found.tendered_minor else [],
        # Not a word on whether there is an account: whoever has the order's link need not be its owner.
        "can_open_account": user_id_of(request) is None and found.is_paid,
        **(facts or {}),
    }
    return render(request, "orders/order.html", context, status=status)


@page(ORDER, is_always_open=False)
@require_POST
def again(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Everything of the order that is still sold is in the shopper's cart."""
    found = get_object_or_404(Order, public_id=public_id)
    ADDING.take(client_ip(request))
    cart = open_cart(current_cart(request), user_id=user_id_of(request), market=market_of(found.market))
    missing = order_again(cart, found)
    address = reverse("orders:cart")
    return remember(redirect(f"{address}?missing={len(missing)}" if missing else address), cart)


@page(ORDER)
@leads_to_payment
@require_POST
def open_account(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The order's address and a password are an account, as soon as the link in the mail is followed.

    The answer is the same where there is an account already; that one is not touched. An order that is not paid opens
    none: anybody can type somebody's mailbox and an address of their own, which the account would begin with.
    """
    found = get_object_or_404(Order, public_id=public_id)
    if not found.is_paid:
        return redirect(found)
    problems = ask_with_password(
        request,
        email=found.email,
        password=request.POST.get("password1", ""),
        name=found.name,
        reference=str(found.public_id),
    )
    if problems:
        return _show(request, public_id, {"account_error": problems[0]}, status=422)
    return _show(request, public_id, {"account_mail": True})


@page(ORDER)
@require_http_methods(["GET", "HEAD", "POST"])
def find(request: HttpRequest) -> HttpResponse:
    form = FindOrderForm(request.POST or None)
    if request.method == "POST":
        FINDING.take(client_ip(request))
        if form.is_valid():
            if found := form.find():
                return redirect(found)
            form.add_error(None, "There is no order with this number and e-mail address. Please check both.")
    return render(request, "orders/find.html", {"form": form}, status=422 if form.errors else 200)


@page(ACCOUNT)
@login_required
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    return render(request, "orders/account.html", {"orders": orders_of(request.user.pk)[:100]})
