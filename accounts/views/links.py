"""The pages that links in e-mails open. They refuse users who are logged in to another account."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from allauth.account.utils import user_pk_to_url_str
from allauth.account.views import PasswordResetFromKeyView
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.limits.logins import clear_failures, login_key
from accounts.limits.throttle import client_ip
from accounts.links import read_confirmation


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_address(request: HttpRequest, key: str) -> HttpResponse:
    """Make the new address the account's address, after its owner has confirmed."""
    address = read_confirmation(key)
    if address is None:
        return render(request, "account/link_invalid.html", {"page": "account_email"}, status=410)
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    if request.user.pk != address.user_id:
        return render(request, "account/link_of_another.html", status=403)
    if request.method != "POST":
        return render(request, "account/email_confirm.html", {"email": address.email})
    try:
        with transaction.atomic():
            get_adapter(request).confirm_email(request, address)
    except IntegrityError:
        messages.error(request, "Another account has this address. Log in there, or use another address here.")
    return redirect("account_email")


@method_decorator(never_cache, name="dispatch")
class ChoosePasswordView(PasswordResetFromKeyView):
    """allauth's page for choosing a new password. Also confirms the address of an account without a confirmed one."""

    def dispatch(self, request: HttpRequest, uidb36: str, key: str, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated and user_pk_to_url_str(request.user) != uidb36:
            return render(request, "account/link_of_another.html", status=403)
        return super().dispatch(request, uidb36, key, **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        user = self.reset_user
        response = super().form_valid(form)
        confirm_first_address(self.request, user)
        clear_failures(login_key(user.email, client_ip(self.request)))
        return response


def confirm_first_address(request: HttpRequest, user: Any) -> None:
    """Confirm the account's address if none is confirmed yet, because the link can only have been sent to it."""
    if EmailAddress.objects.filter(user=user, verified=True).exists():
        return
    address, _ = EmailAddress.objects.get_or_create(user=user, email=user.email)
    if address.set_verified():
        address.set_as_primary(conditional=True)
        email_confirmed.send(sender=EmailAddress, request=request, email_address=address)
