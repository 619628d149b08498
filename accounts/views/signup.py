"""The pages for creating an account: one for the e-mail address, and one for the password, which a link opens."""

# allauth has no public function for this; without the record, the new customer would have to log in again to change anything.
from allauth.account.internal.flows.login import record_authentication
from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed, user_signed_up
from allauth.account.utils import perform_login
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.devices import remember_device
from accounts.forms import NewAccountForm, SignUpForm
from accounts.links import SignUp, has_account, read_sign_up
from accounts.models import User
from accounts.signup import CHOSEN, ask_for_account, chosen_password, open_account


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    """Ask for the e-mail address. The answer is the same for addresses with and without an account."""
    if request.user.is_authenticated:
        return redirect("account_security")
    form = SignUpForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return render(request, "account/signup.html", {"form": form}, status=422 if form.errors else 200)
    ask_for_account(request, form.cleaned_data["email"])
    return redirect("account_email_verification_sent")


@sensitive_post_parameters("password1")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def finish_sign_up(request: HttpRequest, key: str) -> HttpResponseBase:
    """Create the account with a password that is chosen here, or was chosen in this session before."""
    signup = read_sign_up(key)
    if signup is None:
        return render(request, "account/link_invalid.html", {"page": "account_signup"}, status=410)
    if request.user.is_authenticated:
        if request.user.email == signup.email:
            return redirect("account_security")
        return render(request, "account/link_of_another.html", status=403)
    if has_account(signup.email):
        return render(request, "account/account_exists.html", {"email": signup.email})
    chosen = chosen_password(request, signup)
    form = NewAccountForm(request.POST if request.method == "POST" else None, email=signup.email)
    if request.method == "POST" and (chosen or form.is_valid()):
        password = chosen.password if chosen else make_password(form.cleaned_data["password1"])
        name = chosen.name if chosen else form.cleaned_data["name"]
        if user := open_account(signup.email, password, name):
            return _welcome(request, user, signup)
        return render(request, "account/account_exists.html", {"email": signup.email})
    context = {"form": form, "email": signup.email, "is_chosen": chosen is not None}
    return render(request, "account/finish_signup.html", context, status=422 if form.errors else 200)


def _welcome(request: HttpRequest, user: User, signup: SignUp) -> HttpResponseBase:
    """Send the signals about a new account, and log the customer in."""
    request.session.pop(CHOSEN, None)
    address = EmailAddress.objects.get(user=user)
    email_confirmed.send(sender=EmailAddress, request=request, email_address=address)
    user_signed_up.send(sender=User, request=request, user=user, reference=signup.reference)
    remember_device(request, user)
    record_authentication(request, user, method="password", email=user.email)
    return perform_login(request, user, email=user.email)
