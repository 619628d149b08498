"""What caused a stock movement, in words, with a link for readers who may see it.

A movement's reference names its cause: `receipt:7`, `transfer:7`, `stocktake:7`, `run:7`, `form:…` for a form that was
submitted once, or the number of an order. Apps above the catalogue register the references that they know.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import PermissionsMixin
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from catalog.models import Receipt, Run, StockMovement

BY_HAND = "By hand"
RUN_REASONS = {"import": "Import", "bulk edit": "Bulk edit", "undo": "Undo"}
SHORT_DAY = "j M"
SHORT_DAY_OF_ANOTHER_YEAR = "j M Y"


@dataclass(frozen=True)
class Occasion:
    """The cause of a movement in words. `url` is empty for readers who may not see it."""

    text: str
    url: str = ""


Resolver = Callable[[Collection[str], PermissionsMixin], Mapping[str, Occasion]]
_order_resolvers: list[Resolver] = []


def register_orders(resolver: Resolver) -> Resolver:
    """Register the function that returns the occasions of these order numbers."""
    _order_resolvers.append(resolver)
    return resolver


def occasions_of(movements: Iterable[StockMovement], user: PermissionsMixin) -> dict[int, Occasion]:
    """The occasion of each movement by its id, with one query for each kind of reference."""
    movements = list(movements)
    by_kind: dict[str, set[str]] = {}
    for movement in movements:
        kind, number = _split(movement.reference)
        by_kind.setdefault(kind, set()).add(number)
    known: dict[str, Mapping[str, Occasion]] = {
        kind: RESOLVERS[kind](numbers, user) for kind, numbers in by_kind.items() if kind in RESOLVERS
    }
    return {movement.pk: _occasion(movement, known) for movement in movements}


def _split(reference: str) -> tuple[str, str]:
    """The kind and the number of a reference; the kind of orders is empty."""
    kind, colon, number = reference.partition(":")
    return (kind, number) if colon else ("", reference)


def _occasion(movement: StockMovement, known: Mapping[str, Mapping[str, Occasion]]) -> Occasion:
    kind, number = _split(movement.reference)
    if movement.reference and (found := known.get(kind, {}).get(number)):
        return found
    if movement.reason in RUN_REASONS:
        return Occasion(f"{RUN_REASONS[movement.reason]} of {_short_day(movement.created_at)}")
    if movement.reason == "edited in the admin":
        return Occasion("Product page")
    return Occasion(f"Order {number}") if number and not kind else Occasion(BY_HAND)


def _short_day(moment: datetime) -> str:
    """`26 Nov`, or `26 Nov 2025` in another year."""
    local = timezone.localtime(moment)
    is_this_year = local.year == timezone.localtime().year
    return date_format(local, SHORT_DAY if is_this_year else SHORT_DAY_OF_ANOTHER_YEAR)


def _orders(numbers: Collection[str], user: PermissionsMixin) -> Mapping[str, Occasion]:
    found: dict[str, Occasion] = {}
    for resolver in _order_resolvers:
        found |= resolver([number for number in numbers if number], user)
    return found


def _named(label: str, model: str) -> Resolver:
    """A resolver for references whose numbers are the ids of a model of the catalogue."""

    def resolve(numbers: Collection[str], user: PermissionsMixin) -> Mapping[str, Occasion]:
        is_linked = user.has_perm(f"catalog.view_{model}")
        return {
            number: Occasion(
                f"{label} {number}", reverse(f"admin:catalog_{model}_change", args=[number]) if is_linked else ""
            )
            for number in numbers
        }

    return resolve


def _receipts(numbers: Collection[str], user: PermissionsMixin) -> Mapping[str, Occasion]:
    """Deliveries, named after their purchase order if they have one."""
    is_linked = user.has_perm("catalog.view_receipt")
    purchases = dict(Receipt.objects.filter(pk__in=_ids(numbers)).values_list("pk", "purchase"))
    return {
        str(pk): Occasion(
            f"Purchase order {purchase}" if purchase else f"Delivery {pk}",
            reverse("admin:catalog_receipt_change", args=[pk]) if is_linked else "",
        )
        for pk, purchase in purchases.items()
    }


def _runs(numbers: Collection[str], user: PermissionsMixin) -> Mapping[str, Occasion]:
    """Imports and bulk edits, named after the day on which they were applied."""
    is_linked = user.has_perm("catalog.view_run")
    runs = Run.objects.filter(pk__in=_ids(numbers)).only("kind", "applied_at", "created_at")
    return {
        str(run.pk): Occasion(
            f"{run.get_kind_display()} of {_short_day(run.applied_at or run.created_at)}",
            reverse("admin:catalog_run_change", args=[run.pk]) if is_linked else "",
        )
        for run in runs
    }


def _ids(numbers: Collection[str]) -> list[int]:
    return [int(number) for number in numbers if number.isdecimal()]


RESOLVERS: dict[str, Resolver] = {
    "": _orders,
    "receipt": _receipts,
    "run": _runs,
    "transfer": _named("Transfer", "transfer"),
    "stocktake": _named("Count", "stocktake"),
}
