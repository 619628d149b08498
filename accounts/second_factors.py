"""allauth's forms for second factors, with our labels and help texts, and safe against malformed passkey data."""

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

MALFORMED_DATA_ERRORS = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


@contextmanager
def rejecting_malformed_data() -> Iterator[None]:
    """Raise a validation error if allauth's parser of passkey data fails in an unexpected way."""
    try:
        yield
    except MALFORMED_DATA_ERRORS as error:
        raise get_adapter().validation_error("incorrect_code") from error


class CredentialField(forms.JSONField):
    """The passkey data from the browser, as JSON in a hidden input. An invalid form does not show it again."""

    widget = forms.HiddenInput

    def to_python(self, value: Any) -> Any:
        with rejecting_malformed_data():
            return super().to_python(value)

    def bound_data(self, data: Any, initial: Any) -> Any:
        return None

    def prepare_value(self, value: Any) -> Any:
        return ""


def code_field(help_text: str) -> forms.CharField:
    """A field for a one-time code or a recovery code."""
    return forms.CharField(
        label="Code",
        max_length=20,
        help_text=help_text,
        error_messages={"required": "Enter the code"},
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code"}),
    )


def name_field(*, is_required: bool) -> forms.CharField:
    """A field for the name of a passkey."""
    return forms.CharField(
        label="Name",
        max_length=100,
        required=is_required,
        help_text="A name that you will recognize, like “My phone”.",
        error_messages={"required": "Enter a name"},
    )


class CodeForm(AuthenticateForm):
    """The form for a code as the second step of a login."""

    code = code_field("Six digits from your authenticator app, or one of your recovery codes.")


class CodeAgainForm(ReauthenticateForm):
    """The form for entering a code again before an important change."""

    code = code_field("Six digits from your authenticator app, or one of your recovery codes.")


class FirstCodeForm(ActivateTOTPForm):
    """The form for the first code, which proves that the app has the key."""

    code = code_field("The six digits that the app shows now.")


class PasskeyForm(AddWebAuthnForm):
    """The form for adding a passkey."""

    name = name_field(is_required=False)
    credential = CredentialField()

    def clean(self) -> dict:
        with rejecting_malformed_data():
            return super().clean()


class PasskeyLogInForm(LoginWebAuthnForm):
    """The form for logging in with only a passkey."""

    credential = CredentialField()

    def clean_credential(self) -> Any:
        with rejecting_malformed_data():
            return super().clean_credential()


class PasskeyCodeForm(AuthenticateWebAuthnForm):
    """The form for a passkey as the second step of a login."""

    credential = CredentialField()

    def clean_credential(self) -> Any:
        with rejecting_malformed_data():
            return super().clean_credential()


class PasskeyAgainForm(ReauthenticateWebAuthnForm):
    """The form for using a passkey again before an important change."""

    credential = CredentialField()

    def clean_credential(self) -> Any:
        with rejecting_malformed_data():
            return super().clean_credential()


class PasskeyNameForm(EditWebAuthnForm):
    """The form for renaming a passkey."""

    name = name_field(is_required=True)
