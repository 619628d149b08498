"""Move the cells of shifted CSV rows back under their headers.

Scripts and spreadsheets lose or double a separator, so that every later cell of a row stands under the wrong header. If
at least three cells cannot belong to their columns (a price that is a word, a picture named `TRUE`), this module looks
for the arrangement in which every cell fits its column, and the plan reports each product whose cells were moved.
Refusing the rows by line number would be worse: the same fault is usually in every row, so the whole file would be
refused, and its owner would have to find one separator among sixty columns, in every row.
"""

import re
from collections.abc import Callable, Sequence

MIN_IMPOSSIBLE_CELLS = 3  # from this number on, the row counts as shifted
MAX_COLUMNS = 400  # wider rows are not repaired
# The costs of an alignment.
GAP = 1  # a header without a cell, or an empty cell without a header
LOST = 8  # a cell with a value but without a header
WRONG = 12  # a cell under a header that does not accept its value
RIGHT = -2  # a cell under a header that accepts its value

Check = Callable[[str], bool]


def _pattern(text: str) -> Check:
    return lambda cell: bool(re.fullmatch(text, cell, re.IGNORECASE | re.ASCII))


_yes_or_no = _pattern("true|false|yes|no")
_amount = _pattern(r"\d+(\.\d+)?")
_url = _pattern(r"https?://\S+")
EXPECTED: dict[str, Check] = {
    **dict.fromkeys(["published", "published on online store", "gift card"], _yes_or_no),
    **dict.fromkeys(["variant taxable", "charge tax", "variant requires shipping", "requires shipping"], _yes_or_no),
    **dict.fromkeys(["variant price", "price", "variant compare at price", "compare-at price"], _amount),
    **dict.fromkeys(["cost per item", "variant grams", "weight value (grams)"], _amount),
    **dict.fromkeys(["variant inventory qty", "inventory quantity"], _pattern(r"-?\d+")),
    **dict.fromkeys(["variant inventory tracker", "inventory tracker"], _pattern("shopify|[a-z -]*inventory[a-z -]*")),
    **dict.fromkeys(
        ["variant inventory policy", "continue selling when out of stock"], _pattern("deny|continue|true|false|yes|no")
    ),
    **dict.fromkeys(["variant weight unit", "weight unit for display"], _pattern("g|kg|lb|oz")),
    **dict.fromkeys(["image src", "product image url", "variant image", "variant image url"], _url),
    "image position": _pattern(r"\d+"),
    "status": _pattern("active|draft|archived|unlisted"),
}


def realigned(headers: Sequence[str], cells: list[str]) -> list[str] | None:
    """The cells in the order of the headers, or None if the row is not shifted or cannot be repaired."""
    checks = [EXPECTED.get(header.strip().lower()) for header in headers]
    values = [cell.strip() for cell in cells]
    if max(len(headers), len(cells)) > MAX_COLUMNS:
        return None
    if _impossible(checks, values) < MIN_IMPOSSIBLE_CELLS:
        return None
    moved = _align(checks, values)
    return moved if _impossible(checks, moved) == 0 else None


def _impossible(checks: Sequence[Check | None], cells: Sequence[str]) -> int:
    return sum(bool(check and cell and not check(cell)) for check, cell in zip(checks, cells, strict=False))


def _cost(check: Check | None, cell: str) -> int:
    if not cell:
        return 0
    if check is None:
        return 1
    return RIGHT if check(cell) else WRONG


def _align(checks: Sequence[Check | None], cells: Sequence[str]) -> list[str]:
    """The cells in their cheapest alignment with the headers (Needleman-Wunsch algorithm)."""
    gaps = [GAP if not cell else LOST for cell in cells]
    best = [[0] * (len(checks) + 1) for _ in range(len(cells) + 1)]
    for i in range(len(cells) + 1):
        for j in range(len(checks) + 1):
            if i or j:
                best[i][j] = min(
                    best[i - 1][j - 1] + _cost(checks[j - 1], cells[i - 1]) if i and j else LOST * 1000,
                    best[i - 1][j] + gaps[i - 1] if i else LOST * 1000,
                    best[i][j - 1] + GAP if j else LOST * 1000,
                )
    return _walk_back(checks, cells, gaps, best)


def _walk_back(
    checks: Sequence[Check | None], cells: Sequence[str], gaps: Sequence[int], best: Sequence[Sequence[int]]
) -> list[str]:
    moved = [""] * len(checks)
    i, j = len(cells), len(checks)
    while i and j:
        # Of equally cheap alignments, take the one that shifts last: the cells before the fault were right.
        if best[i][j] == best[i][j - 1] + GAP:
            j -= 1
        elif best[i][j] == best[i - 1][j] + gaps[i - 1]:
            i -= 1
        else:
            i, j = i - 1, j - 1
            moved[j] = cells[i]
    return moved
