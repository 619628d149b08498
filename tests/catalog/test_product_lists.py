"""Staff find products: the list, its filters and its search, and the lists beside it."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.utils import timezone
from psycopg.types.range import TimestamptzRange

from catalog.listings import write_listings
from catalog.models import Attribute, AttributeValue, Price, Product, ProductImage, ProductType, Variant
from catalog.products import worklists
from catalog.products.completeness import completeness
from tests.factories import make_variant
from tests.reading import find, find_all, messages_of, rows_of, text_of

pytestmark = pytest.mark.django_db


def test_the_product_list_costs_twelve_queries_for_any_number_of_products(client, staff, django_assert_max_num_queries):
    staff.is_superuser = False
    staff.save()
    staff.groups.set(Group.objects.filter(name="Catalogue"))
    for _ in range(15):
        make_variant()
    Product.objects.update(type=ProductType.objects.create(name="Mug"))
    Product.objects.filter(pk=make_variant().product_id).update(status="draft")
    write_listings(Product.objects.all())
    with django_assert_max_num_queries(12):
        assert len(client.get("/admin/catalog/product/").context["cl"].rows) == 16


@pytest.mark.parametrize(
    "query",
    [
        "sort=newest",
        "sort=sales",
        "sort=nothing",
        "status__exact=active&stock=out",
        "category=-",
        "category=tableware",
        "stock=in",
        "stock=low",
        "missing=picture",
        "missing=alt",
        "missing=price",
        "maker=Alma",
        "price=10-30",
        "price=x",
        "price=-5",
        "q=thing",
        "status__exact=withdrawn",
        "category=nothing",
        "missing=zzz",
    ],
)
def test_every_filter_of_the_product_list_opens(client, staff, query):
    make_variant(2400)
    assert client.get(f"/admin/catalog/product/?{query}").status_code == 200


def test_each_filter_finds_the_products_that_its_label_names(client, staff):
    cheap, dear = make_variant(1000, on_hand=0), make_variant(5000, on_hand=50)

    def found(query: str) -> list[int]:
        return [product.pk for product in client.get(f"/admin/catalog/product/?{query}").context["cl"].result_list]

    assert found("price=20-60") == [dear.product_id]
    assert found("stock=out") == [cheap.product_id]
    assert found(f"q={dear.sku}") == [dear.product_id]
    assert sorted(found("missing=picture")) == sorted([cheap.product_id, dear.product_id])


def test_the_list_of_what_is_missing_follows_every_change(client, staff):
    lamp, table = make_variant(title="Lamp"), make_variant(title="Table")

    def missing(what: str) -> list[str]:
        products = Product.objects.filter(pk__in=[lamp.product_id, table.product_id])
        write_listings(products)
        page = client.get(f"/admin/catalog/product/?missing={what}")
        return [product.title for product in page.context["cl"].result_list]

    ProductImage.objects.create(product=lamp.product, alt="A lamp")
    ProductImage.objects.create(product=table.product)
    assert (missing("picture"), missing("alt")) == ([], ["Table"])
    ProductImage.objects.filter(product=table.product).delete()
    assert (missing("picture"), missing("alt")) == (["Table"], [])
    Price.objects.filter(variant=lamp).delete()
    assert (missing("price"), missing("current-price")) == (["Lamp"], ["Lamp"])
    Variant.objects.filter(pk=lamp.pk).update(is_active=False)
    assert (missing("for-sale"), missing("current-price")) == (["Lamp"], [])
    Product.objects.filter(pk=table.product_id).update(description="Oak.", maker_details="Alma, Porto")
    assert (missing("description"), missing("maker")) == (["Lamp"], ["Lamp"])


def test_a_product_lacks_a_price_from_the_moment_at_which_its_last_one_ends(client, staff):
    variant = make_variant()
    begins, ends = timezone.now() - timedelta(days=1), timezone.now() + timedelta(days=1)
    Price.objects.filter(variant=variant).update(valid=TimestamptzRange(begins, ends))
    write_listings(Product.objects.filter(pk=variant.product_id))
    counts = [worklists.without_price().count()]
    with time_machine.travel(ends + timedelta(seconds=1), tick=False):
        counts.append(worklists.without_price().count())
    assert counts == [0, 1]


@pytest.mark.parametrize(
    "model", ["attribute", "producttype", "collection", "synonym", "review", "run", "transfer", "stocktake", "variant"]
)
def test_every_other_list_opens(client, staff, model):
    make_variant()
    assert client.get(f"/admin/catalog/{model}/").status_code == 200
    if model in ("attribute", "producttype", "collection", "synonym"):
        assert client.get(f"/admin/catalog/{model}/add/").status_code == 200


def test_staff_find_products_by_parts_of_codes_and_without_accents(client, staff):
    mug = make_variant(title="Tasse Größe 42", barcode="4006381333931")
    Variant.objects.filter(pk=mug.pk).update(sku="NOR.0707-60")
    make_variant(title="Plate")
    write_listings(Product.objects.all())
    searches = ["grosse", "tasse größe", "0707-60", "nor070760", "4 006381 333931", "TASSE"]
    results = {
        words: client.get("/admin/catalog/product/", {"q": words}).context["cl"].result_list for words in searches
    }
    assert {words: [product.pk for product in found] for words, found in results.items()} == dict.fromkeys(
        searches, [mug.product_id]
    )


def test_a_row_of_the_product_list_says_what_staff_look_for(client, staff):
    variant = make_variant(2400, on_hand=3, title="Alma mug")
    Variant.objects.filter(pk=variant.pk).update(sku="ALM-1")
    Product.objects.filter(pk=variant.product_id).update(sales=118, description="<p>Round</p>")
    write_listings(Product.objects.all())
    page = client.get("/admin/catalog/product/")
    row = rows_of(find(page, "table", id="result_list"))[1]
    assert row[1:] == [
        *("Alma mug ALM-1 · No category", "Active", "€24.00", "3 left", "118"),
        "a picture and 4 more",
    ]


def test_a_draft_shows_its_price_and_that_its_stock_is_not_counted(client, staff):
    variant = make_variant(2400, is_tracked=False)
    Product.objects.update(status="draft")
    write_listings(Product.objects.all())
    row = rows_of(find(client.get("/admin/catalog/product/"), "table", id="result_list"))[1]
    assert row[2:5] == ["Draft", "€24.00", "Not counted"]
    assert variant.product.listings.count() == 0


def test_tabs_of_the_product_list_count_what_they_show(client, staff):
    make_variant(on_hand=0)
    make_variant(on_hand=5)
    Product.objects.filter(pk=make_variant().product_id).update(status="draft")
    write_listings(Product.objects.all())
    page = client.get("/admin/catalog/product/")
    tabs = find(page, "nav", aria_label="Product lists")
    assert [link.text for link in find_all(tabs, "a")] == [
        *("All 3", "Active 2", "Draft 1", "Archived", "Sold out 1"),
    ]
    shown = client.get("/admin/catalog/product/?status__exact=active&stock=out")
    assert len(shown.context["cl"].result_list) == 1
    assert find(find(shown, "nav", aria_label="Product lists"), "a", aria_current="page").text == "Sold out 1"


def test_a_chosen_filter_is_shown_and_can_be_removed(client, staff):
    make_variant()
    page = client.get("/admin/catalog/product/?missing=picture&q=thing&p=1")
    chip = find(page, "a", aria_label="Remove the filter What is missing: no picture")
    assert chip.attributes["href"] == "?q=thing"


def test_the_bulk_bar_opens_the_bulk_edit_of_the_ticked_products(client, staff):
    ids = [make_variant().product_id for _ in range(2)]
    answer = client.post("/admin/catalog/product/", {"_selected_action": ids, "action": "bulk_edit", "index": "0"})
    assert answer.url == f"/admin/catalog/product/bulk/?ids={ids[0]},{ids[1]}"
    answer = client.post("/admin/catalog/product/", {"action": "bulk_edit", "index": "0"})
    assert "Items must be selected" in messages_of(client.get(answer.url))[0]


def test_staff_find_drafts_without_typing_accents(client, staff):
    variant = make_variant(title="Schüssel")
    Product.objects.update(status="draft")
    write_listings(Product.objects.all())
    assert [product.pk for product in client.get("/admin/catalog/product/?q=schussel").context["cl"].result_list] == [
        variant.product_id
    ]


def test_an_empty_product_list_says_how_to_begin(client, staff):
    assert "Add the first one by hand, or import a file" in text_of(client.get("/admin/catalog/product/"))
    make_variant()
    assert "No product matches" in text_of(client.get("/admin/catalog/product/?q=zzz"))


def test_attributes_that_a_type_requires_count_towards_completeness(db):
    material, width = (
        Attribute.objects.create(code=c, name=c.title(), is_required=True) for c in ("material", "width")
    )
    kind = ProductType.objects.create(name="Shelf")
    kind.attributes.set([material, width, Attribute.objects.create(code="note", name="Note")])
    product = make_variant().product
    Product.objects.update(type=kind)
    product.refresh_from_db()
    product.attribute_values.add(AttributeValue.objects.create(attribute=width, slug="40", label="40", number=40))
    facts = [(part.label, part.is_there) for part in completeness(product).parts if part.section == "facts"]
    assert facts == [("Material", False), ("Width", True)]
