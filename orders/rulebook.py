"""Read everything except cart lines that a price depends on, in one statement and so as of one moment."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from catalog.markets import Market
from catalog.models import Store
from catalog.models.weekdays import MONDAY_TO_FRIDAY
from orders.customers import Buyer, customer_key
from orders.delivery.dates import MAX_DELIVERY_SEARCH_DAYS, Calendar
from orders.models import Cart
from orders.tax import TaxRules, choose_pickup_tax, choose_tax

# Unpaid orders from another account and IP address do not count towards a customer's limits, because anybody can enter
# that customer's e-mail address (see promotions/uses.py). Prefer a code that still has uses left if a cart has two codes of one
# promotion.
READ = """
WITH elsewhere AS (
  SELECT id FROM orders_order placed WHERE status = 'placed' AND customer_key = %(customer)s AND customer_key <> ''
    AND (user_id = %(user)s) IS NOT TRUE AND terms_accepted_ip IS DISTINCT FROM %(ip)s::inet
), asked AS (
  SELECT DISTINCT ON (promotion_id) promotion_id, id AS coupon_id FROM orders_coupon WHERE code = ANY(%(codes)s)
  ORDER BY promotion_id, most_uses IS NOT NULL AND uses >= most_uses, id
), standing AS (
  SELECT p.*, c.code, c.most_uses AS coupon_most, c.uses AS coupon_uses, c.id AS coupon_id
  FROM orders_promotion p LEFT JOIN asked a ON a.promotion_id = p.id LEFT JOIN orders_coupon c ON c.id = a.coupon_id
  WHERE p.market = %(market)s AND (a.promotion_id IS NOT NULL OR p.id = ANY(%(drafts)s::bigint[])
    OR (p.is_active AND NOT p.needs_code
    AND (p.begins_at IS NULL OR p.begins_at <= %(at)s) AND (p.ends_at IS NULL OR p.ends_at > %(at)s)))
)
SELECT json_build_object(
  'regions', (SELECT coalesce(json_agg(r), '[]') FROM (
     SELECT code, postcodes, is_outside FROM orders_taxregion WHERE country = %(country)s) r),
  'rates', (SELECT coalesce(json_agg(r), '[]') FROM (
     SELECT id, country, region, tax_class, percent::text, taxes_delivery FROM orders_taxrate
     WHERE country IN (%(country)s, %(home)s) AND valid @> %(at)s) r),
  'shipping', (SELECT coalesce(json_agg(s), '[]') FROM (
     SELECT m.code, m.name, m.kind, m.free_from_minor, m.most_grams, m.handling_days, m.days_min, m.days_max,
            m.pickup_address, m.position, z.name AS zone, z.countries, z.postcodes, r.from_grams, r.from_minor, r.price_minor
     FROM orders_shippingrate r JOIN orders_shippingmethod m ON m.id = r.method_id
     JOIN orders_shippingzone z ON z.id = r.zone_id
     WHERE m.is_active AND m.market = %(market)s AND z.countries @> ARRAY[%(country)s]::varchar[]) s),
  'closing', (SELECT coalesce(json_agg(d), '[]') FROM (
     SELECT day, country FROM orders_closingday
     WHERE country IN ('', %(country)s, %(home)s) AND day BETWEEN %(today)s AND %(horizon)s) d),
  'store', (SELECT row_to_json(s) FROM (SELECT dispatch_days, return_days FROM catalog_store LIMIT 1) s),
  'promotions', (SELECT coalesce(json_agg(p), '[]') FROM (
     SELECT s.id, s.name, s.kind, s.lane, s.position, s.is_exclusive, s.percent::text, s.amount_minor, s.buy_quantity,
       s.get_quantity, s.most_times, s.excludes_sale, s.minimum_minor, s.minimum_quantity, s.begins_at, s.ends_at,
       s.countries, s.methods, s.is_first_order_only, s.needs_code, s.is_active, s.most_uses, s.most_uses_each, s.uses,
       s.gift_variant_id, s.code, s.coupon_id, s.coupon_most, s.coupon_uses,
       coalesce((SELECT uses FROM orders_promotioncustomer u WHERE u.promotion_id = s.id AND u.customer = %(customer)s),
                0) - (SELECT count(*) FROM orders_promotionuse u JOIN elsewhere e ON e.id = u.order_id
                      WHERE u.promotion_id = s.id AND u.given_back_at IS NULL) AS uses_each,
       ARRAY(SELECT product_id FROM orders_promotion_products x WHERE x.promotion_id = s.id) AS products,
       ARRAY(SELECT category_id FROM orders_promotion_categories x WHERE x.promotion_id = s.id) AS categories,
       ARRAY(SELECT collection_id FROM orders_promotion_collections x WHERE x.promotion_id = s.id) AS collections,
       ARRAY(SELECT product_id FROM orders_promotion_reward_products x WHERE x.promotion_id = s.id) AS rewards,
       ARRAY(SELECT group_id FROM orders_promotion_groups x WHERE x.promotion_id = s.id) AS groups,
       (SELECT coalesce(json_agg(t), '[]') FROM (SELECT from_quantity, from_minor, percent::text, amount_minor
          FROM orders_promotiontier x WHERE x.promotion_id = s.id) t) AS tiers
     FROM standing s ORDER BY s.position, s.id) p),
  'cards', (SELECT coalesce(json_agg(g ORDER BY g.expires_at NULLS LAST, g.id), '[]') FROM (
     SELECT c.id, c.kind, c.last_characters, c.balance_minor, c.expires_at FROM orders_giftcard c
     JOIN orders_cart_gift_cards l ON l.giftcard_id = c.id AND l.cart_id = %(cart)s
     WHERE c.is_active AND c.currency = %(currency)s AND c.balance_minor > 0
       AND (c.expires_at IS NULL OR c.expires_at > %(at)s) AND (c.user_id IS NULL OR c.user_id = %(user)s)) g),
  'groups', ARRAY(SELECT group_id FROM accounts_user_groups WHERE user_id = %(user)s),
  'orders', (SELECT count(*) FROM orders_order WHERE status <> 'canceled' AND id NOT IN (SELECT id FROM elsewhere)
     AND (customer_key = %(customer)s AND customer_key <> '' OR user_id = %(user)s)),
  'unpaid', (SELECT count(*) FROM orders_order WHERE status = 'placed'
     AND (customer_key = %(customer)s AND customer_key <> '' AND terms_accepted_ip IS NOT DISTINCT FROM %(ip)s::inet
          OR user_id = %(user)s)),
  'credit', (SELECT coalesce(sum(c.balance_minor), 0) FROM orders_giftcard c WHERE c.user_id = %(user)s
     AND c.kind = 'credit' AND c.is_active AND c.currency = %(currency)s
     AND (c.expires_at IS NULL OR c.expires_at > %(at)s)),
  'terms', (SELECT version FROM catalog_page WHERE slug = 'terms')
)
"""


@dataclass(frozen=True)
class GiftCardBalance:
    """A gift card or store credit that the shopper wants to pay with, and its balance in minor units."""

    id: int
    name: str
    balance_minor: int

    @property
    def key(self) -> str:
        """The card's name in forms, which does not reveal its code."""
        return f"card-{self.id}"


