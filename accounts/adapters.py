"""What allauth asks the shop."""

from email.utils import parseaddr
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.mail import EmailMessage
from django.http import HttpRequest

from accounts.logins import count_login_attempt, forgive, login_key
from accounts.throttle import client_ip


class AccountAdapter(DefaultAccountAdapter):
    """Logins that slow down after failures; the client's address as the whole shop sees it."""

    def render_mail(
        self, template_prefix: str, email: str, context: dict[str, Any], headers: Any = None
    ) -> EmailMessage:
        """Mails name the shop as their sender does, not by its host."""
        host = urlsplit(settings.SHOP_URL).netloc
        name = parseaddr(settings.DEFAULT_FROM_EMAIL)[0] or host
        site = SimpleNamespace(name=name, domain=host)
        return super().render_mail(template_prefix, email, {**context, "current_site": site}, headers)

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip(request)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        key = login_key(str(credentials.get("email", "")), client_ip(request))
        count_login_attempt(key)
        user = super().authenticate(request, **credentials)
        if user:
            forgive(key)
        return user
