"""Write a journal once, identified by kind and reference. The postings of a journal sum to zero."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import transaction

from orders.models import Order
from payments.models import Journal, Payment, Posting

Account = Posting.Account
Kind = Journal.Kind
Amounts = dict[str, int]
Tax = dict[str, Any]  # the percentage as text, base_minor and tax_minor


@transaction.atomic
def book(  # noqa: PLR0913  (each is a column of the journal)
    kind: Journal.Kind,
    provider_ref: str,
    order: Order | None,
    amounts: Amounts,
    payment: Payment | None = None,
    currency: str = "",
    taxes: Sequence[Tax] = (),
    is_test: bool | None = None,
) -> bool:
    """Write the journal, or return False if it has been written before.

    Unless `is_test` is given, the order says whether it is for tests, or else the mode of the shop.
    """
    if is_test is None:
        is_test = order.is_test if order else settings.IS_TEST_MODE
    fields = {
        "order": order,
        "payment": payment,
        "currency": currency or (order.currency if order else ""),
        "taxes": list(taxes),
        "is_test": is_test,
    }
    journal, is_new = find_or_create(kind, provider_ref, fields)
    if is_new:
        Posting.objects.bulk_create(
            Posting(journal=journal, account=account, amount_minor=amount)
            for account, amount in amounts.items()
            if amount
        )
    return is_new


def find_or_create(kind: Journal.Kind, provider_ref: str, fields: dict[str, Any]) -> tuple[Journal, bool]:
    """Return the journal of this kind and reference, and whether it is new. A unique constraint allows one."""
    return Journal.objects.get_or_create(kind=kind, provider_ref=provider_ref, defaults=fields)
