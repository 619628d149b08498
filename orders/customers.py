"""Who a customer is for limits that hold for each: the address, without what anybody can vary at will."""

import hashlib
from dataclasses import dataclass, replace

from accounts.mailboxes import normalize_mailbox


@dataclass(frozen=True)
class Buyer:
    """What a shopper has told so far: where it goes to, and who they are."""

    country: str
    postcode: str = ""
    email: str = ""
    user_id: int | None = None
    vat_id: str = ""
    ip: str | None = None

    def of(self, user_id: int | None, ip: str | None) -> "Buyer":
        """This buyer as the given user at the given IP address."""
        return replace(self, user_id=user_id, ip=ip)

    def told_as(self, email: str) -> "Buyer":
        """This buyer by an address that may be told of its limits; an empty one has none of its own."""
        return replace(self, email=email)


def customer_key(email: str) -> str:
    """A digest that is the same for every spelling of one mailbox; capitals, hidden letters and +tags make no new one."""
    local, _, domain = normalize_mailbox(email).rpartition("@")
    plain = f"{local.partition('+')[0]}@{domain}"
    return hashlib.sha256(plain.encode()).hexdigest() if local else ""
