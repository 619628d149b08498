"""What pricing is told: everything that a total depends on, as plain values that can be kept and asked again."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property

NOTHING = Decimal(0)
STANDARD = "standard"  # the tax class of whatever has no other one


@dataclass(frozen=True)
class Line:
    """A quantity at a unit price in minor units, as the market displays it, and what rules ask about it.

    `tax_class` empty is not taxed. A line with `gift_of` is a gift that the rule of this id may grant.
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
    """Products, by themselves, by category (with all below it) or by collection; empty is everything."""

    products: tuple[int, ...] = ()
    categories: tuple[int, ...] = ()
    collections: tuple[int, ...] = ()

    @cached_property
    def is_everything(self) -> bool:
        return not (self.products or self.categories or self.collections)

    @cached_property
    def _sets(self) -> tuple[frozenset[int], frozenset[int], frozenset[int]]:
        """Each rule asks each line, so what is looked for is made once."""
        return frozenset(self.products), frozenset(self.categories), frozenset(self.collections)

    def holds(self, line: Line) -> bool:
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
    """From this many units, or from this amount in minor units: a percentage, or an amount in minor units."""

    percent: Decimal = NOTHING
    amount_minor: int = 0
    from_quantity: int = 0
    from_minor: int = 0


@dataclass(frozen=True)
class Rule:
    """A promotion as pricing sees it. `refusal` is what only counters know: that it is used up, for one."""

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
    """The percentage of one tax class, from which row, and whether delivery is taxed with the goods."""

    tax_class: str
    percent: Decimal
    row_id: int | None = None
    taxes_delivery: bool = True


@dataclass(frozen=True)
class Delivery:
    """The chosen method and its price in minor units, as the market displays it."""

    code: str
    name: str
    price_minor: int


class Treatment:
    """Which country's tax is charged, and whether any is."""

    DOMESTIC = "domestic"  # the tax of the country that it goes to
    EXPORT = "export"  # out of the tax area: none
    REVERSE_CHARGE = "reverse_charge"  # a business in another country of the area: it accounts for the tax itself


@dataclass(frozen=True)
class Basket:
    """All that a total follows from. `home_rates` are what displayed prices contain where no tax is due.

    `is_never_dearer`: a discount never raises the total (decision 0021). Receipts from before that say nothing of it, and
    their totals come about again as they did.
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
