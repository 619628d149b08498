"""The limits of refunds that roles start with, created after the first migrate."""

from typing import Any

from django.apps import AppConfig, apps
from django.contrib.auth.models import Group
from django.db import connections

from catalog.markets import all_markets
from catalog.money import to_minor
from payments.models import RefundLimit

# In units of each currency. None: any amount. Owners who are superusers need no row.
STARTING_LIMITS: dict[str, str | None] = {"Owner": None, "Manager": None, "Finance": None, "Support": "100"}


def create_limits(app_config: AppConfig, using: str, **_: Any) -> None:
    """Write the limits of a new shop, once all roles exist. Limits that staff changed or deleted stay so."""
    if app_config != [app for app in apps.get_app_configs() if app.models_module][-1]:
        return
    if RefundLimit._meta.db_table not in connections[using].introspection.table_names():
        return
    if RefundLimit.objects.using(using).exists():
        return
    currencies = sorted({market.currency for market in all_markets().values()})
    roles = Group.objects.using(using).in_bulk(list(STARTING_LIMITS), field_name="name")
    RefundLimit.objects.using(using).bulk_create(
        RefundLimit(role=roles[name], currency=currency, amount_minor=units and to_minor(units, currency))
        for name, units in STARTING_LIMITS.items()
        for currency in currencies
        if name in roles
    )
