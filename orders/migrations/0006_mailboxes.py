"""Orders and stock alerts name a mailbox in its normal form, and limits count by that."""

from typing import Any

from django.db import migrations

import accounts.fields
from accounts.mailboxes import normalize_mailbox
from orders.customers import customer_key

# Everything else is normal already: small plain letters and a domain without its ASCII spelling of other letters.
ODD = r"[^\x21-\x7e]|[A-Z]|@.*xn--|\.$"


def normalize_orders(apps: Any, schema_editor: Any) -> None:
    order_model = apps.get_model("orders", "Order")
    for order in order_model.objects.filter(email__regex=ODD).order_by("pk").only("email").iterator():
        order_model.objects.filter(pk=order.pk).update(
            email=normalize_mailbox(order.email), customer_key=customer_key(order.email)
        )


def normalize_alerts(apps: Any, schema_editor: Any) -> None:
    """Whoever asked twice in two spellings is told once."""
    alert_model = apps.get_model("catalog", "StockAlert")
    for alert in alert_model.objects.filter(email__regex=ODD).order_by("pk").iterator():
        normal = normalize_mailbox(alert.email)
        twins = alert_model.objects.filter(variant_id=alert.variant_id, email=normal).exclude(pk=alert.pk)
        if twins.exists():
            alert.delete()
        else:
            alert_model.objects.filter(pk=alert.pk).update(email=normal)


class Migration(migrations.Migration):
    dependencies = [("orders", "0005_old_columns"), ("accounts", "0004_mailboxes"), ("catalog", "0006_pricing")]
    operations = [
        migrations.RunPython(normalize_orders, migrations.RunPython.noop),
        migrations.RunPython(normalize_alerts, migrations.RunPython.noop),
        migrations.AlterField("order", "email", accounts.fields.MailboxField(db_index=True, max_length=254)),
    ]