@dataclass(frozen=True)
class Rulebook:
    """The rules that apply to one cart and buyer at one moment, and the buyer's gift cards and orders."""

    tax: TaxRules
    pickup_tax: TaxRules  # for pick-up
    shipping: list[dict[str, Any]]
    calendar: Calendar
    return_days: int
    promotions: list[dict[str, Any]]
    gift_cards: list[GiftCardBalance]
    groups: tuple[int, ...]
    live_orders: int
    unpaid_orders: int
    credit_minor: int
    terms_version: str


def read_rulebook(cart: Cart, market: Market, buyer: Buyer, at: datetime, *, drafts: Sequence[int] = ()) -> Rulebook:
    """Read the rules for this cart and buyer at this moment, in one statement.

    `drafts` are ids of inactive promotions to include.
    """
    parameters = {
        "codes": cart.codes,
        "market": market.code,
        "currency": market.currency,
        "country": buyer.country,
        "home": settings.SHOP_COUNTRY,
        "at": at,
        "today": at.date(),
        "horizon": at.date() + timedelta(days=MAX_DELIVERY_SEARCH_DAYS),
        "customer": customer_key(buyer.email),
        "user": buyer.user_id,
        "ip": buyer.ip,
        "cart": cart.pk,
        "drafts": list(drafts),
    }
    with connection.cursor() as cursor:
        cursor.execute(READ, parameters)
        return _rulebook(cursor.fetchone()[0], buyer)


def _rulebook(rows: Mapping[str, Any], buyer: Buyer) -> Rulebook:
    store = rows["store"] or {"dispatch_days": MONDAY_TO_FRIDAY, "return_days": Store().return_days}
    tax = choose_tax(rows["rates"], rows["regions"], buyer)
    return Rulebook(
        tax=tax,
        pickup_tax=choose_pickup_tax(rows["rates"], tax),
        shipping=rows["shipping"],
        calendar=Calendar(
            tuple(store["dispatch_days"]),
            _days_off(rows["closing"], settings.SHOP_COUNTRY),
            _days_off(rows["closing"], buyer.country),
        ),
        return_days=store["return_days"],
        promotions=rows["promotions"],
        gift_cards=[GiftCardBalance(card["id"], _card_name(card), card["balance_minor"]) for card in rows["cards"]],
        groups=tuple(rows["groups"]),
        live_orders=rows["orders"],
        unpaid_orders=rows["unpaid"],
        credit_minor=rows["credit"],
        terms_version=rows["terms"] or settings.TERMS_VERSION,
    )


def _days_off(rows: Iterable[Mapping[str, str]], country: str) -> frozenset[date]:
    """Return the country's closing days and the shop's own."""
    return frozenset(date.fromisoformat(row["day"]) for row in rows if row["country"] in ("", country))


def _card_name(card: Mapping[str, Any]) -> str:
    return "Store credit" if card["kind"] == "credit" else f"Gift card ending in {card['last_characters']}"
