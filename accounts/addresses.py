"""A customer's address book."""

from collections.abc import Container, Mapping
from typing import Any

from django.db import transaction

from accounts.models import Address, User

PARTS = ("name", "company", "line1", "line2", "postcode", "city", "state", "country", "phone")
MAX_ADDRESSES = 20  # addresses of one customer


def addresses_of(user_id: int) -> list[Address]:
    """The default one first."""
    return list(Address.objects.filter(user_id=user_id))


def address_of(user_id: int, countries: Container[str], chosen: str = "") -> dict[str, str] | None:
    """The parts of the address of this id, or of the first one, in these countries; nobody gets somebody else's."""
    found = [address for address in addresses_of(user_id) if address.country in countries]
    if not found:
        return None
    address = next((one for one in found if str(one.pk) == chosen), found[0])
    return {name: getattr(address, name) for name in PARTS}


@transaction.atomic
def keep_address(user_id: int, facts: Mapping[str, Any]) -> Address | None:
    """The address is in the book, once; the first one is the default. None where there is no street in it."""
    parts = {name: str(facts.get(name) or "") for name in PARTS}
    if not parts["line1"]:
        return None
    _one_at_a_time(user_id)
    if same := Address.objects.filter(user_id=user_id, **parts).first():
        return same
    own = Address.objects.filter(user_id=user_id)
    if own.count() >= MAX_ADDRESSES:
        own.exclude(is_default=True).order_by("id").first().delete()
    return Address.objects.create(user_id=user_id, is_default=not own.filter(is_default=True).exists(), **parts)


@transaction.atomic
def make_default(address: Address) -> None:
    """This address is used unless the customer chooses another."""
    _one_at_a_time(address.user_id)
    Address.objects.filter(user_id=address.user_id, is_default=True).update(is_default=False)
    Address.objects.filter(pk=address.pk).update(is_default=True)


def _one_at_a_time(user_id: int) -> None:
    """Two clicks at once would both make a default one."""
    User.objects.select_for_update(no_key=True).only("pk").get(pk=user_id)
