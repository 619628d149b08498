"""E-mail addresses of users are in their normal form, except where two users' addresses would become one."""

from typing import Any

from django.db import migrations
from django.db.models import Q

import accounts.fields
from accounts.mailboxes import normalize_mailbox

# Everything else is normal already: small plain letters and a domain without its ASCII spelling of other letters.
ODD = r"[^\x21-\x7e]|[A-Z]|@.*xn--|\.$"


def normalize_users(apps: Any, schema_editor: Any) -> None:
    """Rename what is free; of two spellings of one mailbox the later one stays as it is, for staff to decide."""
    user_model = apps.get_model("accounts", "User")
    for user in user_model.objects.filter(email__regex=ODD).order_by("pk").iterator():
        normal = normalize_mailbox(user.email)
        taken = user_model.objects.exclude(pk=user.pk).filter(email__iexact=normal).exists()
        if normal != user.email and not taken:
            user_model.objects.filter(pk=user.pk).update(email=normal)


def normalize_addresses(apps: Any, schema_editor: Any) -> None:
    """The same for the addresses that users added: one row a user, one verified row a mailbox."""
    address_model = apps.get_model("account", "EmailAddress")
    for address in address_model.objects.filter(email__regex=ODD).order_by("pk").iterator():
        normal = normalize_mailbox(address.email)
        same = Q(user_id=address.user_id) | Q(verified=True) if address.verified else Q(user_id=address.user_id)
        taken = address_model.objects.exclude(pk=address.pk).filter(same, email=normal).exists()
        if normal != address.email and not taken:
            address_model.objects.filter(pk=address.pk).update(email=normal)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_addresses"), ("account", "0009_emailaddress_unique_primary_email")]
    operations = [
        migrations.RunPython(normalize_users, migrations.RunPython.noop),
        migrations.RunPython(normalize_addresses, migrations.RunPython.noop),
        migrations.AlterField(
            "user",
            "email",
            accounts.fields.MailboxField(max_length=254, unique=True, verbose_name="e-mail address"),
        ),
    ]
