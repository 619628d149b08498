"""The history of a stocktake: who opened it, and which numbers were counted before and after."""

from collections.abc import Sequence

from django.contrib.admin.models import ADDITION
from django.http import HttpRequest

from catalog.admin.stock.variants import shown_by_id
from catalog.edits.history import difference, record_action, write_entry
from catalog.formats import count_of
from catalog.inventory.stocktakes import Counted
from catalog.models import Stocktake

MAX_ROWS = 200  # of one entry


def record_opening(request: HttpRequest, stocktake: Stocktake) -> None:
    rows = [
        difference("Location", "", stocktake.location),
        difference("Lines", "", stocktake.lines.count()),
        difference("Blind count", "", stocktake.is_blind),
        difference("Note", "", stocktake.note),
    ]
    write_entry(request, stocktake, ADDITION, [{"added": {}, "rows": [row for row in rows if row[1] != row[2]]}])


def record_counted(request: HttpRequest, stocktake: Stocktake, changes: Sequence[Counted]) -> None:
    """Record the counted numbers, unless none changed. The expected ones are not in it, so blind counts stay blind."""
    if not changes:
        return
    shown = shown_by_id(change.variant_id for change in changes[:MAX_ROWS])
    rows = [difference(shown[one.variant_id].name, one.before, one.after) for one in changes[:MAX_ROWS]]
    record_action(request, stocktake, f"Counted {count_of(len(changes), 'line')}.", rows)
