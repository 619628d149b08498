"""What allauth asks the shop."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest

from accounts.logins import count_login_attempt, forgive, login_key
from accounts.throttle import client_ip


class AccountAdapter(DefaultAccountAdapter):
    """Logins that slow down after failures; the client's address as the whole shop sees it."""

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip(request)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        key = login_key(str(credentials.get("email", "")), client_ip(request))
        count_login_attempt(key)
        user = super().authenticate(request, **credentials)
        if user:
            forgive(key)
        return user
