"""Small objects for tests, created by the shop's own functions."""

import itertools
import uuid
from typing import Any

from psycopg.types.range import TimestamptzRange

from accounts.models import User
from catalog.inventory import receive
from catalog.listings import write_listings
from catalog.markets import default_market
from catalog.models import AttributeValue, Category, Location, Option, Product, Stock, Variant
from catalog.prices import set_price, set_prices
from orders.cart import add_units
from orders.cart.codes import enter_code
from orders.cart.contents import CartContents, price_cart
from orders.checkout import Seen, Submission, place_order
from orders.customers import Buyer
from orders.models import (
    Cart,
    Coupon,
    GiftCard,
    Order,
    Promotion,
    ShippingMethod,
    ShippingRate,
    ShippingZone,
    TaxRate,
)
from payments.gift_cards import issue_gift_card
from payments.models import OfflineMethod

_serial = itertools.count(1)


def make_location(code: str = "main", priority: int = 10) -> Location:
    return Location.objects.get_or_create(code=code, defaults={"name": code, "priority": priority})[0]


def make_variant(price_minor: int | None = 2400, on_hand: int = 10, **fields: Any) -> Variant:
    """An active product with one variant, in stock and listed."""
    n = next(_serial)
    product = Product.objects.create(
        handle=f"thing-{n}", slug=f"thing-{n}", title=fields.pop("title", f"Thing {n}"), status=Product.Status.ACTIVE
    )
    variant = Variant.objects.create(product=product, **{"sku": f"T-{n}", **fields})
    if price_minor is not None:
        set_price(variant.pk, default_market(), regular_minor=price_minor)
    if on_hand and variant.is_tracked:
        receive(variant.pk, make_location(), on_hand)
    write_listings(Product.objects.filter(pk=product.pk))
    return variant


def make_variants(count: int) -> list[Variant]:
    """Many active products with one untracked variant each, without prices and listings, which is much quicker."""
    numbers = [next(_serial) for _ in range(count)]
    products = Product.objects.bulk_create(
        Product(handle=f"thing-{n}", slug=f"thing-{n}", title=f"Thing {n}", status=Product.Status.ACTIVE)
        for n in numbers
    )
    return Variant.objects.bulk_create(
        Variant(product=product, sku=f"T-{n}", is_tracked=False) for product, n in zip(products, numbers, strict=True)
    )


def make_listed_variants(count: int, price_minor: int = 2400, on_hand: int = 10) -> list[Variant]:
    """Many active products with one variant each, in stock and listed, in a third of the time."""
    variants, location = make_variants(count), make_location()
    Variant.objects.filter(pk__in=[variant.pk for variant in variants]).update(is_tracked=True)
    set_prices({variant.pk: (price_minor, None, None) for variant in variants}, default_market())
    for variant in variants:
        receive(variant.pk, location, on_hand)
    write_listings(Product.objects.filter(pk__in=[variant.product_id for variant in variants]))
    return variants


def shelve(category: Category, title: str, *values: AttributeValue, price_minor: int = 1000, **fields) -> Product:
    product = make_variant(price_minor, title=title).product
    product.attribute_values.set(values)
    Product.objects.filter(pk=product.pk).update(category=category, **fields)
    write_listings(Product.objects.filter(pk=product.pk))
    return Product.objects.get(pk=product.pk)


def make_options(product: Product, *names: str) -> None:
    Option.objects.bulk_create(Option(product=product, position=i, name=name) for i, name in enumerate(names, start=1))


def make_shipping(price_minor: int = 490, code: str = "standard", **fields: Any) -> ShippingMethod:
    countries, postcodes = fields.pop("countries", ["DE", "AT", "BE"]), fields.pop("postcodes", "")
    zone = ShippingZone.objects.get_or_create(
        name=f"{','.join(countries)} {postcodes}", defaults={"countries": countries, "postcodes": postcodes}
    )[0]
    defaults = {"name": code.capitalize(), "free_from_minor": 6000, **fields}
    method, is_new = ShippingMethod.objects.get_or_create(code=code, defaults=defaults)
    if is_new:
        ShippingRate.objects.create(method=method, zone=zone, price_minor=price_minor)
    return method


def make_tax(country: str = "DE", percent: str = "19", tax_class: str = "standard", region: str = "") -> TaxRate:
    return TaxRate.objects.get_or_create(
        country=country,
        tax_class=tax_class,
        region=region,
        defaults={"percent": percent, "valid": TimestamptzRange(None, None)},
    )[0]


