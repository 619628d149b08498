"""Identify a customer for limits per customer: one key for all spellings of a mailbox."""

import hashlib
from dataclasses import dataclass, replace

from accounts.mailboxes import normalize_mailbox


@dataclass(frozen=True)
class Buyer:
    """What is known about the shopper: destination, e-mail address, account, VAT number and IP address."""

    country: str
    postcode: str = ""
    email: str = ""
    user_id: int | None = None
    vat_id: str = ""
    ip: str | None = None

    def for_request(self, user_id: int | None, ip: str | None) -> "Buyer":
        """Return this buyer with another user id and IP address."""
        return replace(self, user_id=user_id, ip=ip)

    def with_email(self, email: str) -> "Buyer":
        """Return this buyer with another e-mail address, whose limits decide the price; empty means no limits."""
        return replace(self, email=email)


def customer_key(email: str) -> str:
    """Return a digest that is equal for every spelling of a mailbox: capitals, hidden characters and +tags are ignored."""
    local, _, domain = normalize_mailbox(email).rpartition("@")
    plain = f"{local.partition('+')[0]}@{domain}"
    return hashlib.sha256(plain.encode()).hexdigest() if local else ""
