"""Create the first contents of the demo: store, pages, delivery, taxes, owner, products and promotions."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from psycopg.types.range import TimestamptzRange

from accounts.models import User
from catalog.importing.apply import import_file
from catalog.importing.plan import Plan
from catalog.listings import in_batches, write_listings
from catalog.listings.reviews import Opinion, moderate, write_review
from catalog.markets import all_markets, default_market
from catalog.models import (
    Attribute,
    Category,
    Collection,
    CollectionEntry,
    Option,
    Page,
    Price,
    Product,
    ProductImage,
    Review,
    Store,
    StoreText,
    Swatch,
    Variant,
)
from catalog.money import to_minor
from catalog.page_versions import keep_first_versions, save_page, stored_content
from catalog.prices import prices_at, set_prices
from catalog.products.images import store_image
from catalog.rich_text import clean
from orders.delivery.closing_days import seed_public_holidays
from orders.models import Promotion, ShippingMethod, ShippingRate, ShippingZone, TaxRate, TaxRegion
from orders.promotions.coupons import make_code
from orders.starting_tax import add_starting_regions
from payments.models import OfflineMethod

DEMO = Path(__file__).resolve().parent
LEGAL = {"imprint", "terms", "privacy"}
ABOUT = {"about"}
DEMO_MARKET = "us"
LIVING_PLANTS = ("snake-plant",)


def is_seeded() -> bool:
    """Return whether the shop has a store record and products."""
    return Store.objects.exists() and Product.objects.exists()


@transaction.atomic
def seed_store(*, is_own_catalogue: bool) -> None:
    """Create store, swatches, pages, delivery and taxes. A shop with its own catalogue gets neutral texts."""
    contents = json.loads((DEMO / "shop.json").read_text())
    store = dict(contents["store"])
    hero = store.pop("hero")
    if is_own_catalogue:
        store = {
            "name": "Your shop",
            "tagline": "Everything in one place",
            "introduction": "Filled from your own product export.",
        }
    elif not Store.objects.exists():
        store["hero"] = default_storage.save("store/hero.webp", ContentFile((DEMO / hero).read_bytes()))
    Store.objects.get_or_create(pk=1, defaults=store)
    Swatch.objects.bulk_create(
        [Swatch(name=name, colour=colour) for name, colour in contents["swatches"].items()],
        ignore_conflicts=True,
    )
    _seed_pages(is_own_catalogue=is_own_catalogue)
    _seed_shipping(contents["shipping"])
    if not is_own_catalogue:
        _switch_on(contents["offline_methods"])
    for country in sorted(
        {settings.SHOP_COUNTRY, *(c for method in contents["shipping"] for c in method["countries"])}
    ):
        seed_public_holidays(country)
    if not TaxRate.objects.exists():
        always = TimestamptzRange(None, None)
        TaxRate.objects.bulk_create(TaxRate(country=c, percent=p, valid=always) for c, p in contents["tax"].items())
    add_starting_regions(settings.SHOP_COUNTRY, {*contents["tax"], "GB"})
    keep_first_versions()


def _seed_pages(*, is_own_catalogue: bool) -> None:
    """Create the demo's pages; a shop with its own catalogue gets the same pages with placeholder texts."""
    for page in json.loads((DEMO / "pages.json").read_text())["pages"]:
        title = page["handle"].capitalize() if is_own_catalogue else page["title"]
        body = "<p>This page is yours to write: in the admin, under Pages.</p>" if is_own_catalogue else page["body"]
        section = "legal" if page["handle"] in LEGAL else "about" if page["handle"] in ABOUT else "help"
        Page.objects.get_or_create(
            slug=page["handle"],
            defaults={"section": section, "title": title, "body": clean(body)},
        )


def _seed_shipping(methods: list[dict[str, Any]]) -> None:
    market = default_market()
    for position, method in enumerate(methods):
        free_from = method.get("free_from")
        row, is_new = ShippingMethod.objects.get_or_create(
            code=method["code"],
            defaults={
                "name": method["name"],
                "kind": method.get("kind", ShippingMethod.Kind.DELIVERY),
                "free_from_minor": to_minor(free_from, market.currency) if free_from else None,
                "pickup_address": method.get("address", ""),
                "days_min": method["days"][0],
                "days_max": method["days"][1],
                "position": position,
            },
        )
        zone, _ = ShippingZone.objects.get_or_create(name=method["zone"], defaults={"countries": method["countries"]})
        if is_new:
            ShippingRate.objects.create(method=row, zone=zone, price_minor=to_minor(method["price"], market.currency))