def make_user(email: str = "", **fields: Any) -> User:
    return User.objects.create_user(email or f"user{next(_serial)}@example.com", "correct horse battery", **fields)


def make_cart(*variants: Variant, quantity: int = 1, user: User | None = None) -> Cart:
    """A cart with this quantity of each variant, regardless of stock."""
    cart = Cart.objects.create(currency="EUR", user=user)
    for variant in variants:
        add_units(cart, variant.pk, quantity, most=None, seen_minor=None, is_clamped=False)
    cart.refresh_from_db()
    return cart


def make_submission(**changes: Any) -> Submission:
    fields = {
        "email": "anna@example.com",
        "country": "DE",
        "name": "Anna Peeters",
        "line1": "Kraanlei 12",
        "postcode": "10115",
        "city": "Berlin",
        "shipping_code": "standard",
    }
    return Submission(**{**fields, **changes})


def contents_of(cart: Cart, buyer: Buyer | None = None, shipping_code: str = "standard") -> CartContents:
    """The contents of the cart as the checkout shows them now."""
    return price_cart(Cart.objects.get(pk=cart.pk), buyer or Buyer("DE"), shipping_code=shipping_code)


def seen_of(cart: Cart, country: str = "DE", **fields: Any) -> Seen:
    """The totals that the checkout shows now, as its form submits them."""
    shipping_code = fields.pop("shipping_code", "standard")
    contents = contents_of(cart, Buyer(country, **fields), shipping_code)
    return Seen(contents.mark, contents.totals.total_minor, contents.due_minor)


def place(cart: Cart, user: User | None = None, **changes: Any) -> Order:
    """Place an order for the cart at the total that the checkout shows now."""
    submission = make_submission(**changes)
    buyer = submission.buyer(user.pk if user else None)
    contents = contents_of(cart, buyer, submission.shipping_code)
    seen = Seen(contents.mark, contents.totals.total_minor, contents.due_minor)
    return place_order(cart.pk, submission, seen=seen, user_id=user.pk if user else None)


def make_order(*variants: Variant, quantity: int = 1, user: User | None = None, **changes: Any) -> Order:
    """A placed order with reserved stock."""
    make_shipping()
    make_tax()
    cart = make_cart(*(variants or (make_variant(),)), quantity=quantity, user=user)
    return place(cart, user, **{"email": f"{uuid.uuid4().hex[:8]}@example.com", **changes})


def stock_of(variant: Variant) -> tuple[int, int]:
    """(on hand, reserved), summed over locations."""
    rows = Stock.objects.filter(variant=variant)
    return sum(row.on_hand for row in rows), sum(row.reserved for row in rows)


def make_promotion(
    kind: str = "percent", lane: str = "order", *, codes: tuple[str, ...] = (), **fields: Any
) -> Promotion:
    """A promotion that is switched on. If codes are given, it needs one of them."""
    scopes = {name: fields.pop(name) for name in ("products", "categories", "collections", "groups") if name in fields}
    coupon_fields = {"most_uses": fields.pop("most_uses_of_code", None)}
    fields = {"name": f"{kind} {next(_serial)}", "is_active": True, "needs_code": bool(codes), **fields}
    promotion = Promotion.objects.create(kind=kind, lane=lane, **fields)
    for name, rows in scopes.items():
        getattr(promotion, name).set(rows)
    for code in codes:
        Coupon.objects.create(promotion=promotion, code=code, **coupon_fields)
    return promotion


def make_gift_card(amount_minor: int = 5000, **fields: Any) -> tuple[GiftCard, str]:
    """A gift card issued by staff, and its code."""
    return issue_gift_card(amount_minor, fields.pop("currency", "EUR"), **fields)


def with_codes(cart: Cart, *codes: str) -> Cart:
    for code in codes:
        enter_code(cart, code)
    cart.refresh_from_db()
    return cart


def make_offline_method(code: str = "transfer", **fields: Any) -> OfflineMethod:
    """An offline way to pay that is switched on, with a bank account in its instructions."""
    defaults = {"name": OfflineMethod.Code(code).label, "instructions": "IBAN BE68 5390 0754 7034", "is_on": True}
    groups = fields.pop("groups", ())
    method = OfflineMethod.objects.update_or_create(code=code, defaults={**defaults, "due_days": 7, **fields})[0]
    method.groups.set(groups)
    return method
