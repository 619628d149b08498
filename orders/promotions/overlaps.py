"""Which promotions meet on the same goods at the same time, which of them wins, and why a promotion may never apply.

The rules are those of orders/pricing/combining.py (decision 14), in words.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from catalog.formats import moment
from catalog.listings.browse import current_listings, in_collection
from catalog.markets import Market, market_of
from catalog.models import Collection, CollectionEntry, Listing
from catalog.prices import prices_at
from orders.models import Promotion
from orders.pricing import Rule, Scope
from orders.promotions.coupons import usable_codes
from orders.promotions.wording import percent_words
from orders.rules import PromotionRule, promotion_rules

MAX_COMPARED = 50  # promotions that a promotion is compared with
MAX_ENTRIES = 1_000  # of collections chosen by hand
PRODUCT, ORDER, DELIVERY, GIFT = Promotion.Lane.values
ONE_BY_ONE = "the one that saves more on an item applies to it"
ONE_PER_ORDER = "the one that saves more applies to the order"
ONE_PER_DELIVERY = "the one that saves more applies to the delivery"


@dataclass(frozen=True)
class Overlap:
    """Another promotion that applies to the same goods at the same time. `adds_up` means that both apply."""

    id: int
    name: str
    rule: str
    adds_up: bool


def overlaps_of(draft: PromotionRule) -> list[Overlap]:
    """Return the promotions that meet this one, those that do not add up first."""
    others = Promotion.objects.filter(market=draft.market, is_active=True).exclude(pk=draft.id)
    rules = promotion_rules(others.filter(_meets_in_time(draft.rule))[:MAX_COMPARED])
    market = market_of(draft.market)
    found = [
        Overlap(other.id, other.rule.name, _outcome(draft.rule, other.rule), _adds_up(draft.rule, other.rule))
        for other in rules
        if _can_meet(draft.rule, other.rule) and _share_goods(draft.rule.scope, other.rule.scope, market)
    ]
    return sorted(found, key=lambda overlap: overlap.adds_up)


def _meets_in_time(rule: Rule) -> Q:
    meets = Q()
    if rule.ends_at:
        meets &= Q(begins_at=None) | Q(begins_at__lt=rule.ends_at)
    if rule.begins_at:
        meets &= Q(ends_at=None) | Q(ends_at__gt=rule.begins_at)
    return meets


def _can_meet(rule: Rule, other: Rule) -> bool:
    """Whether an order can meet the conditions of both."""
    pairs = ((rule.countries, other.countries), (rule.methods, other.methods))
    return not any(one and two and set(one).isdisjoint(two) for one, two in pairs)


def _adds_up(rule: Rule, other: Rule) -> bool:
    if rule.is_exclusive or other.is_exclusive:
        return False
    return rule.lane != other.lane or rule.lane == GIFT


def _outcome(rule: Rule, other: Rule) -> str:
    """What happens to an order that both apply to, in a sentence."""
    for one in (rule, other):
        if one.is_exclusive:
            return f"“{one.name}” is exclusive: it applies alone, if it saves more than all others together."
    if rule.lane == other.lane == GIFT:
        return "Both apply: the order gets both gifts."
    if rule.lane != other.lane:
        return _added_up(rule, other)
    words = {PRODUCT: ONE_BY_ONE, ORDER: ONE_PER_ORDER, DELIVERY: ONE_PER_DELIVERY}[rule.lane]
    return f"They do not add up: {words}. {_winner(rule, other)}".strip()


def _added_up(rule: Rule, other: Rule) -> str:
    lanes = (PRODUCT, ORDER, DELIVERY, GIFT)
    first, second = sorted((rule, other), key=lambda one: lanes.index(one.lane))
    if second.lane == ORDER:
        return f"Both apply: first “{first.name}”, then “{second.name}” to what is left to pay."
    return "Both apply."


def _winner(rule: Rule, other: Rule) -> str:
    """Which of two rules of one lane saves more, where that is sure whatever is in the cart."""
    if rule.scope != other.scope and rule.lane == ORDER:
        return ""
    key = _strength(rule), _strength(other)
    if rule.kind != other.kind or None in key:
        return ""
    if key[0] == key[1]:
        first = min((rule, other), key=lambda one: (one.position, one.id if one.id > 0 else float("inf")))
        return f"They save the same, so “{first.name}” applies: its position is lower, or it is older."
    winner = rule if key[0] > key[1] else other  # type: ignore[operator]
    words = f" with {percent_words(winner.percent)}" if winner.percent else ""
    return f"That is “{winner.name}”{words}."


def _strength(rule: Rule) -> float | None:
    """How much the rule saves compared with rules of its kind; None if that depends on the cart."""
    if rule.kind in ("percent", "delivery_percent"):
        return float(rule.percent)
    if rule.kind in ("amount", "delivery_amount"):
        return rule.amount_minor
    return -rule.amount_minor if rule.kind in ("fixed_price", "delivery_price") else None


Part = Callable[[QuerySet[Listing]], QuerySet[Listing]]


def _parts(scope: Scope, market: Market) -> Iterator[Part]:
    """The parts of a scope as conditions on listings. Each uses an index of its own."""
    if scope.products:
        yield lambda rows: rows.filter(product__in=scope.products)
    if scope.categories:
        yield lambda rows: rows.filter(category_ids__overlap=list(scope.categories))
    if scope.collections:
        entries = CollectionEntry.objects.filter(collection__in=scope.collections)
        products = list(entries.values_list("product", flat=True)[:MAX_ENTRIES])
        if products:
            yield lambda rows: rows.filter(product__in=products)
        for collection in Collection.objects.filter(pk__in=scope.collections, kind=Collection.Kind.RULE):
            yield lambda rows, rule=collection: in_collection(rows, rule)  # type: ignore[misc]


def _share_goods(scope: Scope, other: Scope, market: Market) -> bool:
    """Whether a product that is sold now is in both scopes."""
    if scope.is_everything or other.is_everything:
        return True
    if set(scope.products) & set(other.products) or set(scope.collections) & set(other.collections):
        return True
    if set(scope.categories) & set(other.categories):
        return True
    parts = list(_parts(other, market))
    return any(two(one(current_listings(market))).order_by().exists() for one in _parts(scope, market) for two in parts)


def warnings_of(draft: PromotionRule, at: datetime) -> list[str]:
    """Return why the promotion would not apply although it is switched on, in sentences."""
    return [sentence for sentence in _warnings(draft, at) if sentence]


def _warnings(draft: PromotionRule, at: datetime) -> Iterator[str]:
    rule, market = draft.rule, market_of(draft.market)
    if rule.ends_at and rule.ends_at <= at:
        yield f"It ended on {moment(rule.ends_at)}."
    yield _code_warning(draft)
    yield _goods_warning(rule.scope, market, "It applies to nothing that is sold at the moment")
    if not rule.reward.is_everything:
        yield _goods_warning(rule.reward, market, "The products they get are not sold at the moment")
    yield _gift_warning(draft, market, at)
    if rule.countries and set(rule.countries).isdisjoint(market.countries):
        yield f"Nothing is delivered to these countries in “{market.name}”."


def _code_warning(draft: PromotionRule) -> str:
    if not draft.rule.needs_code or draft.rule.code:
        return ""
    promotion = Promotion.objects.filter(pk=draft.id).first()
    if promotion and usable_codes(promotion).exists():
        return ""
    return "It needs a code, but has none that can still be used."


def _goods_warning(scope: Scope, market: Market, sentence: str) -> str:
    """A sentence if nothing in the scope is sold in the market now."""
    listings = current_listings(market)
    parts: Sequence[Part] = [lambda rows: rows] if scope.is_everything else list(_parts(scope, market))
    if any(part(listings).order_by().exists() for part in parts):
        return ""
    return f"{sentence}: no product has a price and is visible in “{market.name}”."


def _gift_warning(draft: PromotionRule, market: Market, at: datetime) -> str:
    if draft.rule.kind != Promotion.Kind.GIFT:
        return ""
    gift = draft.gift_variant_id
    if gift is None:
        return "The gift was deleted, so nobody gets one."
    return "" if prices_at([gift], market, at) else f"Nobody gets the gift: it has no price in “{market.name}”."


def example_products(scope: Scope, market: Market, count: int) -> list[int]:
    """The ids of some products in the scope that are sold in the market now."""
    listings = current_listings(market)
    parts: Sequence[Part] = [lambda rows: rows] if scope.is_everything else list(_parts(scope, market))
    found: dict[int, None] = {}
    for part in parts:
        rows = part(listings).order_by("position", "product")
        found |= dict.fromkeys(rows.values_list("product", flat=True)[:count])
    return list(found)[:count]
