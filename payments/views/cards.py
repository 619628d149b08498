"""The page of an account's saved cards."""

import logging

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from catalog.pages import ACCOUNT, page
from orders.visitor import user_id_of
from payments.customers import remove_method, saved_method, saved_methods
from payments.errors import GatewayDown

log = logging.getLogger(__name__)


@page(ACCOUNT)
@login_required
@require_safe
def cards(request: HttpRequest) -> HttpResponse:
    """List what the account saved at Stripe."""
    try:
        context = {"methods": saved_methods(_user_id(request)), "is_known": True}
    except GatewayDown as down:
        log.warning("Saved cards cannot be listed now: %r", down)
        context = {"methods": [], "is_known": False}
    return render(request, "payments/cards.html", context, status=200 if context["is_known"] else 503)


@page(ACCOUNT)
@login_required
@reauthentication_required
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, method_id: str) -> HttpResponse:
    """Ask whether to remove a saved card, or remove it."""
    try:
        if request.method == "POST":
            return _remove(request, method_id)
        method = saved_method(_user_id(request), method_id)
    except GatewayDown as down:
        log.warning("A saved card cannot be read or removed now: %r", down)
        return render(request, "payments/cards.html", {"methods": [], "is_known": False}, status=503)
    if not method:
        raise Http404
    return render(request, "payments/remove_card.html", {"method": method})


def _remove(request: HttpRequest, method_id: str) -> HttpResponse:
    removed = remove_method(_user_id(request), method_id)
    messages.success(request, f"{removed.label} was removed." if removed else "This card is no longer saved.")
    return redirect("payments:cards")


def _user_id(request: HttpRequest) -> int:
    user_id = user_id_of(request)
    assert user_id  # noqa: S101  (login_required guarantees it)
    return user_id
