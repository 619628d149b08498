"""The shop's rules that prices depend on: tax, shipping, closing days and promotions, cached in each process (decision 33).

Triggers replace the rows of RulesMark in every transaction that changes a rule, so the set of marks is the version of the
rules. Cached rules are used only if their version is still the current one.
"""

import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from catalog.models import Page, PageVersion, Store
from catalog.models.weekdays import MONDAY_TO_FRIDAY
from orders.errors import RulesKeepChanging
from orders.models import ClosingDay, Promotion, PromotionTier, RulesMark, ShippingRate, TaxRate, TaxRegion
from orders.models.order import TERMS_SLUG
from orders.pricing import Rule, Scope, Tier

MAX_READS = 10  # of all rules in one call of current_rules()
Version = frozenset[uuid.UUID]
Row = TypeVar("Row")


@dataclass(frozen=True)
class TaxRateRule:
    """A tax rate, which applies from `begins` until before `ends`; None means no limit."""

    id: int
    country: str
    region: str
    tax_class: str
    percent: Decimal
    taxes_delivery: bool
    begins: datetime | None
    ends: datetime | None

    def is_valid(self, at: datetime) -> bool:
        return (self.begins is None or self.begins <= at) and (self.ends is None or at < self.ends)


@dataclass(frozen=True)
class TaxRegionRule:
    """A part of a country with its own tax rates, or outside the tax area."""

    code: str
    country: str
    name: str
    postcodes: str
    is_outside: bool


@dataclass(frozen=True)
class ShippingRule:
    """A shipping rate with its method and zone. Amounts are in minor units of the market's currency."""

    code: str
    name: str
    kind: str
    free_from_minor: int | None
    most_grams: int | None
    handling_days: int
    days_min: int
    days_max: int
    pickup_address: str
    position: int
    countries: tuple[str, ...]
    postcodes: str
    from_grams: int
    from_minor: int
    price_minor: int
    zone: str = ""
    market: str = ""


@dataclass(frozen=True)
class PromotionRule:
    """A promotion: its rule for pricing, without a code or counters, and the limits of its counters."""

    rule: Rule
    market: str
    is_active: bool
    gift_variant_id: int | None
    most_uses: int | None
    most_uses_each: int | None

    @property
    def id(self) -> int:
        return self.rule.id

    @property
    def most_each(self) -> int:
        """How often one customer may use the promotion: once for a first-order promotion; 0 means no limit."""
        return 1 if self.rule.is_first_order_only else self.most_uses_each or 0

    def is_automatic(self, market: str, at: datetime) -> bool:
        """Return whether the promotion applies in the market at this time without a code."""
        begins, ends = self.rule.begins_at, self.rule.ends_at
        is_in_time = (begins is None or begins <= at) and (ends is None or at < ends)
        return self.market == market and self.is_active and not self.rule.needs_code and is_in_time


@dataclass(frozen=True)
class TermsVersion:
    """A version of the terms of sale, which orders accept from `begins` on, until a later one begins."""

    id: int
    label: str
    begins: datetime


@dataclass(frozen=True)
class ShopRules:
    """The rules of all markets at one version.

    It contains the promotions that are switched on and need no code, and those that were requested by id.
    """

    version: Version
    tax_rates: Mapping[str, tuple[TaxRateRule, ...]]  # by country
    tax_regions: Mapping[str, tuple[TaxRegionRule, ...]]  # by country
    shipping: Mapping[str, tuple[ShippingRule, ...]]  # by market
    closing_days: Mapping[str, tuple[date, ...]]  # by country; the shop's own without a country
    dispatch_days: tuple[int, ...]
    return_days: int
    terms_version: str  # if the page has no versions
    terms: tuple[TermsVersion, ...]  # in the order in which they begin
    # by id, in the order in which they are listed
    promotions: Mapping[int, PromotionRule] = field(default_factory=dict)

    def terms_at(self, at: datetime) -> TermsVersion | None:
        """The terms that an order placed at this time accepts; None if their page has no versions."""
        return next((version for version in reversed(self.terms) if version.begins <= at), None)


