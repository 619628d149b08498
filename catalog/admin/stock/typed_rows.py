"""Rows of SKU or barcode, quantity and unit cost, as staff type or scan them on pages about stock.

A page sends the inputs `code`, `quantity` and `cost` once for each row. What was typed stays on the page, whatever is
wrong with it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.http import QueryDict

from catalog.admin.stock.variants import Codes, ShownVariant, shown_variant, variants_by_code
from catalog.errors import StockRefused
from catalog.inventory.receiving import MAX_RECEIVED, Arrival, refuse_costs
from catalog.models import Variant
from catalog.money import AmountRefused, to_minor

BLANK_ROWS = 5  # on a page
MORE_ROWS = 10  # that a press of "Add rows" adds
MAX_ROWS = 300  # of one form; Django refuses forms of more than 1,000 fields
MAX_CODE = 255  # characters


@dataclass
class TypedRow:
    """One row: what was typed, the variant that it means, and what is wrong with it."""

    code: str = ""
    quantity: str = ""
    cost: str = ""
    number: int = 0
    shown: ShownVariant | None = None
    expected: int | None = None  # units that the purchase order of the page still expects
    available: int | None = None  # units at the location that the page sends from
    error: str = ""
    arrival: Arrival | None = None

    @property
    def is_blank(self) -> bool:
        return not (self.code or self.quantity or self.cost)

    @property
    def units(self) -> int:
        """The typed quantity, or 0 if it is not a number."""
        is_number = self.quantity.isascii() and self.quantity.isdecimal() and len(self.quantity) < 9  # noqa: PLR2004
        return int(self.quantity) if is_number else 0

    @property
    def state(self) -> tuple[str, str]:
        """(look, words) of the badge that compares the row with what is expected; empty if there is nothing to say."""
        if self.expected is None or not (self.expected or self.units):
            return "", ""
        if not self.expected:
            return "bad", "None expected"
        if not self.units:
            return "open", "Not yet"
        if self.units == self.expected:
            return "ok", "All there"
        difference = self.units - self.expected
        return "warn", f"{difference:,} too many" if difference > 0 else f"{-difference:,} missing"

    @property
    def name(self) -> str:
        return self.shown.name if self.shown else self.code or f"row {self.number}"

    @property
    def scanned_as(self) -> str:
        return self.shown.scanned_as if self.shown else self.code


@dataclass
class TypedRows:
    """The rows of a page, with their currency. Read them with `read`, and then check them."""

    rows: list[TypedRow]
    currency: str
    has_costs: bool = True
    scanned: str = ""
    left_out: str = ""  # the scanned code, if there was no room for it
    variants: dict[int, Variant] = field(default_factory=dict)

    @classmethod
    def read(cls, sent: QueryDict, currency: str) -> "TypedRows":
        """The rows of the form, without empty ones. A scanned code counts one more, in its own row or in a new one."""
        columns = [sent.getlist(name) for name in ("code", "quantity", "cost")]
        length = len(columns[0])
        padded = [[*column, *[""] * (length - len(column))][:length] for column in columns]
        typed = [TypedRow(*(text.strip()[:MAX_CODE] for text in texts)) for texts in zip(*padded, strict=True)]
        rows = cls([row for row in typed if not row.is_blank], currency)
        rows.scanned = sent.get("scan", "").strip()[:MAX_CODE]
        rows._find()
        return rows

    @classmethod
    def of(cls, rows: Iterable[TypedRow], currency: str) -> "TypedRows":
        """Rows that are known already, such as those of a purchase order."""
        shown = cls(list(rows), currency)
        shown._number()
        return shown

    def _find(self) -> None:
        """Find the variants of all codes with one query, and count the scanned code."""
        codes = {row.code for row in self.rows if row.code} | ({self.scanned} if self.scanned else set())
        meant = variants_by_code(codes)
        if self.scanned:
            self._count_scanned(meant)
        for row in self.rows:
            found = meant.get(row.code, [])
            if len(found) == 1:
                row.shown = shown_variant(found[0])
                self.variants[found[0].pk] = found[0]
            elif row.code:
                problem = "There are several variants" if found else "There is no variant"
                row.error = f"{problem} with the SKU or barcode {row.code}."
        self._number()

    def _count_scanned(self, meant: Codes) -> None:
        wanted = meant.get(self.scanned, [])
        same = [row for row in self.rows if row.code == self.scanned or (wanted and meant.get(row.code) == wanted)]
        if not same and len(self.rows) >= MAX_ROWS:
            self.left_out = self.scanned
            return
        row = same[0] if same else TypedRow(self.scanned)
        if not same:
            self.rows.append(row)
        if not row.quantity or row.quantity.isdecimal():
            row.quantity = str(int(row.quantity or 0) + 1)

    def _number(self) -> None:
        for number, row in enumerate(self.rows, start=1):
            row.number = number

    def check(self, *, is_zero_left_out: bool = False) -> None:
        """Read the numbers of each row, and write down what is wrong. With `is_zero_left_out`, a row may be empty or 0."""
        for row in self.rows:
            if row.error:
                continue
            try:
                row.arrival = self._arrival(row, is_zero_left_out=is_zero_left_out)
            except (StockRefused, AmountRefused) as refused:
                row.error = str(refused)
        self._refuse_two_costs()

    def _arrival(self, row: TypedRow, *, is_zero_left_out: bool) -> Arrival | None:
        if not row.code:
            raise StockRefused("Enter the SKU or barcode.")
        if is_zero_left_out and row.quantity in ("", "0"):
            return None
        if row.shown and not self.variants[row.shown.pk].is_tracked:
            raise StockRefused(f"The stock of {row.name} is not counted, so nothing can be added to it.")
        if not (row.quantity.isascii() and row.quantity.isdecimal()) or not int(row.quantity[:20]):
            raise StockRefused(f"Enter how many of {row.name}, as a whole number above 0.")
        if len(row.quantity) > len(str(MAX_RECEIVED)) or int(row.quantity) > MAX_RECEIVED:
            raise StockRefused(f"At most {MAX_RECEIVED:,} units of a variant can be entered at once.")
        arrival = Arrival(int(row.quantity), to_minor(row.cost, self.currency) if row.cost else None)
        refuse_costs({row.number: arrival}, self.currency)
        return arrival

    def _refuse_two_costs(self) -> None:
        """Mark rows of one variant with different costs, because it has one cost per delivery or order."""
        costs: dict[int, int | None] = {}
        for row in self.rows:
            if row.shown and row.arrival:
                known = costs.setdefault(row.shown.pk, row.arrival.unit_cost_minor)
                if row.arrival.unit_cost_minor not in (None, known) and known is not None:
                    row.error = f"{row.name} is here twice with different unit costs. Enter one of them."
                costs[row.shown.pk] = known if known is not None else row.arrival.unit_cost_minor

    @property
    def too_many(self) -> str:
        """Why the form has no room for all rows; empty if it has."""
        if self.left_out:
            return f"The page is full with {MAX_ROWS} rows, so {self.left_out} was not added. Save these rows first."
        if len(self.rows) > MAX_ROWS:
            return f"These are {len(self.rows)} rows, and at most {MAX_ROWS} can be saved at once. Use two forms."
        return ""

    @property
    def errors(self) -> list[TypedRow]:
        return [row for row in self.rows if row.error]

    @property
    def units(self) -> int:
        """The sum of all quantities that are numbers."""
        return sum(row.units for row in self.rows)

    @property
    def arrivals(self) -> dict[int, Arrival]:
        """What was typed by variant id. Rows of one variant are added up."""
        summed: dict[int, Arrival] = {}
        for row in self.rows:
            if row.shown and row.arrival:
                before = summed.get(row.shown.pk, Arrival(0))
                cost = row.arrival.unit_cost_minor if before.unit_cost_minor is None else before.unit_cost_minor
                summed[row.shown.pk] = Arrival(before.quantity + row.arrival.quantity, cost)
        return summed

    def with_blanks(self, blanks: int = BLANK_ROWS) -> Sequence[TypedRow]:
        """The rows, and empty ones to type into."""
        first = len(self.rows) + 1
        count = max(0, min(blanks, MAX_ROWS - len(self.rows)))
        return [*self.rows, *(TypedRow(number=number) for number in range(first, first + count))]
