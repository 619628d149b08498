"""allauth's forms for second factors, with our labels and hints."""

from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm, EditWebAuthnForm
from django import forms


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
    """The second step of a log-in."""

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


class PasskeyNameForm(EditWebAuthnForm):
    """Another name for a passkey."""

    name = name_field(is_required=True)