class _Cache:
    """The rules that this process read last."""

    rules: ShopRules | None = None


def cached_shipping_method(code: str) -> ShippingRule | None:
    """Return a rate of the shipping method as this process last read it, without checking whether it has changed."""
    shipping = _Cache.rules.shipping.values() if _Cache.rules else ()
    return next((rule for rules in shipping for rule in rules if rule.code == code), None)


def current_rules(promotion_ids: Collection[int] = (), version: Version | None = None) -> ShopRules:
    """Return the current rules as this transaction sees them, with these promotions even if they are switched off.

    Takes one query if nothing has changed since this process last read them. Otherwise they are read again, and
    again if they change meanwhile, so that all rules are of one version. Raise RulesKeepChanging if they change during each
    of MAX_READS reads. Pass `version` if the caller has read it already.
    """
    for _ in range(MAX_READS):
        version = read_version() if version is None else version
        rules = _Cache.rules
        if rules is None or rules.version != version:
            rules = _read_rules(version)
        if missing := set(promotion_ids) - rules.promotions.keys():
            rules = _with_promotions(rules, Promotion.objects.filter(pk__in=missing))
        if rules is _Cache.rules:
            return rules
        if read_version() == version:
            # Without a mark, for example after `flush`, changes of the rules could not be noticed.
            _Cache.rules = rules if version else None
            return rules
        version = None
    raise RulesKeepChanging(f"The rules of prices changed during each of {MAX_READS} reads")


def read_version() -> Version:
    """Return the version of the rules that the current transaction sees.

    Every change of a rule writes a new random id, its mark. So two equal sets of marks mean equal rules, even in a
    transaction that changed rules itself and is rolled back later.
    """
    return frozenset(RulesMark.objects.values_list("pk", flat=True))


# An annotation with the marks of the rules, so that a query also reads the version of the rules.
MARKS = RawSQL("ARRAY(SELECT id FROM orders_rulesmark)", [])  # noqa: S611  (our own text)


def _read_rules(version: Version) -> ShopRules:
    store = Store.objects.first() or Store(dispatch_days=MONDAY_TO_FRIDAY)
    rates = ShippingRate.objects.filter(method__is_active=True).select_related("method", "zone")
    rules = ShopRules(
        version=version,
        tax_rates=_grouped(map(_tax_rate, TaxRate.objects.order_by("pk")), lambda rate: rate.country),
        tax_regions=_grouped(map(_tax_region, TaxRegion.objects.order_by("code")), lambda region: region.country),
        shipping=_grouped(shipping_rules(rates.order_by("pk")), lambda rule: rule.market),
        closing_days={
            country: tuple(closing.day for closing in days)
            for country, days in _grouped(ClosingDay.objects.all(), lambda closing: closing.country).items()
        },
        dispatch_days=tuple(store.dispatch_days),
        return_days=store.return_days,
        terms_version=Page.objects.filter(slug=TERMS_SLUG).values_list("version", flat=True).first() or "",
        terms=tuple(
            TermsVersion(version.pk, version.label, version.begins_at)
            for version in PageVersion.objects.filter(page__slug=TERMS_SLUG).order_by("begins_at", "number")
        ),
    )
    return _with_promotions(rules, Promotion.objects.filter(is_active=True, needs_code=False))


