"""Undo applied changes of products."""

from collections.abc import Sequence

from catalog.importing.plan import PlannedChange, digest
from catalog.importing.target import DocumentTarget
from catalog.importing.writing import CatalogueMoved
from catalog.products.document import Document, known_part, read_documents


def undo_changes(done: Sequence[PlannedChange], target: DocumentTarget) -> list[PlannedChange]:
    """The changes that undo these, given as apply_changes() returned them.

    Stock is corrected by the difference that the run made, so units sold since stay sold. Raises CatalogueMoved if
    anything else about a product has changed since.
    """
    present_documents = read_documents((change.handle for change in done), target.market, target.location)
    reversed_changes = []
    for change in done:
        present = present_documents.get(change.handle)
        if digest(known_part(present, change.after), with_stock=False) != digest(change.after, with_stock=False):
            raise CatalogueMoved(f"'{change.handle}' has changed since then, so this run cannot be undone.")
        restored = _restored_document(change, present)
        reversed_changes.append(PlannedChange(change.handle, change.line, present, restored, []))
    return reversed_changes


def _restored_document(change: PlannedChange, present: Document | None) -> Document | None:
    """The document before the change, with today's stock less what the change added, and with today's files."""
    if change.before is None or change.after is None or present is None:
        return change.before
    restored: Document = {**change.before, "variants": {k: dict(v) for k, v in change.before["variants"].items()}}
    for key, variant in restored["variants"].items():
        was, became = variant["on_hand"], change.after["variants"].get(key, {}).get("on_hand")
        is_now = present["variants"].get(key, {}).get("on_hand")
        if was is not None and became is not None and is_now is not None:
            variant["on_hand"] = max(0, is_now - (became - was))
    restored["images"] = {
        source: {**image, "file": present["images"].get(source, {}).get("file", "")}
        for source, image in change.before["images"].items()
    }
    return restored
