"""A shopper's orders: by their secret link, by number and address, or in the account."""

import uuid

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.throttle import Limit, client_ip
from orders.forms import FindOrderForm
from orders.models import Order
from orders.queries import order_for_page, orders_of
from orders.reviewing import reviews_of
from orders.views.checkout import leads_to_payment

FINDING = Limit("find-order", 10, 600)


@leads_to_payment
@require_safe
def order(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    found = order_for_page(public_id)
    if not found:
        raise Http404
    can_review = found.status in (Order.Status.CONFIRMED, Order.Status.COMPLETED)
    context = {
        "order": found,
        "is_unpaid": found.is_unpaid,
        "can_review": can_review,
        "reviewed": reviews_of(found) if can_review else set(),
    }
    return render(request, "orders/order.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def find(request: HttpRequest) -> HttpResponse:
    form = FindOrderForm(request.POST or None)
    if request.method == "POST":
        FINDING.take(client_ip(request))
        if form.is_valid():
            if found := form.find():
                return redirect(found)
            form.add_error(None, "There is no order with this number and this address. Please check both.")
    return render(request, "orders/find.html", {"form": form}, status=422 if form.errors else 200)


@login_required
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    return render(request, "orders/account.html", {"orders": orders_of(request.user.pk)[:100]})
