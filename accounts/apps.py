from allauth.account.signals import email_added, user_logged_in
from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_save


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts import signals  # noqa: PLC0415  (models are ready only now)
        from accounts.roles import create_roles  # noqa: PLC0415  (as above)

        post_migrate.connect(create_roles, dispatch_uid="accounts.create_roles")
        pre_save.connect(signals.normalize_address, sender="account.EmailAddress", dispatch_uid="accounts.normalize")
        email_added.connect(signals.tell_of_added_address, dispatch_uid="accounts.tell_of_added_address")
        user_logged_in.connect(signals.tell_of_new_device, dispatch_uid="accounts.tell_of_new_device")
        user_logged_in.connect(signals.count_password_for_second_factor, dispatch_uid="accounts.count_password")
