"""Apply planned changes of products: any number in one transaction."""

from collections.abc import Callable, Sequence
from pathlib import Path

from django.db import transaction

from catalog.importing.plan import Plan, PlannedChange, plan_import
from catalog.importing.shopify import read_file
from catalog.importing.target import DocumentTarget, default_target
from catalog.importing.writing import BATCH, BatchWriter, CatalogueMoved, StockLevels
from catalog.models import Product
from catalog.products.document import Document, read_documents
from catalog.products.saving import Author

__all__ = [
    "Author",
    "CatalogueMoved",
    "DocumentTarget",
    "Progress",
    "apply_changes",
    "default_target",
    "import_file",
]

Progress = Callable[[int, int], None]


def import_file(path: Path, *, image_folder: Path | None = None, on_progress: Progress | None = None) -> Plan:
    """Import every readable product of the file and return the plan, which lists each refused product with its line.

    Raises UnreadableFile, and writes nothing, if the file as a whole cannot be read.
    """
    target = default_target(image_folder or path.parent)
    plan = plan_import(read_file(path, target.market.currency), target.market, target.location)
    apply_changes(plan.changes, target, Author("import"), on_progress=on_progress)
    plan.problems += target.problems
    return plan


@transaction.atomic
def apply_changes(
    changes: Sequence[PlannedChange], target: DocumentTarget, author: Author, *, on_progress: Progress | None = None
) -> list[PlannedChange]:
    """Write every planned change and return the changes as they were stored, which undo needs.

    Raises CatalogueMoved, and changes nothing, if a product has changed since the plan was made.
    """
    _lock_products(changes)
    levels = StockLevels()
    groups = [changes[start : start + BATCH] for start in range(0, len(changes), BATCH)]
    done = 0
    for group in groups:
        BatchWriter(group, target, author, levels).write()
        done += len(group)
        if on_progress:
            on_progress(done, len(changes))
    # Stock comes last, because its rows stay locked for shoppers from here until COMMIT.
    levels.write(target, author)
    return [change for group in groups for change in _stored_changes(group, target)]


def _lock_products(changes: Sequence[PlannedChange]) -> None:
    """Lock all products at once and in the order of their ids, so that two runs cannot deadlock."""
    rows = Product.objects.select_for_update(no_key=True).filter(handle__in=[change.handle for change in changes])
    list(rows.order_by("pk").values_list("pk"))


def _stored_changes(group: Sequence[PlannedChange], target: DocumentTarget) -> list[PlannedChange]:
    present_documents = read_documents((change.handle for change in group), target.market, target.location)
    return [
        PlannedChange(
            change.handle,
            change.line,
            change.before,
            _with_stock_as_planned(change, present_documents.get(change.handle)),
            change.differences,
        )
        for change in group
    ]


def _with_stock_as_planned(change: PlannedChange, present: Document | None) -> Document | None:
    """The stored document with the planned stock, so that undo does not reverse sales made during the import."""
    if present is None or change.after is None:
        return present
    for key, variant in present["variants"].items():
        planned = change.after["variants"].get(key, {}).get("on_hand")
        if variant["on_hand"] is not None and planned is not None:
            variant["on_hand"] = planned
    return present
