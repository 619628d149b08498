"""The page of one product: what stands beside its form, and what one save does."""

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from catalog.listings import write_listings
from catalog.models import Product, ProductImage, PurchaseOrder, Variant
from catalog.prices import set_price
from catalog.products.completeness import completeness
from tests.catalog.product_pages import price_of, save
from tests.catalog.test_admin import a_picture
from tests.factories import make_location, make_variant, stock_of
from tests.reading import errors_of, find, find_all, form_of, links_of, messages_of, rows_of, text_of

pytestmark = pytest.mark.django_db


def page_of(client, product):
    return client.get(f"/admin/catalog/product/{product.pk}/change/")


def test_the_head_of_the_page_says_how_the_product_stands(client, staff):
    variant = make_variant(2400, on_hand=3)
    head = find(page_of(client, variant.product), "div", class_="head").text
    assert f"{variant.product.title} Active {variant.sku} · No category · €24.00 · 3 left" in head


def test_the_page_has_one_main_button(client, staff):
    page = page_of(client, make_variant().product)
    assert [button.text for button in find_all(page, class_="main")] == ["Save"]


def test_what_is_missing_links_to_the_section_where_it_is_entered(client, staff):
    page = page_of(client, make_variant().product)
    card = find(page, "section", aria_labelledby="complete-heading")
    links = links_of(card)
    assert links["#organisation"] == "a category"
    assert links["#search-engines"] == "a description for search engines"
    ids = {element.attributes["id"] for element in find_all(page, id=True)}
    assert {url.removeprefix("#") for url in links} <= ids


def test_stock_is_shown_by_location_with_its_sum(client, staff):
    variant = make_variant(on_hand=3)
    other = make_location("shop", 20)
    variant.stock.create(location=other, on_hand=4, reserved=1)
    table = find(page_of(client, variant.product), "section", aria_labelledby="stock-heading")
    assert rows_of(table)[1:] == [
        ["main", "3", "0", "3", "–"],
        ["shop", "4", "1", "3", "–"],
        ["All", "7", "1", "6", "–"],
    ]


def test_the_stock_card_says_what_is_on_its_way_and_leads_to_receiving_and_correcting(client, staff):
    variant = make_variant(on_hand=3)
    stock = variant.stock.get()
    order = PurchaseOrder.objects.create(
        location=stock.location, supplier="Alma", currency="EUR", status="ordered", ordered_at=timezone.now()
    )
    order.lines.create(variant=variant, quantity=12, received=2)
    card = find(page_of(client, variant.product), "section", aria_labelledby="stock-heading")
    assert rows_of(card)[1] == ["main", "3", "0", "3", "10"]
    assert links_of(card) == {
        "/admin/catalog/stock/receive/": "Receive",
        f"/admin/catalog/stock/{stock.pk}/change/": "Correct",
    }


def test_markets_without_a_price_are_named_and_link_to_their_prices(client, staff, us_market):
    product = make_variant().product
    card = find(page_of(client, product), "section", aria_labelledby="markets-heading")
    assert f"{us_market.name} No price" in card.text
    assert f"/admin/catalog/product/{product.pk}/prices/{us_market.code}/" in links_of(card)
    set_price(product.variants.get().pk, us_market, regular_minor=2900)
    assert f"{us_market.name} Priced" in text_of(page_of(client, product))


def test_the_search_result_is_shown_as_it_will_look(client, staff):
    product = make_variant().product
    Product.objects.update(seo_title="", description=f"<p>{'Round and blue. ' * 20}</p>")
    shown = find(page_of(client, product), "div", class_="serp").text
    assert f"› p › {product.slug} {product.title} Round and blue." in shown
    assert shown.endswith("…")


def test_pictures_are_added_by_saving_the_product_also_a_new_one(client, staff):
    files = [SimpleUploadedFile(f"{n}.jpg", a_picture("JPEG"), "image/jpeg") for n in range(2)]
    form = form_of(client.get("/admin/catalog/product/add/"), id="product_form")
    answer = client.post(
        "/admin/catalog/product/add/",
        {**form, "title": "Mug", "slug": "mug", "handle": "mug", "pictures": files, "_continue": "1"},
    )
    product = Product.objects.get()
    assert answer.url == f"/admin/catalog/product/{product.pk}/change/"
    assert list(product.images.values_list("position", flat=True)) == [1, 2]
    save(client, product, pictures=SimpleUploadedFile("3.jpg", a_picture("JPEG"), "image/jpeg"))
    assert list(product.images.values_list("position", flat=True)) == [1, 2, 3]


