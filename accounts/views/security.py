"""The page of an account's login methods."""

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from accounts.notices import tell_owner


@never_cache
@login_required
@require_safe
def security(request: HttpRequest) -> HttpResponse:
    """Show the login methods of the account."""
    authenticators = Authenticator.objects.filter(user_id=request.user.pk).order_by("pk")
    by_type = {authenticator.type: authenticator.wrap() for authenticator in authenticators}
    codes = by_type.get(Authenticator.Type.RECOVERY_CODES)
    context = {
        "has_app": Authenticator.Type.TOTP in by_type,
        "has_codes": codes is not None,
        "codes_left": len(codes.get_unused_codes()) if codes else 0,
        "passkeys": [key.wrap() for key in authenticators if key.type == Authenticator.Type.WEBAUTHN],
    }
    return render(request, "account/security.html", context)


@login_required
@require_POST
def log_out_everywhere(request: HttpRequest) -> HttpResponse:
    """End all sessions of the account except the current one."""
    user = User.objects.get(pk=request.user.pk)
    User.objects.filter(pk=user.pk).update(login_generation=F("login_generation") + 1)
    user.refresh_from_db()
    update_session_auth_hash(request, user)
    tell_owner("account/email/logged_out_everywhere", user)
    messages.success(request, "You are logged out everywhere else.")
    return redirect("account_security")
