"""Require a second factor of staff. Until it is set up, they can open its setup pages only."""

from collections.abc import Callable

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

SET_UP = "mfa_activate_totp"
# The setup pages for an app and for a passkey, what they need (confirming the password, the QR code), logging out, and
# health checks.
REACHABLE = {SET_UP, "mfa_add_webauthn", "totp_picture", "account_reauthenticate", "account_logout", "alive", "ready"}
# Factors that the login asks for. It never asks for recovery codes alone, so they do not count.
LOGIN_FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]


class SecondFactorMiddleware:
    """Redirect staff without a second factor to its setup page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable, args: tuple, kwargs: dict) -> HttpResponse | None:
        # Without a session cookie nobody is logged in; do not read the session of public pages.
        if not settings.STAFF_SECOND_FACTOR or settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return None
        name = request.resolver_match.view_name if request.resolver_match else ""
        if name in REACHABLE or not request.user.is_staff or is_mfa_enabled(request.user, LOGIN_FACTORS):
            return None
        return redirect(SET_UP)
