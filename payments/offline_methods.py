"""The offline ways to pay of a new shop, created after the first migrate. All are switched off."""

from typing import Any

from django.db import connections

from payments.models import OfflineMethod

Code = OfflineMethod.Code
STARTING_METHODS: dict[str, dict[str, Any]] = {
    Code.TRANSFER: {
        "description": "You transfer the money to our account. We send your order when the money arrives.",
        "due_days": 7,
        "reminder_days": 3,
    },
    Code.INVOICE: {"description": "You pay within the time on the invoice.", "due_days": 14, "reminder_days": 3},
    Code.PICKUP: {"description": "You pay when you pick up your order.", "due_days": 7},
}


def create_methods(using: str, **_: Any) -> None:
    """Create the methods that are missing. Keep those that staff changed."""
    if OfflineMethod._meta.db_table not in connections[using].introspection.table_names():
        return
    for position, (code, texts) in enumerate(STARTING_METHODS.items(), start=1):
        defaults = {"name": Code(code).label, "position": position, **texts}
        OfflineMethod.objects.using(using).get_or_create(code=code, defaults=defaults)
