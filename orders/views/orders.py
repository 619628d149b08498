"""A shopper's orders: by secret link, by number and e-mail address, or in the account."""

import uuid
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.limits.throttle import Limit, client_ip
from accounts.signup import ask_with_password
from catalog.markets import market_of
from catalog.pages import ACCOUNT, ORDER, page
from orders.cart import open_cart
from orders.cart.reorder import order_again
from orders.checkout.page import leads_to_payment
from orders.forms import FindOrderForm
from orders.models import Order
from orders.progress import fulfillments_of, order_progress
from orders.reviewing import lines_of
from orders.shopper_orders import order_for_page, orders_of
from orders.visitor import ADDING, current_cart, remember_cart, user_id_of

FINDING = Limit("find-order", 10, 600)


@page(ORDER)
@leads_to_payment
@require_safe
def order(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show an order by its secret link."""
    return _show(request, public_id)


def _show(
    request: HttpRequest, public_id: uuid.UUID, extra_context: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    order = order_for_page(public_id)
    if not order:
        raise Http404
    context = {
        "order": order,
        "lines": lines_of(order),
        "is_unpaid": order.is_unpaid,
        "progress": order_progress(order),
        "parcels": fulfillments_of(order),
        # Do not reveal whether there is an account: the link may have been passed on.
        "can_open_account": user_id_of(request) is None and order.is_paid,
        **(extra_context or {}),
    }
    return render(request, "orders/order.html", context, status=status)


@page(ORDER, is_always_open=False)
@require_POST
def again(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Add everything from the order that is still sold to the shopper's cart."""
    order = get_object_or_404(Order, public_id=public_id)
    ADDING.take(client_ip(request))
    cart = open_cart(current_cart(request), user_id=user_id_of(request), market=market_of(order.market))
    missing = order_again(cart, order)
    url = reverse("orders:cart")
    return remember_cart(redirect(f"{url}?missing={len(missing)}" if missing else url), cart)


@page(ORDER)
@leads_to_payment
@require_POST
def open_account(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Start an account with the order's e-mail address and a password; the link in an e-mail confirms it.

    The page is the same if there is an account already, which stays unchanged. An unpaid order cannot start an account,
    because anybody could enter another person's e-mail address with their own postal address.
    """
    order = get_object_or_404(Order, public_id=public_id)
    if not order.is_paid:
        return redirect(order)
    problems = ask_with_password(
        request,
        email=order.email,
        password=request.POST.get("password1", ""),
        name=order.name,
        reference=str(order.public_id),
    )
    if problems:
        return _show(request, public_id, {"account_error": problems[0]}, status=422)
    return _show(request, public_id, {"account_mail": True})


@page(ORDER)
@require_http_methods(["GET", "HEAD", "POST"])
def find(request: HttpRequest) -> HttpResponse:
    """Find an order by its number and e-mail address."""
    form = FindOrderForm(request.POST or None)
    if request.method == "POST":
        FINDING.take(client_ip(request))
        if form.is_valid():
            if order := form.find():
                return redirect(order)
            form.add_error(None, "There is no order with this number and e-mail address. Please check both.")
    return render(request, "orders/find.html", {"form": form}, status=422 if form.errors else 200)


@page(ACCOUNT)
@login_required
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """List the orders of the account."""
    return render(request, "orders/account.html", {"orders": orders_of(request.user.pk)[:100]})