def test_a_file_that_is_no_picture_is_named_and_nothing_is_saved(client, staff):
    product = make_variant().product
    text = SimpleUploadedFile("notes.jpg", b"no picture", "image/jpeg")
    _answer, errors = save(client, product, title="New", pictures=text)
    assert [error.partition(":")[0] for error in errors] == ["notes.jpg"]
    assert (Product.objects.get().title, ProductImage.objects.count()) == (product.title, 0)


def test_tax_class_gift_card_flag_and_picture_focus_are_in_the_history(client, staff):
    variant = make_variant()
    image = ProductImage.objects.create(product=variant.product, file="products/a.jpg", width=10, height=10, alt="A")
    url = f"/admin/catalog/variant/{variant.pk}/change/"
    form = form_of(client.get(url), id="variant_form")
    client.post(url, {**form, "tax_class": "reduced", "is_gift_card": "on"})
    url = f"/admin/catalog/product/{variant.product_id}/pictures/"
    client.post(url, {**form_of(client.get(url), id="pictures-form"), "form-0-focus_x": "20"})
    differences = [row for change in variant.product.changes.order_by("pk") for row in change.differences]
    name = "(the only one)"
    assert [f"variant {name}: tax class", "standard", "reduced"] in differences
    assert [f"variant {name}: is gift card", False, True] in differences
    assert [row[1:] for row in differences if row[0].endswith("focus x")] == [[50, 20]]
    assert image.alt == "A"


def test_a_product_that_is_only_viewed_has_no_buttons_to_save(client, staff):
    product = make_variant().product
    write_listings(Product.objects.all())
    staff.is_superuser = False
    staff.save()
    staff.user_permissions.set(Permission.objects.filter(codename__in=["view_product", "view_variant"]))
    page = page_of(client, product)
    assert (page.status_code, find_all(page, "button", name="_continue")) == (200, [])
    assert errors_of(page) == messages_of(page) == []


def test_a_new_product_is_made_with_its_only_variant_in_one_save(client, staff):
    form = form_of(client.get("/admin/catalog/product/add/"), id="product_form")
    named = {**form, "title": "Mug", "slug": "mug", "handle": "mug", "status": "active"}
    client.post("/admin/catalog/product/add/", {**named, "variants-0-price": "24", "variants-0-on_hand": "5"})
    row = find(client.get("/admin/catalog/product/"), "table", id="result_list")
    assert rows_of(row)[1][2:5] == ["Active", "€24.00", "5 left"]


def test_a_new_product_without_a_variant_gets_none(client, staff):
    form = form_of(client.get("/admin/catalog/product/add/"), id="product_form")
    client.post("/admin/catalog/product/add/", {**form, "title": "Mug", "slug": "mug", "handle": "mug"})
    assert Product.objects.get().variants.count() == 0


def add(client, **fields):
    """Send the page for a new product as it comes, with these fields."""
    form = form_of(client.get("/admin/catalog/product/add/"), id="product_form")
    return client.post("/admin/catalog/product/add/", {**form, **fields})


def test_a_new_product_needs_only_a_title_also_if_another_has_the_same(client, staff):
    for typed in ({}, {"slug": "mug", "handle": "mug"}, {"slug": "", "handle": ""}):
        assert add(client, title="Mug", **typed).status_code == 302
    rows = Product.objects.order_by("pk").values_list("slug", "handle")
    assert list(rows) == [("mug", "mug"), ("mug-2", "mug-2"), ("mug-3", "mug-3")]
    answer = add(client, title="Cup", slug="mug")
    assert errors_of(answer) == ["Product with this Slug already exists."]


def test_a_sku_that_another_variant_has_is_saved_with_a_warning(client, staff):
    make_variant(2400, title="Jug", sku="A-1")
    answer = add(client, title="Mug", **{"variants-0-sku": "A-1", "variants-0-price": "9"})
    sentence = "The SKU A-1 is used more than once: Jug, Mug."
    assert messages_of(client.get(answer.url))[0] == sentence


def test_the_fields_of_a_variant_are_named_like_their_columns(client, staff):
    variant = make_variant(2400, option1="S")
    page = page_of(client, variant.product)
    names = {
        field: find(page, "input", name=f"variants-0-{field}").attributes["aria-label"]
        for field in ("sku", "price", "on_hand", "grams")
    }
    assert names == {"sku": "SKU", "price": "Price", "on_hand": "On hand", "grams": "Weight (g)"}


def test_variants_that_are_no_longer_sold_come_last(client, staff):
    variant = make_variant(2400, sku="OLD", is_active=False)
    Variant.objects.create(product=variant.product, option1="S", sku="NEW", position=2)
    form = form_of(page_of(client, variant.product), id="product_form")
    assert (form["variants-0-sku"], form["variants-1-sku"]) == ("NEW", "OLD")