def _grouped(rows: Iterable[Row], key: Callable[[Row], str]) -> dict[str, tuple[Row, ...]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return {name: tuple(group) for name, group in groups.items()}


def _tax_rate(rate: TaxRate) -> TaxRateRule:
    return TaxRateRule(
        id=rate.pk,
        country=rate.country,
        region=rate.region,
        tax_class=rate.tax_class,
        percent=rate.percent,
        taxes_delivery=rate.taxes_delivery,
        begins=rate.valid.lower,
        ends=rate.valid.upper,
    )


def _tax_region(region: TaxRegion) -> TaxRegionRule:
    return TaxRegionRule(region.code, region.country, region.name, region.postcodes, region.is_outside)


def shipping_rules(rates: Iterable[ShippingRate]) -> list[ShippingRule]:
    """Return the rates, read with their methods and zones, as rules."""
    return [
        ShippingRule(
            code=rate.method.code,
            name=rate.method.name,
            kind=rate.method.kind,
            free_from_minor=rate.method.free_from_minor,
            most_grams=rate.method.most_grams,
            handling_days=rate.method.handling_days,
            days_min=rate.method.days_min,
            days_max=rate.method.days_max,
            pickup_address=rate.method.pickup_address,
            position=rate.method.position,
            countries=tuple(rate.zone.countries),
            postcodes=rate.zone.postcodes,
            from_grams=rate.from_grams,
            from_minor=rate.from_minor,
            price_minor=rate.price_minor,
            zone=rate.zone.name,
            market=rate.method.market,
        )
        for rate in rates
    ]


SCOPES = ("products", "categories", "collections", "reward_products", "groups")


def _with_promotions(rules: ShopRules, promotions: QuerySet[Promotion]) -> ShopRules:
    """Return the rules with these promotions added, in the order in which they are listed."""
    found = {promotion.id: promotion for promotion in promotion_rules(promotions)}
    listed = sorted(
        {**rules.promotions, **found}.values(), key=lambda promotion: (promotion.rule.position, promotion.id)
    )
    return replace(rules, promotions={promotion.id: promotion for promotion in listed})


def _related_ids(name: str, promotions: Collection[Promotion]) -> dict[int, tuple[int, ...]]:
    """Return the ids that each promotion has in a many-to-many field."""
    ids: dict[int, list[int]] = defaultdict(list)
    chosen = Promotion.objects.filter(pk__in=[promotion.pk for promotion in promotions], **{f"{name}__isnull": False})
    for promotion, related in chosen.order_by().values_list("pk", name):
        ids[promotion].append(related)
    return {promotion: tuple(sorted(related)) for promotion, related in ids.items()}


def _tiers(promotions: Iterable[Promotion]) -> dict[int, tuple[Tier, ...]]:
    tiered = [promotion.pk for promotion in promotions if promotion.kind == Promotion.Kind.TIERED]
    steps: dict[int, list[Tier]] = defaultdict(list)
    for step in PromotionTier.objects.filter(promotion__in=tiered) if tiered else ():
        steps[step.promotion_id].append(Tier(step.percent, step.amount_minor, step.from_quantity, step.from_minor))
    return {promotion: tuple(tiers) for promotion, tiers in steps.items()}


def promotion_rules(promotions: QuerySet[Promotion]) -> list[PromotionRule]:
    """Return these promotions as rules, in their order."""
    rows = list(promotions)
    scopes = {name: _related_ids(name, rows) for name in SCOPES} if rows else {}
    tiers = _tiers(rows)
    return [promotion_rule(row, {name: scopes[name].get(row.pk, ()) for name in SCOPES}, tiers) for row in rows]


def promotion_rule(
    row: Promotion, scopes: Mapping[str, tuple[int, ...]], tiers: Mapping[int, tuple[Tier, ...]]
) -> PromotionRule:
    """Return the promotion as a rule. `scopes` are the ids of its related rows, `tiers` its steps by promotion id."""
    rule = Rule(
        id=row.pk,
        name=row.name,
        kind=row.kind,
        lane=row.lane,
        position=row.position,
        is_exclusive=row.is_exclusive,
        percent=row.percent,
        amount_minor=row.amount_minor,
        buy_quantity=row.buy_quantity,
        get_quantity=row.get_quantity,
        most_times=row.most_times,
        tiers=tiers.get(row.pk, ()),
        scope=Scope(scopes["products"], scopes["categories"], scopes["collections"]),
        reward=Scope(scopes["reward_products"]),
        excludes_sale=row.excludes_sale,
        minimum_minor=row.minimum_minor,
        minimum_quantity=row.minimum_quantity,
        begins_at=row.begins_at,
        ends_at=row.ends_at,
        countries=tuple(row.countries),
        methods=tuple(row.methods),
        groups=scopes["groups"],
        is_first_order_only=row.is_first_order_only,
        needs_code=row.needs_code,
    )
    return PromotionRule(rule, row.market, row.is_active, row.gift_variant_id, row.most_uses, row.most_uses_each)
