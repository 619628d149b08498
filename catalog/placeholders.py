"""Placeholders in texts by staff: `{{ return_days }}` in a page becomes the number from the shop's settings."""

import re
from collections.abc import Mapping

from django.conf import settings
from django.utils.html import escape

from catalog.models import Store
from catalog.models.weekdays import weekday_names

PLACEHOLDER = re.compile(r"\{\{\s*([a-z_]{1,40})\s*\}\}")


def placeholder_values(store: Store) -> dict[str, str]:
    """The values of all placeholders as plain text. The help text of pages lists their names."""
    return {
        "shop_name": store.name,
        "seller_name": store.seller_name,
        "contact_email": store.contact_email,
        "return_days": str(store.return_days),
        "dispatch_days": weekday_names(store.dispatch_days),
        "cut_off": f"{settings.SHIPPING_CUT_OFF_HOUR}:00",
    }


def fill_html(text: str, values: Mapping[str, str]) -> str:
    """Replace known placeholders in HTML with escaped values. Unknown placeholders stay."""
    return PLACEHOLDER.sub(lambda match: escape(values.get(match[1], match[0])), text)


def fill(text: str, values: Mapping[str, str]) -> str:
    """Replace known placeholders in plain text, which a template must escape. Unknown placeholders stay."""
    return PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), text)
