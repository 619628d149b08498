"""Account forms: those of allauth with normalized addresses and limited attempts, and a few of our own."""

from typing import Any

from allauth.account.forms import (
    AddEmailForm,
    ChangePasswordForm,
    LoginForm,
    ReauthenticateForm,
    ResetPasswordForm,
    ResetPasswordKeyForm,
    SetPasswordForm,
)
from allauth.account.models import EmailAddress
from django import forms
from django.contrib.auth.password_validation import validate_password
from django.http import HttpRequest

from accounts.adapters import may_mail
from accounts.fields import MailboxFormField
from accounts.limits.throttle import Limit, client_ip
from accounts.models import User

RESET_LIMIT = Limit("reset", 10, 3600)
PASSWORD_RULES = (
    "At least 12 characters. Three words in a row are easy to remember. Do not reuse one from another site."  # noqa: S105
)


def mailbox_field(label: str = "E-mail address", help_text: str = "") -> MailboxFormField:
    """A field for an e-mail address, with our messages."""
    return MailboxFormField(
        label=label,
        help_text=help_text,
        error_messages={
            "required": "Enter your e-mail address",
            "invalid": "Enter an e-mail address like name@example.com",
        },
    )


def password_field(label: str = "Password", *, is_new: bool = False) -> forms.CharField:
    """A password field. Its rules are shown before it, and the password is typed only once because it can be shown."""
    return forms.CharField(
        label=label,
        strip=False,
        max_length=128 if is_new else 1000,
        help_text=PASSWORD_RULES if is_new else "",
        error_messages={"required": "Enter a password" if is_new else "Enter your password"},
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password" if is_new else "current-password"}),
    )


class MailboxLoginForm(LoginForm):
    """The login form. It accepts every spelling of the e-mail address."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"] = mailbox_field()
        self.fields["login"].widget.attrs["autocomplete"] = "username webauthn"
        self.fields["password"] = password_field()
        self.fields["remember"].label = "Stay logged in on this device"
        self.order_fields(["login", "password", "remember"])


class SignUpForm(forms.Form):
    """The e-mail address for a new account."""

    email = mailbox_field(help_text="We will send you a link to confirm it. Then you choose a password.")


class NewAccountForm(forms.Form):
    """The name and password of a new account, on the page that the link in the e-mail opens."""

    name = forms.CharField(
        label="Full name",
        max_length=150,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password1 = password_field(is_new=True)

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean_password1(self) -> str:
        password = self.cleaned_data["password1"]
        validate_password(password, User(email=self.email, name=self.cleaned_data.get("name", "")))
        return password


class MailboxAddForm(AddEmailForm):
    """The new e-mail address of an account."""

    email = mailbox_field(
        "New e-mail address", "We will send a link to it. Your old address stays until you open the link."
    )


class CountedResetForm(ResetPasswordForm):
    """The form for resetting a password, with limits per network (with an error) and per address (without one)."""

    email = mailbox_field()

    def clean_email(self) -> str:
        """Keep only users whose login or confirmed address this is. Unconfirmed addresses get no link."""
        email = super().clean_email()
        confirmed = EmailAddress.objects.filter(email=email, verified=True).values_list("user_id", flat=True)
        self.users = [user for user in self.users if user.email == email or user.pk in confirmed]
        return email

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        RESET_LIMIT.take(client_ip(request))
        if not may_mail("reset", self.cleaned_data["email"]):
            return self.cleaned_data["email"]
        return super().save(request, **kwargs)


class OnePasswordMixin:
    """Replaces allauth's two password fields with one, because the password can be shown."""

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        user = self.fields["password1"].user  # type: ignore[attr-defined]
        del self.fields["password2"]
        self.fields["password1"] = password_field("New password", is_new=True)
        self.fields["password1"].user = user  # type: ignore[attr-defined]

    def clean_password1(self) -> str:
        password = self.cleaned_data["password1"]  # type: ignore[attr-defined]
        validate_password(password, self.fields["password1"].user)  # type: ignore[attr-defined]
        return password


class NewPasswordForm(OnePasswordMixin, ResetPasswordKeyForm):
    """The form for a new password, on the page that the link in the e-mail opens."""


class FirstPasswordForm(OnePasswordMixin, SetPasswordForm):
    """The form for the first password of an account."""


class OtherPasswordForm(OnePasswordMixin, ChangePasswordForm):
    """The form for changing the password, which requires the current one."""

    oldpassword = password_field("Current password")


class PasswordAgainForm(ReauthenticateForm):
    """The form for entering the password again before an important change."""

    password = password_field()
