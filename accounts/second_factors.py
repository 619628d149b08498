"""allauth's forms for second factors, with our labels and hints, and an answer to whatever a browser may send."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    EditWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django import forms

UNREADABLE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


@contextmanager
def refusing_nonsense() -> Iterator[None]:
    """Say that the passkey is not right where its parser fails in some other way."""
    try:
        yield
    except UNREADABLE as error:
        raise get_adapter().validation_error("incorrect_code") from error


class CredentialField(forms.JSONField):
    """What the browser says of a passkey; a refused form does not show it again."""

    widget = forms.HiddenInput

    def to_python(self, value: Any) -> Any:
        with refusing_nonsense():
            return super().to_python(value)

    def bound_data(self, data: Any, initial: Any) -> Any:
        return None

    def prepare_value(self, value: Any) -> Any:
        return ""


def code_field(help_text: str) -> forms.CharField:
    return forms.CharField(
        label="Code",
        max_length=20,
        help_text=help_text,
        error_messages={"required": "Enter the code"},
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code"}),
    )


def name_field(*, is_required: bool) -> forms.CharField:
    return forms.CharField(
        label="Name",
        max_length=100,
        required=is_required,
        help_text="A name that you will recognize, like “My phone”.",
        error_messages={"required": "Enter a name"},
    )


class CodeForm(AuthenticateForm):
    """The second step of a login."""

    code = code_field("Six digits from your authenticator app, or one of your recovery codes.")


class CodeAgainForm(ReauthenticateForm):
    """A code once more, before something important changes."""

    code = code_field("Six digits from your authenticator app, or one of your recovery codes.")


class FirstCodeForm(ActivateTOTPForm):
    """The code that shows that the app has the key."""

    code = code_field("The six digits that the app shows now.")


class PasskeyForm(AddWebAuthnForm):
    """A new passkey."""

    name = name_field(is_required=False)
    credential = CredentialField()

    def clean(self) -> dict:
        with refusing_nonsense():
            return super().clean()


class PasskeyLogInForm(LoginWebAuthnForm):
    """A log-in by a passkey alone."""

    credential = CredentialField()

    def clean_credential(self) -> Any:
        with refusing_nonsense():
            return super().clean_credential()


class PasskeyCodeForm(AuthenticateWebAuthnForm):
    """A passkey as the second step of a log-in."""

    credential = CredentialField()

    def clean_credential(self) -> Any:
        with refusing_nonsense():
            return super().clean_credential()


class PasskeyAgainForm(ReauthenticateWebAuthnForm):
    """A passkey once more, before something important changes."""

    credential = CredentialField()

    def clean_credential(self) -> Any:
        with refusing_nonsense():
            return super().clean_credential()


class PasskeyNameForm(EditWebAuthnForm):
    """Another name for a passkey."""

    name = name_field(is_required=True)
