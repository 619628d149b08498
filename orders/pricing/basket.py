"""The input of pricing: everything that a total depends on, as plain values that can be stored and priced again."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property

NOTHING = Decimal(0)
STANDARD = "standard"  # the default tax class


@dataclass(frozen=True)
class Line:
    """A quantity at a unit price in minor units, as the market displays it, with the attributes that rules use.

    An empty `tax_class` means not taxed. A line with `gift_of` is a gift that the rule with this id may give.
    """

    key: str
    quantity: int
    unit_minor: int
    price_id: int | None = None
    product_id: int = 0
    categories: tuple[int, ...] = ()
    collections: tuple[int, ...] = ()
    tax_class: str = STANDARD
    is_on_sale: bool = False
    is_gift_card: bool = False
    gift_of: int | None = None

    @property
    def subtotal_minor(self) -> int:
        return self.unit_minor * self.quantity


@dataclass(frozen=True)
class Scope:
    """A selection of products, by id, category (including subcategories) or collection. Empty means all products."""

    products: tuple[int, ...] = ()
    categories: tuple[int, ...] = ()
    collections: tuple[int, ...] = ()

    @cached_property
    def is_everything(self) -> bool:
        return not (self.products or self.categories or self.collections)

    @cached_property
    def _sets(self) -> tuple[frozenset[int], frozenset[int], frozenset[int]]:
        """The ids as sets, built once because each rule checks each line."""
        return frozenset(self.products), frozenset(self.categories), frozenset(self.collections)

    def holds(self, line: Line) -> bool:
        """Return whether the line's product is selected."""
        if self.is_everything:
            return True
        products, categories, collections = self._sets
        return (
            line.product_id in products
            or not categories.isdisjoint(line.categories)
            or not collections.isdisjoint(line.collections)
        )


@dataclass(frozen=True)
class Tier:
    """A percentage or amount off, from a number of units or an amount on. Amounts are in minor units."""

    percent: Decimal = NOTHING
    amount_minor: int = 0
    from_quantity: int = 0
    from_minor: int = 0


@dataclass(frozen=True)
class Rule:
    """A promotion as pricing needs it. `refusal` is a reason against it that only counters know, like being used up."""

    id: int
    name: str
    kind: str
    lane: str
    position: int = 0
    is_exclusive: bool = False
    percent: Decimal = NOTHING
    amount_minor: int = 0
    buy_quantity: int = 0
    get_quantity: int = 0
    most_times: int | None = None
    tiers: tuple[Tier, ...] = ()
    scope: Scope = Scope()
    reward: Scope = Scope()
    excludes_sale: bool = False
    minimum_minor: int = 0
    minimum_quantity: int = 0
    begins_at: datetime | None = None
    ends_at: datetime | None = None
    countries: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    groups: tuple[int, ...] = ()
    is_first_order_only: bool = False
    needs_code: bool = False
    code: str = ""
    refusal: str = ""


@dataclass(frozen=True)
class Rate:
    """The tax percentage of a tax class, the id of its row, and whether delivery is taxed with the goods."""

    tax_class: str
    percent: Decimal
    row_id: int | None = None
    taxes_delivery: bool = True


@dataclass(frozen=True)
class Delivery:
    """The chosen shipping method and its price in minor units, as the market displays it."""

    code: str
    name: str
    price_minor: int


class Treatment:
    """Whether tax is charged, and if not, why."""

    DOMESTIC = "domestic"  # the tax of the destination country
    EXPORT = "export"  # no tax: shipped outside the tax area
    REVERSE_CHARGE = "reverse_charge"  # no tax: a business in another EU country accounts for it itself


@dataclass(frozen=True)
class Basket:
    """The complete input of a total. `home_rates` are contained in displayed prices and removed if no tax is due.

    With `is_never_dearer`, a discount never raises the total (decision 0021). Receipts from before that decision lack it,
    so that pricing them again gives the same total.
    """

    lines: tuple[Line, ...]
    at: datetime
    market: str
    currency: str
    country: str
    is_tax_included: bool
    treatment: str = Treatment.DOMESTIC
    rates: tuple[Rate, ...] = ()
    home_rates: tuple[Rate, ...] = ()
    delivery: Delivery | None = None
    rules: tuple[Rule, ...] = ()
    groups: tuple[int, ...] = ()
    is_first_order: bool = True
    is_never_dearer: bool = False
