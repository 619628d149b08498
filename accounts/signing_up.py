"""An account with nothing but a password: the address is known from an order."""

from allauth.account.internal import flows
from allauth.core.exceptions import ImmediateHttpResponse
from django.http import HttpRequest

from accounts.forms import CountedSignupForm


def open_account(request: HttpRequest, email: str, password: str, name: str) -> list[str]:
    """A mail goes to the address, and after its link is followed the account is open; returns what is wrong instead.

    Nobody learns here whether the address has an account already: then its owner gets another mail.
    """
    form = CountedSignupForm({"email": email, "password1": password})
    if not form.is_valid():
        return [message for messages in form.errors.values() for message in messages]
    user, _response = form.try_save(request)
    if user:
        user.name = name
        user.save(update_fields=["name"])
        try:
            flows.signup.complete_signup(request, user=user)
        except ImmediateHttpResponse:
            return []
    return []
