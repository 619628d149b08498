"""Superusers that the command line made before count as confirmed, as new ones do."""

from typing import Any

from django.db import migrations


def confirm_owners(apps: Any, schema_editor: Any) -> None:
    user_model = apps.get_model("accounts", "User")
    address_model = apps.get_model("account", "EmailAddress")
    for user in user_model.objects.filter(is_superuser=True, emailaddress=None):
        if not address_model.objects.filter(email=user.email, verified=True).exists():
            address_model.objects.create(user=user, email=user.email, verified=True, primary=True)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_devices_and_generations"), ("account", "0009_emailaddress_unique_primary_email")]
    operations = [migrations.RunPython(confirm_owners, migrations.RunPython.noop)]
