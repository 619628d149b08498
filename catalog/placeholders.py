"""Facts of the shop inside the texts that staff write: `{{ return_days }}` in a page is the number in the settings."""

import re
from collections.abc import Mapping

from django.conf import settings
from django.utils.html import escape

from catalog.models import Store
from catalog.models.weekdays import weekday_names

PLACEHOLDER = re.compile(r"\{\{\s*([a-z_]{1,40})\s*\}\}")


def placeholder_values(store: Store) -> dict[str, str]:
    """What texts may name, as plain words; the names stand in the help text of pages."""
    return {
        "shop_name": store.name,
        "seller_name": store.seller_name,
        "contact_email": store.contact_email,
        "return_days": str(store.return_days),
        "dispatch_days": weekday_names(store.dispatch_days),
        "cut_off": f"{settings.SHIPPING_CUT_OFF_HOUR}:00",
    }


def fill_html(text: str, values: Mapping[str, str]) -> str:
    """The HTML with known placeholders replaced by escaped values; unknown ones stay as they are."""
    return PLACEHOLDER.sub(lambda found: escape(values.get(found[1], found[0])), text)


def fill(text: str, values: Mapping[str, str]) -> str:
    """Plain text with known placeholders replaced, for a template that escapes it."""
    return PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)
