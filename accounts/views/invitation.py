"""The page that an invitation for staff opens: choose a password, then set up a second factor, then open the desk."""

# allauth has no public function for this; without the record, the second factor would ask for the password again.
from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.devices import remember_device
from accounts.forms import NewAccountForm
from accounts.invitations import accept, usable_invitation
from accounts.models import User
from accounts.staff import StaffRefused

WITH_FACTOR = "Then you set up a second factor, and the desk opens."


@sensitive_post_parameters("password1")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def accept_invitation(request: HttpRequest, secret: str) -> HttpResponseBase:
    """Ask for a name and a password, make the person staff, and log them in."""
    invitation = usable_invitation(secret)
    if invitation is None:
        return render(request, "account/invitation_invalid.html", status=410)
    if request.user.is_authenticated and request.user.email != invitation.email:
        return render(request, "account/link_of_another.html", status=403)
    name = User.objects.filter(email=invitation.email).values_list("name", flat=True).first()
    form = NewAccountForm(
        request.POST if request.method == "POST" else None, email=invitation.email, initial={"name": name}
    )
    if request.method == "POST" and form.is_valid():
        try:
            user = accept(secret, password=form.cleaned_data["password1"], name=form.cleaned_data["name"])
        except StaffRefused:
            user = None
        if user is None:
            return render(request, "account/invitation_invalid.html", status=410)
        remember_device(request, user)
        record_authentication(request, user, method="password", email=user.email, reauthenticated=True)
        return perform_login(request, user, email=user.email, redirect_url=reverse("admin:index"))
    context = {
        "form": form,
        "email": invitation.email,
        "inviter": invitation.invited_by.get_full_name(),
        "then": WITH_FACTOR if settings.STAFF_SECOND_FACTOR else "Then the desk opens.",
    }
    return render(request, "account/invitation.html", context, status=422 if form.errors else 200)
