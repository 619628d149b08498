"""Staff pages outside the admin: view the shop as of another moment, and see what a new shop is missing."""

from django import forms
from django.conf import settings
from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.auth.decorators import permission_required
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from catalog.inputs import MomentInput
from catalog.pages import INTERNAL, page
from shop import facts
from shop.middleware.as_of import PERMISSION, SALT
from shop.opening import missing_otherwise, missing_to_open


class MomentForm(forms.Form):
    """A moment in the shop's time zone. Empty means now."""

    moment = forms.DateTimeField(
        required=False,
        widget=MomentInput,
        error_messages={"invalid": "Enter a date and a time like 2026-12-24 18:00."},
    )


@page(INTERNAL)
@staff_member_required(login_url="account_login")
@permission_required(PERMISSION, raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def as_of(request: HttpRequest) -> HttpResponse:
    """Choose the moment as of which the storefront is shown; an empty form returns to now."""
    form = MomentForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "shop/as_of.html", {"form": form}, status=422 if form.errors else 200)
    response = redirect("catalog:home")
    moment = form.cleaned_data["moment"]
    if moment is None:
        response.delete_cookie(settings.AS_OF_COOKIE_NAME)
        return response
    response.set_cookie(
        settings.AS_OF_COOKIE_NAME,
        signing.dumps(moment.isoformat(), salt=SALT),
        max_age=settings.AS_OF_COOKIE_AGE,
        secure=settings.SHOP_HTTPS,
        httponly=True,
        samesite="Lax",
    )
    return response


@page(INTERNAL)
@staff_member_required(login_url="account_login")
@require_safe
def opening(request: HttpRequest) -> HttpResponse:
    """Show what a new shop is missing, and whether it is open."""
    known = facts.read(*facts.needed())
    context = {"closing": missing_to_open(known), "otherwise": missing_otherwise(known)}
    return render(request, "shop/opening.html", context)
