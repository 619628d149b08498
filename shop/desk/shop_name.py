"""The shop's name, which stands on every page of the desk and in e-mails about accounts."""

from typing import Any

from django.core.cache import caches

from catalog.models import Store

KEY, KEPT_SECONDS = "shop-name", 30


def stored_name() -> str:
    """The name of the store in the settings; empty before it is set up."""
    return Store.objects.values_list("name", flat=True).first() or ""


def desk_name() -> str:
    """The shop's name for the desk, without a query on most pages. Other processes show a new name within 30 seconds."""
    return caches["process"].get_or_set(KEY, lambda: stored_name() or "Mercer", KEPT_SECONDS)


def keep_name(name: str) -> None:
    """Keep the name, which was read with other things."""
    caches["process"].set(KEY, name or "Mercer", KEPT_SECONDS)


def forget_name(**_: Any) -> None:
    """Read the name again, because the store was saved."""
    caches["process"].delete(KEY)