def _switch_on(methods: dict[str, dict[str, Any]]) -> None:
    """Offer these offline payment methods in the default market. Keep those that staff changed."""
    for code, texts in methods.items():
        untouched = OfflineMethod.objects.filter(code=code, is_on=False, instructions="")
        untouched.update(is_on=True, markets=[default_market().code], **texts)


def seed_owner(email: str, password: str) -> None:
    """Create the owner's account, or set its password."""
    owner = User.objects.filter(email=email).first() or User.objects.create_superuser(
        email, password, name="Hanna Lind"
    )
    if not owner.has_usable_password() or not owner.check_password(password):
        owner.set_password(password)
        owner.save()
    EmailAddress.objects.get_or_create(user=owner, email=email, defaults={"verified": True, "primary": True})


def seed_catalogue(file: Path | None, on_progress: Callable[[int, int], None] | None = None) -> Plan:
    """Import the demo's catalogue or another file, and return the importer's report."""
    report = import_file(file or DEMO / "hearthside.csv", on_progress=on_progress)
    if file is None:
        _seed_facets_collections_reviews()
        _seed_dispatch_rules()
        _set_positions()
    return report


@transaction.atomic
def _seed_facets_collections_reviews() -> None:
    facets = [
        ("Colour", "colour", ["Glaze", "Colour", "Colours", "Glass", "Pot", "Finish", "Base"]),
        ("Wood", "wood", ["Wood"]),
        ("Size", "size", ["Size"]),
    ]
    for position, (name, code, options) in enumerate(facets):
        defaults = {"name": name, "kind": "choice", "option_names": options, "position": position}
        Attribute.objects.get_or_create(code=code, defaults=defaults)
    for position, entry in enumerate(json.loads((DEMO / "collections.json").read_text())["collections"]):
        if entry["handle"] != "sale":  # the shop has a separate page for the sale
            _seed_collection(entry, position)
    for review in json.loads((DEMO / "reviews.json").read_text())["reviews"]:
        product = Product.objects.get(handle=review["product"])
        opinion = Opinion(review["rating"], review["author"], review["title"], review["text"])
        written = datetime.fromisoformat(review["date"]).replace(tzinfo=UTC)
        write_review(product, opinion, written_at=written)
    moderate(list(Review.objects.values_list("pk", flat=True)), Review.Status.PUBLISHED)


def _seed_collection(entry: dict[str, Any], position: int) -> None:
    rule = entry.get("rule", {})
    collection, _ = Collection.objects.get_or_create(
        slug=entry["handle"],
        defaults={
            "name": entry["title"],
            "description": entry["text"],
            "position": position,
            "kind": Collection.Kind.RULE if rule else Collection.Kind.MANUAL,
            "rule_tag": rule.get("equals", "") if rule.get("field") == "tag" else "",
            "rule_below_minor": to_minor(rule["below"], default_market().currency) if "below" in rule else None,
        },
    )
    products = {product.handle: product for product in Product.objects.filter(handle__in=entry.get("handles", []))}
    CollectionEntry.objects.bulk_create(
        [
            CollectionEntry(collection=collection, product=products[handle], position=n)
            for n, handle in enumerate(entry.get("handles", []))
            if handle in products
        ],
        ignore_conflicts=True,
    )


def _seed_dispatch_rules() -> None:
    """Let living plants be dispatched on Mondays and Tuesdays only, and not be returnable."""
    Product.objects.filter(handle__in=LIVING_PLANTS).update(dispatch_days=[0, 1], is_returnable=False)


@transaction.atomic
def _set_positions() -> None:
    """Sort the demo's products as in its file, bestsellers first."""
    products = list(Product.objects.order_by("pk"))
    for position, product in enumerate(products):
        product.position = position + (0 if "bestseller" in product.tags else 1000)
    Product.objects.bulk_update(products, ["position"])
    write_listings(Product.objects.all())


