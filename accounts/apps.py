from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts.roles import create_roles  # noqa: PLC0415  (models are ready only now)

        post_migrate.connect(create_roles, dispatch_uid="accounts.create_roles")
