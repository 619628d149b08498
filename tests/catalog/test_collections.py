"""Manual and rule collections, and products bought together."""

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.listings import write_listings
from catalog.listings.browse import related_listings
from catalog.listings.popularity import record_pairs, record_sales
from catalog.markets import default_market
from catalog.models import (
    BoughtTogether,
    Collection,
    CollectionEntry,
    Listing,
    Product,
    RelatedProduct,
)
from catalog.prices import set_price
from catalog.products.categories import create_category
from orders.lifecycle import confirm
from orders.models import Order
from orders.statistics import refresh_sales
from tests.factories import make_order, make_variant, shelve

pytestmark = pytest.mark.django_db


def collected(client, **fields) -> list[str]:
    Collection.objects.all().delete()
    Collection.objects.create(name="Some", slug="some", kind="rule", **fields)
    return sorted(card.title for card in client.get("/collections/some/").context["page"].cards)


def test_a_rule_collection_contains_the_products_that_match_now(client):
    home = create_category("Home")
    chairs = create_category("Chairs", home)
    shelve(chairs, "Cheap", price_minor=1000, vendor="Alma", tags=["gift"])
    shelve(home, "Dear", price_minor=5000, vendor="Brook", tags=["gift", "new"])
    sale = shelve(home, "Reduced", price_minor=3000, vendor="Alma")
    set_price(sale.variants.get().pk, default_market(), regular_minor=3000, sale_minor=2000)
    write_listings(Product.objects.filter(pk=sale.pk))
    assert collected(client) == ["Cheap", "Dear", "Reduced"]
    assert collected(client, rule_tag="gift") == ["Cheap", "Dear"]
    assert collected(client, rule_category=chairs) == ["Cheap"]
    assert collected(client, rule_category=home) == ["Cheap", "Dear", "Reduced"]
    assert collected(client, rule_vendor="Alma") == ["Cheap", "Reduced"]
    assert collected(client, rule_min_minor=2000) == ["Dear", "Reduced"]
    assert collected(client, rule_below_minor=2000) == ["Cheap"]
    assert collected(client, rule_on_sale=True) == ["Reduced"]
    assert collected(client, rule_vendor="Alma", rule_tag="gift") == ["Cheap"]


def test_a_collection_by_hand_stands_in_its_order_until_it_is_sorted(client):
    products = [make_variant(price, title=f"Thing {price}").product for price in (3000, 1000, 2000)]
    collection = Collection.objects.create(name="Hand", slug="hand")
    for position, product in enumerate(products):
        CollectionEntry.objects.create(collection=collection, product=product, position=position)
    make_variant(title="Other")

    def shown(query: str = "") -> list[int]:
        return [card.price_minor for card in client.get(f"/collections/hand/{query}").context["page"].cards]

    assert shown() == [3000, 1000, 2000]
    assert shown("?sort=price-up") == [1000, 2000, 3000]
    Collection.objects.update(is_active=False)
    assert client.get("/collections/hand/").status_code == 404


def test_neighbours_are_chosen_ones_then_bought_together_then_of_the_category():
    category = create_category("Chairs")
    main, first, second, often, seldom, same = (shelve(category, f"P{n}", position=n) for n in range(6))
    other = make_variant(title="Elsewhere").product
    sold_out = make_variant(on_hand=0, title="Gone").product
    for position, related in enumerate((second, sold_out, first)):
        RelatedProduct.objects.create(product=main, related=related, position=position)
    record_pairs({(main.pk, often.pk): 5, (main.pk, seldom.pk): 2})
    cards = related_listings(main, default_market(), 6)
    assert [card.title for card in cards] == ["P2", "P1", "P3", "P4", "P5"]
    assert [card.title for card in related_listings(main, default_market(), 2)] == ["P2", "P1"]
    assert related_listings(other, default_market()) == []
    assert same.pk in [card.product_id for card in cards]


def test_recent_sales_count_confirmed_orders_only():
    mug, jug, bowl = (make_variant(title=title) for title in ("Mug", "Jug", "Bowl"))
    orders = [make_order(mug, jug, quantity=2), make_order(mug, jug), make_order(bowl, jug)]
    assert refresh_sales() == 0
    for order in orders:
        confirm(Order.objects.get(pk=order.pk))
    Order.objects.filter(pk=orders[2].pk).update(confirmed_at=timezone.now() - timedelta(days=31))
    make_order(bowl)
    assert refresh_sales() == 2
    assert dict(Listing.objects.values_list("title", "sales")) == {"Mug": 3, "Jug": 3, "Bowl": 0}
    pairs = BoughtTogether.objects.values_list("product__title", "other__title", "orders")
    assert sorted(pairs) == [("Jug", "Mug", 2), ("Mug", "Jug", 2)]
    assert refresh_sales() == 0
    assert record_sales({}) == 2
    assert set(Listing.objects.values_list("sales", flat=True)) == {0}
