"""Whether an e-mail keeps its text after delivery is a column. Until now, its Message-ID said so."""

from typing import Any

from django.db import migrations, models
from django.db.models import Q


def mark_waiting(apps: Any, _schema_editor: Any) -> None:
    """Mark the e-mails that still wait for delivery, as their Message-IDs say."""
    mails = apps.get_model("shop", "Mail").objects.filter(status="queued")
    mails.filter(Q(message_id__startswith="<order_") | Q(message_id__startswith="<late_")).update(keeps_text=True)


class Migration(migrations.Migration):
    dependencies = [
        ("shop", "0004_staff_search"),
    ]

    operations = [
        migrations.AddField(
            model_name="mail",
            name="keeps_text",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Keep the text after delivery: it contains no gift card's code and no login link.",
            ),
        ),
        migrations.RunPython(mark_waiting, migrations.RunPython.noop),
    ]
