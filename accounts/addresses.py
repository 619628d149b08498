"""The address book of a customer."""

from collections.abc import Container, Mapping
from typing import Any

from django.db import transaction

from accounts.models import Address, User

PARTS = ("name", "company", "line1", "line2", "postcode", "city", "state", "country", "phone")
MAX_ADDRESSES = 20  # per customer


def addresses_of(user_id: int) -> list[Address]:
    """The user's addresses, the default address first."""
    return list(Address.objects.filter(user_id=user_id))


def address_of(user_id: int, countries: Container[str], chosen: str = "") -> dict[str, str] | None:
    """The parts of the user's address with the id `chosen`, or else of the first address, within these countries."""
    addresses = [address for address in addresses_of(user_id) if address.country in countries]
    if not addresses:
        return None
    address = next((address for address in addresses if str(address.pk) == chosen), addresses[0])
    return {name: getattr(address, name) for name in PARTS}


@transaction.atomic
def keep_address(user_id: int, values: Mapping[str, Any]) -> Address | None:
    """Add an address to the user's address book unless it is there; return None for an address without a street.

    The first address becomes the default. If the book is full, the oldest address that is not the default is deleted.
    """
    parts = {name: str(values.get(name) or "") for name in PARTS}
    if not parts["line1"]:
        return None
    _lock_user(user_id)
    if existing := Address.objects.filter(user_id=user_id, **parts).first():
        return existing
    addresses = Address.objects.filter(user_id=user_id)
    if addresses.count() >= MAX_ADDRESSES:
        addresses.exclude(is_default=True).order_by("id").first().delete()
    has_default = addresses.filter(is_default=True).exists()
    return Address.objects.create(user_id=user_id, is_default=not has_default, **parts)


@transaction.atomic
def make_default(address: Address) -> None:
    """Make this address the user's default."""
    _lock_user(address.user_id)
    Address.objects.filter(user_id=address.user_id, is_default=True).update(is_default=False)
    Address.objects.filter(pk=address.pk).update(is_default=True)


def _lock_user(user_id: int) -> None:
    """Lock the user until the transaction ends, so that two requests cannot both create a default address."""
    User.objects.select_for_update(no_key=True).only("pk").get(pk=user_id)
