"""allauth's forms, counted: only what was filled in well is an attempt."""

from typing import Any

from allauth.account.forms import AddEmailForm, LoginForm, ResetPasswordForm, SignupForm
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest

from accounts.fields import MailboxFormField
from accounts.throttle import Limit, client_ip

REGISTERING = Limit("register", 5, 3600)
RESETTING = Limit("reset-address", 3, 3600)
RESETTING_HERE = Limit("reset", 10, 3600)


def mailbox_field() -> MailboxFormField:
    return MailboxFormField(
        label="E-mail",
        error_messages={
            "required": "Enter your e-mail address",
            "invalid": "Enter an e-mail address in the form name@example.com",
        },
    )


class MailboxLoginForm(LoginForm):
    """The address may be typed in any of its spellings."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"] = mailbox_field()
        self.order_fields(["login", "password"])


class MailboxAddForm(AddEmailForm):
    """Another address of the same account."""

    email = mailbox_field()


class CountedSignupForm(SignupForm):
    """Five registrations an hour from one place, of known and of new addresses alike, which take the same time."""

    email = mailbox_field()

    def try_save(self, request: HttpRequest) -> Any:
        REGISTERING.take(client_ip(request))
        if self.account_already_exists:
            make_password(self.cleaned_data["password1"])
        return super().try_save(request)


class CountedResetForm(ResetPasswordForm):
    """Three mails an hour to one address and ten asked for from one place, whether there is an account or not."""

    email = mailbox_field()

    def save(self, request: HttpRequest, **facts: Any) -> str:
        RESETTING_HERE.take(client_ip(request))
        RESETTING.take(self.cleaned_data["email"])
        return super().save(request, **facts)
