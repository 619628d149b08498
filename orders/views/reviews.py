"""The review form for an order line, reached by the order's secret link."""

import uuid

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts.limits.throttle import Limit, client_ip
from catalog.listings.reviews import Opinion
from catalog.pages import ORDER, page
from orders.errors import OrderRefused
from orders.forms import ReviewForm
from orders.reviewing import product_to_review, review_of, review_purchase
from orders.shopper_orders import order_for_page

REVIEWING = Limit("review", 5, 60)


@page(ORDER)
@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest, public_id: uuid.UUID, line_id: int) -> HttpResponse:
    """Show the review form of an order line, and store the review."""
    order = order_for_page(public_id)
    if not order:
        raise Http404
    try:
        line, product = product_to_review(order, line_id)
    except OrderRefused as refused:
        raise Http404 from refused
    written = review_of(order, line)
    initial = {name: getattr(written, name) for name in ("rating", "title", "text", "author")} if written else {}
    form = ReviewForm(request.POST or None, initial={"author": order.first_name, **initial})
    is_done = False
    if request.method == "POST" and form.is_valid():
        REVIEWING.take(client_ip(request))
        review_purchase(order, line.pk, Opinion(**form.cleaned_data))
        is_done = True
    problems = [(f"{name}-5" if name == "rating" else name, errors[0]) for name, errors in form.errors.items()]
    context = {
        "problems": problems,
        "order": order,
        "line": line,
        "product": product,
        "form": form,
        "is_done": is_done,
        "written": written,
    }
    return render(request, "orders/review.html", context, status=422 if form.errors else 200)