def dollars(euro_cents: int) -> int:
    """Return the demo's American price in cents: 10 % more, rounded up to whole dollars."""
    return -(-euro_cents * 11 // 1000) * 100


def seed_demo_market() -> int:
    """Create prices of the demo's American market from the euro prices; return how many variants got one.

    Do nothing if the market is missing, has another currency or has prices already.
    """
    market = all_markets().get(DEMO_MARKET)
    has_demo_currencies = market and (market.currency, default_market().currency) == ("USD", "EUR")
    if not market or not has_demo_currencies or Price.objects.filter(market=market.code).exists():
        return 0
    _seed_american_delivery()
    _seed_american_texts()
    return sum(_price_in_dollars(products) for products in in_batches(Product.objects.all()))


def _seed_american_texts() -> None:
    """Create American versions of the demo's announcement and help pages."""
    store = Store.objects.filter(name="Hearthside").first()
    if not store:
        return
    StoreText.objects.get_or_create(
        store=store, market=DEMO_MARKET, defaults={"announcement": "Free shipping in the United States from $250"}
    )
    for text in json.loads((DEMO / "pages.json").read_text())["american_pages"]:
        page = Page.objects.filter(slug=text["handle"]).first()
        if page and not page.texts.filter(market=DEMO_MARKET).exists():
            content = stored_content(page, timezone.now())
            american = {"title": text["title"], "body": clean(text["body"])}
            save_page(page, replace(content, texts={**content.texts, DEMO_MARKET: american}))


def _seed_american_delivery() -> None:
    """Create delivery to the United States, and the sales tax of New York, where the demo's seller has a branch."""
    seed_public_holidays("US")
    method, is_new = ShippingMethod.objects.get_or_create(
        code="us-tracked",
        defaults={
            "name": "Tracked delivery",
            "market": DEMO_MARKET,
            "free_from_minor": 25000,
            "days_min": 5,
            "days_max": 9,
        },
    )
    if is_new:
        zone, _ = ShippingZone.objects.get_or_create(name="United States", defaults={"countries": ["US"]})
        steps = [(0, 1900), (3000, 2900), (8000, 4900)]
        ShippingRate.objects.bulk_create(
            ShippingRate(method=method, zone=zone, from_grams=grams, price_minor=price) for grams, price in steps
        )
        region = TaxRegion.objects.create(
            code="us-ny", country="US", name="New York", postcodes="10*, 11*, 12*, 13*, 14*"
        )
        always = TimestamptzRange(None, None)
        TaxRate.objects.create(country="US", region=region.code, percent="8.875", valid=always)


@transaction.atomic
def seed_demo_promotions() -> None:
    """Create a promotion without a code, one with a code, and a gift card to buy, unless there are promotions."""
    if Promotion.objects.exists():
        return
    candles = Promotion.objects.create(
        name="Three for two on light and scent",
        kind="buy_get",
        lane="product",
        percent=100,
        buy_quantity=2,
        get_quantity=1,
    )
    candles.categories.set(Category.objects.filter(slug__startswith="light"))
    welcome = Promotion.objects.create(
        name="Welcome",
        kind="percent",
        lane="order",
        percent=10,
        is_active=True,
        needs_code=True,
        minimum_minor=2000,
        is_first_order_only=True,
    )
    make_code(welcome, "WELCOME10")
    card, is_new = Product.objects.get_or_create(
        handle="gift-card",
        defaults={
            "slug": "gift-card",
            "title": "Gift card",
            "status": Product.Status.ACTIVE,
            "position": 5000,
            "description": "<p>For people with taste, and for when you are late. It pays for everything here, bit by bit.</p>",
        },
    )
    if is_new:
        Option.objects.create(product=card, position=1, name="Value")
        picture = ProductImage(product=card, alt="A gift card")
        store_image(picture, (DEMO / "photos/gift-card.webp").read_bytes())
        picture.save()
        Store.objects.filter(gift_card=None).update(gift_card=card)
        flags = {"is_tracked": False, "needs_shipping": False, "is_taxable": False, "is_gift_card": True}
        worths = [2500, 5000, 10000]
        variants = [
            Variant.objects.create(
                product=card, position=n, option1=str(worth // 100), sku=f"GIFT-{worth // 100}", **flags
            )
            for n, worth in enumerate(worths, start=1)
        ]
        prices = {variant.pk: (worth, None, None) for variant, worth in zip(variants, worths, strict=True)}
        set_prices(prices, default_market())
        write_listings(Product.objects.filter(pk=card.pk))


@transaction.atomic
def _price_in_dollars(products: QuerySet[Product]) -> int:
    market = all_markets()[DEMO_MARKET]
    prices = prices_at(Variant.objects.filter(product__in=products).values_list("pk", flat=True), default_market())
    gift_cards = set(Variant.objects.filter(product__in=products, is_gift_card=True).values_list("pk", flat=True))
    dollar_prices = {
        pk: (price.regular_minor, None, None)
        if pk in gift_cards
        else (dollars(price.regular_minor), dollars(price.amount_minor) if price.is_on_sale else None, None)
        for pk, price in prices.items()
    }
    set_prices(dollar_prices, market)
    write_listings(products)
    return len(dollar_prices)
