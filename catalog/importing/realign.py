"""Rows whose cells slipped away from their headers, put back under the headers that they fit.

Spreadsheets and scripts lose or double a separator, and everything behind it stands one column off. Some columns
can only hold certain things (a price, a yes, an address); the cheapest alignment of cells to headers by those brings
the row back. Only rows with several impossible cells are touched, and each is reported.
"""

import re
from collections.abc import Callable, Sequence

ENOUGH = 3  # impossible cells that say: this row has slipped
MAX_COLUMNS = 400  # beyond this a row is refused by its line instead of aligned
GAP = 1  # a header without a cell, or an empty cell without a header
LOST = 8  # a cell that says something, under no header
WRONG = 12  # a cell under a header that cannot hold it
RIGHT = -2  # a cell under a header that expects just this

Check = Callable[[str], bool]


def _pattern(text: str) -> Check:
    return lambda cell: bool(re.fullmatch(text, cell, re.IGNORECASE | re.ASCII))


_yes_or_no = _pattern("true|false|yes|no")
_amount = _pattern(r"\d+(\.\d+)?")
_address = _pattern(r"https?://\S+")
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
    **dict.fromkeys(["image src", "product image url", "variant image", "variant image url"], _address),
    "image position": _pattern(r"\d+"),
    "status": _pattern("active|draft|archived|unlisted"),
}


def realigned(headers: Sequence[str], cells: list[str]) -> list[str] | None:
    """The cells in the order of the headers; None where the row has not slipped or cannot be put right."""
    checks = [EXPECTED.get(header.strip().lower()) for header in headers]
    said = [cell.strip() for cell in cells]
    if max(len(headers), len(cells)) > MAX_COLUMNS:
        return None
    if _impossible(checks, said) < ENOUGH:
        return None
    moved = _align(checks, said)
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
    """The cheapest alignment, by the usual table of best costs for every pair of beginnings (Needleman and Wunsch)."""
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
        # Among equals a row slips as late as it can: what stands in front was right.
        if best[i][j] == best[i][j - 1] + GAP:
            j -= 1
        elif best[i][j] == best[i - 1][j] + gaps[i - 1]:
            i -= 1
        else:
            i, j = i - 1, j - 1
            moved[j] = cells[i]
    return moved
