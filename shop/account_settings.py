"""Settings of logins, passwords and second factors. None of them depends on the environment."""

# Passwords
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "accounts.passwords.ShopArgon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["email", "name"]},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "accounts.passwords.MaximumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "accounts.notices.PasswordChangeWatch"},
]
PASSWORD_RESET_TIMEOUT = 3600

# Logging in and signing up
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "orders:account"
LOGOUT_REDIRECT_URL = "catalog:home"
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_RATE_LIMITS = {
    "login": "60/m/ip",
    "login_failed": "20/5m/ip,10/5m/key",  # second factors; passwords are counted by accounts.limits.logins
    # Counted by accounts.forms and accounts.adapters: one atomic statement each, and a Retry-After.
    "signup": None,
    "reset_password": None,
    "confirm_email": None,
}
ACCOUNT_FORMS = {
    "login": "accounts.forms.MailboxLoginForm",
    "reset_password": "accounts.forms.CountedResetForm",
    "reset_password_from_key": "accounts.forms.NewPasswordForm",
    "change_password": "accounts.forms.OtherPasswordForm",
    "set_password": "accounts.forms.FirstPasswordForm",
    "reauthenticate": "accounts.forms.PasswordAgainForm",
    "add_email": "accounts.forms.MailboxAddForm",
}

# Second factors
MFA_ADAPTER = "accounts.adapters.SecondFactorAdapter"
# An unconfirmed e-mail address gives no rights here, so it need not prevent a second factor, or the other way round.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_FORMS = {
    "authenticate": "accounts.second_factors.CodeForm",
    "reauthenticate": "accounts.second_factors.CodeAgainForm",
    "activate_totp": "accounts.second_factors.FirstCodeForm",
    "add_webauthn": "accounts.second_factors.PasskeyForm",
    "login_webauthn": "accounts.second_factors.PasskeyLogInForm",
    "authenticate_webauthn": "accounts.second_factors.PasskeyCodeForm",
    "reauthenticate_webauthn": "accounts.second_factors.PasskeyAgainForm",
    "edit_webauthn": "accounts.second_factors.PasskeyNameForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
