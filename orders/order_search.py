"""Find orders by what staff type: a number, name, e-mail address, SKU, tracking number or postcode.

Each condition can use an index of its own, so a search is as quick among a million orders as among ten.
"""

import re
from collections.abc import Iterator

from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Replace, Upper
from django.db.models.lookups import StartsWith

from accounts.one_line import one_line
from catalog import folding  # noqa: F401  (registers the lookups)
from orders.models import Fulfillment, Order, OrderLine

MIN_INDEXED = 3  # shorter texts have no trigram, so only beginnings of words are looked up
MIN_TRACKING = 5
MAX_WORDS = 6
MAX_ORDERS_OF_SKU = 2_000
PLAIN_TRACKING = Upper(Replace("tracking_number", Value(" ")))
PLAIN_POSTCODE = Upper(Replace("postcode", Value(" ")))


def matches(text: str, *, sees_customers: bool) -> list[Q]:
    """Return conditions of Order, one for each thing that the text can be; none if it is empty.

    Without `sees_customers`, names, e-mail addresses and postcodes are not looked up, so that a search reveals none.
    """
    text = one_line(text).strip().lstrip("#")[:100]
    return list(_conditions(text, sees_customers=sees_customers)) if text else []


def _conditions(text: str, *, sees_customers: bool) -> Iterator[Q]:
    if "@" in text:
        if sees_customers:
            yield _mail(text)
        return
    plain = re.sub(r"\s", "", text)
    has_digit = any(character.isdigit() for character in plain)
    is_one_word = " " not in text
    if is_one_word and len(plain) >= MIN_INDEXED:
        yield Q(number__folds=plain)
    yield Q(pk__in=_orders_of_sku(text))
    if has_digit and len(plain) >= MIN_TRACKING:
        parcels = Fulfillment.objects.filter(StartsWith(PLAIN_TRACKING, plain.upper()))
        yield Q(pk__in=parcels.values("order_id"))
    if not sees_customers:
        return
    if has_digit and len(plain) <= Order._meta.get_field("postcode").max_length:
        yield Q(StartsWith(PLAIN_POSTCODE, plain.upper()))
    if is_one_word and len(plain) >= MIN_INDEXED:
        yield Q(email__startswith=plain.lower())
    yield _name(text)


def _orders_of_sku(text: str) -> QuerySet:
    """The newest orders with this SKU. Without the limit, PostgreSQL would look for a rare SKU in every order."""
    lines = OrderLine.objects.filter(sku__iexact=text).exclude(sku="").order_by("-order_id")
    return lines.values("order_id")[:MAX_ORDERS_OF_SKU]


def _mail(text: str) -> Q:
    """An address that begins with the text, or an address at this domain: `@example.com`."""
    return Q(email__folds=text) if text.startswith("@") else Q(email__startswith=text.lower())


def _name(text: str) -> Q:
    """A name with all of these words, in any order."""
    condition = Q()
    for word in text.split()[:MAX_WORDS]:
        if len(word) >= MIN_INDEXED:
            condition &= Q(name__folds=word)
        else:
            condition &= Q(name__folds_from=word) | Q(name__folds=f" {word}")
    return condition