def test_saving_an_unchanged_page_says_that_nothing_was_changed(client, staff):
    variant = make_variant(2400, on_hand=3)
    answer, _errors = save(client, variant.product)
    assert messages_of(client.get(answer.url)) == ["Nothing was changed."]
    answer, _errors = save(client, variant.product, title="Jug")
    assert messages_of(client.get(answer.url)) == ["The product “Jug” was changed successfully."]


def test_texts_of_pictures_are_not_missing_where_there_are_no_pictures(client, staff):
    product = make_variant().product
    assert "a text for every picture" not in completeness(product).missing
    ProductImage.objects.create(product=product, file="products/a.jpg", width=10, height=10)
    assert "a text for every picture" in completeness(Product.objects.get()).missing


def test_the_page_of_a_variant_offers_no_pictures_of_other_products(client, staff):
    page = client.get(f"/admin/catalog/variant/{make_variant().pk}/change/")
    assert find_all(page, "select", name="image") == []


def test_no_icon_beside_a_field_changes_or_deletes_the_object_that_it_chooses(client, staff):
    page = page_of(client, make_variant().product)
    assert find_all(page, class_="related-widget-wrapper-link") == []
    assert find(page, "select", name="category")


def test_a_new_product_gets_its_options_and_variants_in_the_first_save(client, staff):
    options = {"option1": "Size", "values1": "S, M, L", "option2": "Colour", "values2": "Sand, Ink"}
    row = {"sku": "MUG", "price": "24", "on_hand": "5", "grams": "300"}
    add(client, title="Mug", **options, **{f"variants-0-{name}": value for name, value in row.items()})
    product = Product.objects.get()
    made = list(product.variants.order_by("position"))
    assert [option.name for option in product.options.all()] == ["Size", "Colour"]
    assert [(v.title, v.sku, v.grams, price_of(v), stock_of(v)) for v in made[:2]] == [
        ("S · Sand", "MUG-S-SAND", 300, 2400, (5, 0)),
        ("S · Ink", "MUG-S-INK", 300, 2400, (5, 0)),
    ]
    assert (len(made), product.changes.count()) == (6, 1)


def test_options_of_a_new_product_without_values_are_refused_and_kept(client, staff):
    answer = add(client, title="Mug", option1="Size")
    assert errors_of(answer) == ["An option needs a name and at least one value."]
    assert (form_of(answer, id="product_form")["option1"], Product.objects.count()) == ("Size", 0)


def test_the_rows_of_variants_have_six_fields_and_lead_to_their_own_pages(client, staff):
    variant = make_variant(2400, option1="S")
    variant.product.options.create(position=1, name="Size")
    section = find(page_of(client, variant.product), "section", id="variants")
    form = form_of(page_of(client, variant.product), id="product_form")
    names = [name.removeprefix("variants-0-") for name in form if name.startswith("variants-0-")]
    assert sorted(set(names) - {"id", "product", "shown_values"}) == [
        *("grams", "is_active", "on_hand", "price", "sale_price", "sku")
    ]
    assert links_of(section)[f"/admin/catalog/variant/{variant.pk}/change/"] == "S"


def test_the_page_of_a_variant_changes_its_option_values_and_its_barcode(client, staff):
    variant = make_variant(2400, option1="S")
    variant.product.options.create(position=1, name="Size")
    url = f"/admin/catalog/variant/{variant.pk}/change/"
    form = form_of(client.get(url), id="variant_form")
    client.post(url, {**form, "option1": "Small", "barcode": "4006381333931"})
    assert Variant.objects.values_list("option1", "barcode").get() == ("Small", "4006381333931")
    answer = client.post(url, {**form, "barcode": "4006381333932"})
    assert "The check digit of this barcode is wrong. Please check the barcode." in errors_of(answer)
    other = Variant.objects.create(product=variant.product, option1="Large")
    url = f"/admin/catalog/variant/{other.pk}/change/"
    answer = client.post(url, {**form_of(client.get(url), id="variant_form"), "option1": "Small"})
    assert "There is already a variant with this product" in text_of(answer)


def test_a_new_option_takes_the_first_free_place(client, staff):
    variant = make_variant(2400, option1="S")
    variant.product.options.create(position=1, name="Size")
    rows = {"options-TOTAL_FORMS": "2", "options-1-name": "Colour", "options-1-product": variant.product_id}
    assert save(client, variant.product, **rows)[1] == []
    assert list(variant.product.options.values_list("position", "name")) == [(1, "Size"), (2, "Colour")]
