"""The page of the shop that shows Stripe's payment form, and the way from it to Stripe's own page.

Only this page allows Stripe's script and frames. Everything else is as with Stripe's page: the session, its expiry, and
the return page, which asks Stripe.
"""

import uuid
from collections.abc import Callable
from typing import TypeVar, cast

from csp.decorators import csp_update
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from catalog.pages import ORDER, page
from orders.checkout.page import leads_to_payment
from orders.models import Order
from payments.models import Payment
from payments.starting import pays_in_page
from payments.views.orders import lead_to_payment, to_payment_page, try_again

View = TypeVar("View", bound=Callable[..., HttpResponse])
FEATURES = "camera=(), microphone=(), geolocation=(), usb=(), payment=(self {frames})"


def shows_payment_form(view: View) -> View:
    """Allow Stripe's script and frames in this page."""
    return cast(View, csp_update(settings.PAYMENT_FORM_POLICY)(view))


@page(ORDER)
@shows_payment_form
@require_safe
def form(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show the payment form, or go where the order is shown or paid instead."""
    order = get_object_or_404(Order, public_id=public_id)
    if not order.is_unpaid or not order.is_paid_online:
        return redirect(order)
    if not pays_in_page(order):
        return redirect("payments:pay", order.public_id)
    return lead_to_payment(request, order, _show_form)


def _show_form(request: HttpRequest, order: Order, payment: Payment) -> HttpResponse:
    if payment.session_url:
        return to_payment_page(request, order, payment)
    if not payment.client_secret:
        return try_again(request, order)
    order.refresh_from_db()
    context = {
        "order": order,
        "secret": payment.client_secret,
        "script": settings.PAYMENT_SCRIPT,
        "key": settings.STRIPE_PUBLISHABLE_KEY,
    }
    response = render(request, "payments/form.html", context)
    frames = " ".join(f'"{origin}"' for origin in settings.PAYMENT_FORM_FRAMES)
    response["Permissions-Policy"] = FEATURES.format(frames=frames)
    return response


@page(ORDER)
@leads_to_payment
@require_POST
def hosted(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Go to Stripe's own page, for shoppers whose browser does not show the form."""
    order = get_object_or_404(Order, public_id=public_id)
    if not order.is_unpaid or not order.is_paid_online:
        return redirect(order)
    return lead_to_payment(request, order, to_payment_page, is_hosted=True)
