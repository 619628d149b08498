"""Staff log in with a second factor; before it is set up they see the page that sets it up, and nothing else."""

from collections.abc import Callable

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

SET_UP = "mfa_activate_totp"
# The password once more comes before the page, the picture is on it, and everybody may leave.
REACHABLE = {SET_UP, "totp_picture", "account_reauthenticate", "account_logout", "alive", "ready"}
# What a login asks for. Recovery codes alone are asked for by no page, so they are no second factor.
ASKED_FOR = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]


class SecondFactorMiddleware:
    """Between the sign-in of a member of staff without a second factor and every page, there is its set-up."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable, args: tuple, kwargs: dict) -> HttpResponse | None:
        # Without our cookie nobody is logged in, and public pages stay the same for everybody.
        if not settings.STAFF_SECOND_FACTOR or settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return None
        name = request.resolver_match.view_name if request.resolver_match else ""
        if name in REACHABLE or not request.user.is_staff or is_mfa_enabled(request.user, ASKED_FOR):
            return None
        return redirect(SET_UP)
