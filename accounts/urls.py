"""URLs that replace allauth's URLs of the same names."""

from django.urls import path, re_path
from django.views.generic import RedirectView

from accounts.views import invitation, links, security, signup

urlpatterns = [
    path("signup/", signup.sign_up, name="account_signup"),
    path("signup/<str:key>/", signup.finish_sign_up, name="account_finish_signup"),
    path("invitation/<str:secret>/", invitation.accept_invitation, name="account_invitation"),
    path("confirm-email/<str:key>/", links.confirm_address, name="account_confirm_email"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        links.ChoosePasswordView.as_view(),
        name="account_reset_password_from_key",
    ),
    path("security/", security.security, name="account_security"),
    path("security/log-out-everywhere/", security.log_out_everywhere, name="account_log_out_everywhere"),
    path("2fa/", RedirectView.as_view(pattern_name="account_security"), name="mfa_index"),
]
