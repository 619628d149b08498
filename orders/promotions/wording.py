"""What a promotion does, for whom and when, in one sentence: `20 % off Tableware, 1 Dec 2026 – 30 Dec 2026, code WELCOME`."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import JSONObject
from django.utils import timezone

from catalog.formats import count_of, day, moment, money
from catalog.markets import all_markets, market_of
from catalog.models import Category, Collection, Product
from orders.models import Coupon, Promotion, PromotionTier
from orders.models.promotion import masked_code
from orders.pricing import Tier

MAX_NAMES = 3  # that a sentence lists
Kind, Lane = Promotion.Kind, Promotion.Lane


@dataclass(frozen=True)
class Names:
    """What a promotion refers to, by name. Lists hold a few names only."""

    products: Sequence[str] = ()
    categories: Sequence[str] = ()
    collections: Sequence[str] = ()
    rewards: Sequence[str] = ()
    groups: Sequence[str] = ()
    codes: Sequence[str] = ()
    tiers: Sequence[Tier] = field(default_factory=tuple)
    gift: str = ""

    @property
    def goods(self) -> list[str]:
        """The products, categories and collections that the promotion is limited to."""
        return [*self.categories, *self.collections, *self.products]


def _names(rows: QuerySet, column: str) -> ArraySubquery:
    return ArraySubquery(rows.values_list(column, flat=True)[: MAX_NAMES + 1])


def _related(model: type, through: Any, column: str, name: str) -> ArraySubquery:
    chosen = through.objects.filter(promotion=OuterRef(OuterRef("pk"))).values(column)
    return _names(model.objects.filter(pk__in=chosen).order_by("pk"), name)  # type: ignore[attr-defined]


def with_names(promotions: QuerySet[Promotion]) -> QuerySet[Promotion]:
    """The promotions with everything that `names_of` needs, in the same query."""
    tiers = PromotionTier.objects.filter(promotion=OuterRef("pk")).values(
        step=JSONObject(
            percent="percent", amount_minor="amount_minor", from_quantity="from_quantity", from_minor="from_minor"
        )
    )
    return promotions.select_related("gift_variant__product").annotate(
        product_names=_related(Product, Promotion.products.through, "product", "title"),
        category_names=_related(Category, Promotion.categories.through, "category", "name"),
        collection_names=_related(Collection, Promotion.collections.through, "collection", "name"),
        reward_names=_related(Product, Promotion.reward_products.through, "product", "title"),
        group_names=_related(Group, Promotion.groups.through, "group", "name"),
        code_names=_names(Coupon.objects.filter(promotion=OuterRef("pk"), batch="").order_by("pk"), "code"),
        tier_steps=ArraySubquery(tiers.order_by("from_quantity", "from_minor")),
    )


def names_of(promotion: Any, *, sees_codes: bool) -> Names:
    """The names of a promotion that was read with `with_names`. Codes are masked for readers who may not see them."""
    codes = promotion.code_names if promotion.needs_code else ()
    return Names(
        products=promotion.product_names,
        categories=promotion.category_names,
        collections=promotion.collection_names,
        rewards=promotion.reward_names,
        groups=promotion.group_names,
        codes=codes if sees_codes else [masked_code(code) for code in codes],
        tiers=[Tier(**step) for step in promotion.tier_steps],
        gift=str(promotion.gift_variant) if promotion.gift_variant else "",
    )


def sentence(promotion: Promotion, names: Names) -> str:
    """What the promotion does, under which conditions, when, and with which code."""
    parts = [effect(promotion, names), *conditions(promotion, names), period(promotion.begins_at, promotion.ends_at)]
    if promotion.needs_code:
        parts.append(_code(names))
    return ", ".join(part for part in parts if part)


def effect(promotion: Promotion, names: Names) -> str:
    """What the promotion does: `20 % off Tableware`."""
    currency = market_of(promotion.market).currency
    return EFFECTS[Kind(promotion.kind)](_Words(promotion, names, currency))


@dataclass(frozen=True)
class _Words:
    promotion: Promotion
    names: Names
    currency: str

    @property
    def percent(self) -> str:
        return percent_words(self.promotion.percent)

    @property
    def amount(self) -> str:
        return money(self.promotion.amount_minor, self.currency)

    @property
    def is_whole_order(self) -> bool:
        return self.promotion.lane == Lane.ORDER

    @property
    def goods(self) -> str:
        """`Tableware`, or `everything` without a limit; `the order` if it is taken off all of it at once."""
        limited = listed_names(self.names.goods)
        if limited:
            return limited
        return "the order" if self.is_whole_order else "everything"

    def percent_off(self) -> str:
        return f"{self.percent} off {self.goods}"

    def amount_off(self) -> str:
        if self.is_whole_order:
            return f"{self.amount} off {self.goods}"
        limited = listed_names(self.names.goods)
        return f"{self.amount} off each unit of {limited}" if limited else f"{self.amount} off each unit"

    def fixed_price(self) -> str:
        return f"{self.goods} for {self.amount} each"

    def buy_get(self) -> str:
        promotion = self.promotion
        free = "free" if promotion.percent == 100 else f"at {self.percent} off"  # noqa: PLR2004  (percent)
        of = f" of {self.goods}" if self.names.goods else ""
        rewards = f" of {listed_names(self.names.rewards)}" if self.names.rewards else ""
        return f"Buy {promotion.buy_quantity}{of}, get {promotion.get_quantity}{rewards} {free}"

    def multibuy(self) -> str:
        of = f" of {self.goods}" if self.names.goods else ""
        return f"{self.promotion.buy_quantity}{of} for {self.amount}"

    def tiered(self) -> str:
        steps = [
            f"{percent_words(tier.percent) if float(tier.percent) else money(tier.amount_minor, self.currency)} off "
            f"from {_from(tier, self.currency)}"
            for tier in self.names.tiers[:MAX_NAMES]
        ]
        goods = f" on {self.goods}" if self.names.goods else ""
        return (", ".join(steps) or "Cheaper by quantity") + goods

    def delivery_percent(self) -> str:
        return "Free delivery" if self.promotion.percent == 100 else f"{self.percent} off the delivery"  # noqa: PLR2004

    def delivery_amount(self) -> str:
        return f"{self.amount} off the delivery"

    def delivery_price(self) -> str:
        return f"Delivery for {self.amount}"

    def gift(self) -> str:
        return f"{self.names.gift} as a gift" if self.names.gift else "A gift, which is still to be chosen"


EFFECTS: dict[str, Callable[[_Words], str]] = {
    Kind.PERCENT: _Words.percent_off,
    Kind.AMOUNT: _Words.amount_off,
    Kind.FIXED_PRICE: _Words.fixed_price,
    Kind.BUY_GET: _Words.buy_get,
    Kind.MULTIBUY: _Words.multibuy,
    Kind.TIERED: _Words.tiered,
    Kind.DELIVERY_PERCENT: _Words.delivery_percent,
    Kind.DELIVERY_AMOUNT: _Words.delivery_amount,
    Kind.DELIVERY_PRICE: _Words.delivery_price,
    Kind.GIFT: _Words.gift,
}


def _from(tier: Tier, currency: str) -> str:
    parts = [count_of(tier.from_quantity, "unit")] if tier.from_quantity else []
    parts += [money(tier.from_minor, currency)] if tier.from_minor or not parts else []
    return " and ".join(parts)


def percent_words(percent: Any) -> str:
    """`12.5 %`."""
    return f"{float(percent):g} %"


def conditions(promotion: Promotion, names: Names) -> Iterator[str]:
    """What an order must have: `from €40.00`, `for Friends`."""
    currency = market_of(promotion.market).currency
    if promotion.minimum_minor:
        yield f"from {money(promotion.minimum_minor, currency)}"
    if promotion.minimum_quantity:
        yield f"from {count_of(promotion.minimum_quantity, 'unit')}"
    is_about_goods = promotion.lane in (Lane.PRODUCT, Lane.ORDER)
    if names.goods and not is_about_goods:
        yield f"with {listed_names(names.goods)}"
    if promotion.excludes_sale:
        yield "not on sale"
    if promotion.is_first_order_only:
        yield "first order only"
    if names.groups:
        yield f"for {listed_names(names.groups)}"
    if promotion.countries:
        yield f"to {listed_names(_countries(promotion.countries))}"


def _countries(codes: Iterable[str]) -> list[str]:
    known = {code: name for market in all_markets().values() for code, name in market.country_choices()}
    return [known.get(code, code) for code in codes]


def period(begins: datetime | None, ends: datetime | None) -> str:
    """`1 Dec 2026 – 30 Dec 2026`, `since 1 Dec 2026`, `from 1 Dec 2026` or `until 30 Dec 2026`; empty for always."""
    if begins and ends:
        return f"{_day(begins)} – {_day(ends)}"
    if begins:
        return f"{'since' if begins <= timezone.now() else 'from'} {_day(begins)}"
    return f"until {_day(ends)}" if ends else ""


def _day(value: datetime) -> str:
    local = timezone.localtime(value)
    return day(value) if (local.hour, local.minute) in ((0, 0), (23, 59)) else moment(value)


def _code(names: Names) -> str:
    if not names.codes:
        return "with a code"
    return f"code {listed_names(names.codes)}"


def listed_names(names: Sequence[str]) -> str:
    """`Mugs`, `Mugs and Vases`, `Mugs, Vases and Bowls` or `Mugs, Vases, Bowls and more`."""
    shown = list(names[:MAX_NAMES])
    if len(names) > MAX_NAMES:
        return f"{', '.join(shown)} and more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
