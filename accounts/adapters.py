"""What allauth asks the shop."""

from email.utils import parseaddr
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.mail import EmailMessage
from django.http import HttpRequest

from accounts.logins import begin_attempt, end_well
from accounts.mailboxes import normalize_mailbox
from accounts.throttle import Limit, client_ip

# Mails about one's registration: the first counts too, or an address that has an account could be told from others.
CONFIRMING = Limit("confirm-address", 3, 3600)
CONFIRMING_HERE = Limit("confirm", 10, 3600)


def take_confirmation(request: HttpRequest, email: str) -> None:
    CONFIRMING_HERE.take(client_ip(request))
    CONFIRMING.take(normalize_mailbox(email))


def link_home(link: str) -> str:
    """The same page of the shop, at SHOP_URL."""
    parts = urlsplit(str(link))
    return settings.SHOP_URL + urlunsplit(("", "", parts.path, parts.query, parts.fragment))


class AccountAdapter(DefaultAccountAdapter):
    """Logins that slow down after failures; the client's address as the whole shop sees it."""

    def render_mail(
        self, template_prefix: str, email: str, context: dict[str, Any], headers: Any = None
    ) -> EmailMessage:
        """Mails name the shop as their sender does, and link to SHOP_URL, whatever host the request was sent to."""
        host = urlsplit(settings.SHOP_URL).netloc
        name = parseaddr(settings.DEFAULT_FROM_EMAIL)[0] or host
        site = SimpleNamespace(name=name, domain=host)
        links = {key: link_home(link) for key, link in context.items() if key.endswith("url") and link}
        return super().render_mail(template_prefix, email, {**context, **links, "current_site": site}, headers)

    def clean_email(self, email: str) -> str:
        return normalize_mailbox(email)

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip(request)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Instead of allauth's own counter, which is no atomic statement and answers without saying how long."""
        begin_attempt(str(credentials.get("email", "")), client_ip(request))

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        user = super().authenticate(request, **credentials)
        if user:
            end_well(str(credentials.get("email", "")), client_ip(request))
        return user

    def send_confirmation_mail(self, request: HttpRequest, emailconfirmation: Any, signup: bool) -> None:
        take_confirmation(request, emailconfirmation.email_address.email)
        super().send_confirmation_mail(request, emailconfirmation, signup)

    def send_account_already_exists_mail(self, email: str) -> None:
        take_confirmation(context.request, email)
        super().send_account_already_exists_mail(email)
