"""What a promotion may cost: what its limit allows, or what the orders of the last days would have got."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from catalog.listings.browse import collections_holding
from catalog.listings.rows import lineages
from catalog.markets import market_of
from catalog.models import Product
from orders.models import Order, Promotion
from orders.pricing import Basket, Line, Rule, price
from orders.pricing.receipt import basket_of, can_be_derived
from orders.rules import PromotionRule

DAYS = 30
MAX_ORDERS = 100  # orders that are priced again; of more, the newest ones


@dataclass(frozen=True)
class LimitedCost:
    """The most that a promotion with a limit can cost, if each use saves what the example saves."""

    uses_left: int
    saved_minor: int

    @property
    def total_minor(self) -> int:
        return self.uses_left * self.saved_minor


@dataclass(frozen=True)
class PastCost:
    """What the orders of the last days would have got: `matching` of `orders` would have cost `total_minor`.

    If `is_cut`, there were more orders: these are the newest ones.
    """

    orders: int
    matching: int
    total_minor: int
    is_cut: bool
    days: int = DAYS

    @property
    def orders_in_words(self) -> str:
        if self.is_cut:
            return f"the newest {self.orders} orders of that time"
        return "1 order" if self.orders == 1 else f"{self.orders} orders"


def limited_cost(draft: PromotionRule, saved_minor: int) -> LimitedCost | None:
    """Return what the uses that are left cost; None for a promotion without a limit."""
    if draft.most_uses is None:
        return None
    uses = Promotion.objects.filter(pk=draft.id).values_list("uses", flat=True).first() or 0
    return LimitedCost(max(0, draft.most_uses - uses), max(0, saved_minor))


def past_cost(draft: PromotionRule, now: datetime, code: str = "") -> PastCost:
    """Price the orders of the last days again with this promotion, and add up how much less shoppers would have paid.

    Everybody is taken to have the code and to order within the promotion's dates. Each order keeps the promotions that it
    was placed with. A gift costs nothing here, because no order of the past contains it.
    """
    placed = Order.objects.filter(market=draft.market, placed_at__gt=now - timedelta(days=DAYS))
    newest = placed.exclude(status=Order.Status.CANCELED).order_by("-placed_at", "-id")
    receipts = list(newest.values_list("receipt", flat=True)[: MAX_ORDERS + 1])
    baskets = [basket_of(receipt) for receipt in receipts[:MAX_ORDERS] if can_be_derived(receipt)]
    rule = replace(draft.rule, code=code, begins_at=None, ends_at=None)
    saved = [_saved_minor(basket, rule) for basket in _with_scopes(baskets, rule, draft.market)]
    matching = [minor for minor in saved if minor > 0]
    return PastCost(len(baskets), len(matching), sum(matching), is_cut=len(receipts) > MAX_ORDERS)


def _saved_minor(basket: Basket, rule: Rule) -> int:
    others = tuple(other for other in basket.rules if other.id != rule.id)
    without, with_it = replace(basket, rules=others), replace(basket, rules=(*others, rule))
    return price(without).total_minor - price(with_it).total_minor


def _with_scopes(baskets: Sequence[Basket], rule: Rule, market: str) -> Sequence[Basket]:
    """The baskets with the categories and collections that their products are in now, if the rule is limited to some.

    A receipt has only those that the promotions of its time were limited to.
    """
    scopes = (rule.scope, rule.reward)
    products = {line.product_id for basket in baskets for line in basket.lines}
    wanted = {pk for scope in scopes for pk in scope.collections}
    categories = _categories(products) if any(scope.categories for scope in scopes) else {}
    collections = collections_holding(products, wanted, market_of(market)) if wanted else {}

    def scoped(line: Line) -> Line:
        return replace(
            line,
            categories=(*line.categories, *categories.get(line.product_id, ())),
            collections=(*line.collections, *collections.get(line.product_id, ())),
        )

    return [replace(basket, lines=tuple(map(scoped, basket.lines))) for basket in baskets]


def _categories(products: Collection[int]) -> dict[int, tuple[int, ...]]:
    """The ids of each product's category and of those above it."""
    category_of = dict(Product.objects.filter(pk__in=products, category__isnull=False).values_list("pk", "category"))
    above = lineages(set(category_of.values()))
    return {product: tuple(one.pk for one in above.get(category, ())) for product, category in category_of.items()}
