"""Add second factors to accounts with internals of allauth, which has no public function for this."""

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)

from accounts.models import User


def add_app(user: User) -> None:
    TOTP.activate(user, generate_totp_secret())


def add_recovery_codes(user: User) -> None:
    RecoveryCodes.activate(user)


def current_code(secret: str) -> str:
    """The code that an authenticator app with this secret shows now."""
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


def offer_no_challenge(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show the pages that ask for a passkey without asking the library for a challenge."""
    monkeypatch.setattr("allauth.mfa.webauthn.internal.auth.begin_authentication", lambda user=None: {"publicKey": {}})
