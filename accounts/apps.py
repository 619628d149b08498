from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_save


def normalize_address(instance: Any, **_: Any) -> None:
    """Store an address of allauth's table in the normal form too, whichever way it comes in."""
    from accounts.mailboxes import normalize_mailbox  # noqa: PLC0415  (as below)

    instance.email = normalize_mailbox(instance.email)


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts.roles import create_roles  # noqa: PLC0415  (models are ready only now)

        post_migrate.connect(create_roles, dispatch_uid="accounts.create_roles")
        pre_save.connect(normalize_address, sender="account.EmailAddress", dispatch_uid="accounts.normalize_address")
