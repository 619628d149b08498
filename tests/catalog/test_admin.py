"""Staff change products through the same verbs."""

import io
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from accounts.models import User
from catalog.inventory import receive
from catalog.markets import default_market
from catalog.models import Category, Listing, Page, Product, ProductImage, StockMovement, Variant
from catalog.prices import prices_at, set_prices
from catalog.products.categories import create_category, ensure_category
from shop.operations.audit import run_audit
from tests.catalog.product_pages import save
from tests.factories import make_location, make_user, make_variant, shelve, stock_of
from tests.reading import form_of, text_of

pytestmark = pytest.mark.django_db


def sales_of(variant) -> list[tuple[int, datetime | None]]:
    """(amount, end) of the sale that holds, if one does."""
    price = prices_at([variant.pk], default_market())[variant.pk]
    return [(price.amount_minor, price.ends_at)] if price.is_on_sale else []


def test_a_sale_that_gets_another_price_ends_when_it_was_to_end(client, staff):
    variant = make_variant(2400)
    ends = timezone.now() + timedelta(days=3)
    set_prices({variant.pk: (2400, 2000, ends)}, default_market())
    assert save(client, variant.product, **{"variants-0-sale_price": "19.00"})[1] == []
    assert sales_of(variant) == [(1900, ends)]


def test_a_sale_that_ended_while_the_page_was_open_stays_ended(client, staff):
    variant = make_variant(2400)
    set_prices({variant.pk: (2400, 2000, None)}, default_market())
    url = f"/admin/catalog/product/{variant.product_id}/change/"
    fields = form_of(client.get(url), id="product_form")
    set_prices({variant.pk: (2400, None, None)}, default_market())
    assert client.post(url, {**fields, "variants-0-price": "26.00"}).status_code == 302
    assert prices_at([variant.pk], default_market())[variant.pk].amount_minor == 2600
    assert sales_of(variant) == []


def test_price_stock_and_text_are_changed_in_one_form(client, staff):
    variant = make_variant(2400, on_hand=10)
    answer, errors = save(
        client,
        variant.product,
        **{
            "title": "New name",
            "description": "<h1>Hi</h1><script>x</script>",
            "variants-0-price": "26,50",
            "variants-0-sale_price": "20.00",
            "variants-0-on_hand": "7",
            "tags": "a, b",
        },
    )
    assert (answer.status_code, errors) == (302, [])
    product = Product.objects.get()
    assert (product.title, product.description, product.tags) == ("New name", "<h3>Hi</h3>", ["a", "b"])
    price = prices_at([variant.pk], default_market())[variant.pk]
    assert (price.amount_minor, price.regular_minor) == (2000, 2650)
    assert stock_of(variant) == (7, 0)
    movement = StockMovement.objects.filter(kind="adjusted").get()
    assert (movement.on_hand_change, movement.user, movement.reason) == (-3, staff, "edited in the admin")
    assert Listing.objects.get().title == "New name"
    assert run_audit() == []


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("variants-0-price", "cheap", "Enter an amount like 12.50."),
        ("variants-0-price", "-1", "An amount cannot be negative."),
        ("variants-0-sale_price", "99", "The sale price must be below the price."),
    ],
)
def test_invalid_values_are_refused_with_the_reason_and_change_nothing(client, staff, field, value, words):
    variant = make_variant(2400)
    answer, errors = save(client, variant.product, **{field: value})
    assert answer.status_code == 200
    assert words in errors
    assert prices_at([variant.pk], default_market())[variant.pk].amount_minor == 2400


def a_picture(kind: str = "PNG", size: tuple[int, int] = (400, 500)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size).save(buffer, kind)
    return buffer.getvalue()


def test_pictures_are_added_many_at_once_and_a_fake_one_keeps_nobody_out(client, staff):
    variant = make_variant()
    url = f"/admin/catalog/product/{variant.product_id}/pictures/"
    files = [
        SimpleUploadedFile("one.png", a_picture(), "image/png"),
        SimpleUploadedFile("fake.png", b"<html>", "image/png"),
        SimpleUploadedFile("two.jpg", a_picture("JPEG", (300, 300)), "image/jpeg"),
    ]
    answer = client.post(url, {"files": files}, follow=True)
    assert "“fake.png” was not added. The file is not a JPEG, PNG or WebP picture." in text_of(answer)
    assert list(ProductImage.objects.order_by("position").values_list("position", "width")) == [(1, 400), (2, 300)]
    assert Listing.objects.get(is_past=False).image["width"] == 400
    assert [row[0] for row in variant.product.changes.first().differences] != []


def test_pictures_are_ordered_described_focused_and_removed(client, staff):
    variant = make_variant()
    url = f"/admin/catalog/product/{variant.product_id}/pictures/"
    files = [SimpleUploadedFile(f"{n}.png", a_picture(), "image/png") for n in range(3)]
    client.post(url, {"files": files})
    first, second, third = ProductImage.objects.order_by("position")
    fields = {"form-TOTAL_FORMS": "3", "form-INITIAL_FORMS": "3"}
    for n, image in enumerate((first, second, third)):
        fields |= {f"form-{n}-id": image.pk, f"form-{n}-position": 3 - n, f"form-{n}-alt": f"Picture {n}"}
        fields |= {f"form-{n}-focus_x": 20, f"form-{n}-focus_y": 80}
    answer = client.post(url, {**fields, "form-0-remove": "on"})
    assert answer.status_code == 302
    left = list(ProductImage.objects.order_by("position").values_list("pk", "alt", "focus_x", "focus_y"))
    assert left == [(third.pk, "Picture 2", 20, 80), (second.pk, "Picture 1", 20, 80)]
    assert ProductImage(focus_x=20, focus_y=80).focus == "fx-2 fy-8"
    old_file = second.file.name
    replaced = {
        f"form-{n}-{name}": value
        for n, image in enumerate((third, second))
        for name, value in (("id", image.pk), ("position", n + 1), ("alt", "New"), ("focus_x", 50), ("focus_y", 50))
    }
    counts = {"form-TOTAL_FORMS": "2", "form-INITIAL_FORMS": "2"}
    other = SimpleUploadedFile("new.png", a_picture(size=(200, 200)), "image/png")
    client.post(url, {**counts, **replaced, "form-1-replace": other})
    second.refresh_from_db()
    assert (second.width, second.file.name != old_file, second.position) == (200, True, 2)


def test_the_product_list_is_found_by_sku_and_costs_few_queries(client, staff, django_assert_max_num_queries):
    for _ in range(12):
        make_variant()
    with django_assert_max_num_queries(12):
        page = client.get("/admin/catalog/product/")
    assert text_of(page).count("Thing ") == 12
    sku = Variant.objects.first().sku
    found = client.get(f"/admin/catalog/product/?q={sku}").context["cl"].rows
    assert [row.product.variants.get().sku for row in found] == [sku]


def test_categories_are_made_and_moved_through_the_tree(client, staff):
    home = create_category("Home")
    client.post("/admin/catalog/category/add/", {"name": "Mugs", "slug": "mugs", "position": "0", "parent": home.pk})
    mugs = Category.objects.get(slug="mugs")
    assert mugs.path == "home/mugs"
    client.post(
        f"/admin/catalog/category/{mugs.pk}/change/", {"name": "Cups", "slug": "cups", "position": "3", "parent": ""}
    )
    mugs.refresh_from_db()
    assert (mugs.name, mugs.path, mugs.position) == ("Cups", "cups", 3)
    answer = client.post(
        f"/admin/catalog/category/{home.pk}/change/", {"name": "Home", "slug": "cups", "position": "0", "parent": ""}
    )
    assert "slug already exists here" in text_of(answer)
    answer = client.post(
        f"/admin/catalog/category/{home.pk}/change/",
        {"name": "Home", "slug": "home", "position": "0", "parent": home.pk},
    )
    assert "cannot be moved below itself" in text_of(answer)


def test_pages_are_cleaned_when_saved(client, staff):
    url = "/admin/catalog/page/add/"
    fields = {"section": "help", "slug": "care", "title": "Care", "body": "<p onclick=x>Wash</p>", "version": ""}
    client.post(url, {**form_of(client.get(url), id="page_form"), **fields})
    assert Page.objects.get().body == "<p>Wash</p>"


def test_a_moved_and_renamed_category_stands_in_the_history_of_the_products_below_it(client, staff):
    home, kitchen = create_category("Home"), create_category("Kitchen")
    inside, outside = shelve(create_category("Mugs", home), "Mug"), shelve(kitchen, "Board")
    url = f"/admin/catalog/category/{home.pk}/change/"
    client.post(url, {**form_of(client.get(url), id="category_form"), "name": "House", "parent": kitchen.pk})
    change = inside.changes.get()
    assert change.differences == [["category", "Home > Mugs", "Kitchen > House > Mugs"]]
    assert (change.user, outside.changes.count()) == (staff, 0)
    client.post(url, {**form_of(client.get(url), id="category_form"), "position": "7"})
    assert inside.changes.count() == 1


@pytest.mark.parametrize("model", ["stock", "stockmovement", "price", "location", "swatch", "category", "page"])
def test_every_list_opens(client, staff, model):
    make_variant()
    assert client.get(f"/admin/catalog/{model}/").status_code == 200


def test_a_product_is_archived_not_deleted(client, staff):
    variant = make_variant()
    assert client.post(f"/admin/catalog/product/{variant.product_id}/delete/", {"post": "yes"}).status_code == 403


def test_the_catalogue_role_changes_products_and_sees_no_orders(client, staff):
    employee = make_user(is_staff=True)
    employee.groups.set(Group.objects.filter(name="Catalogue"))
    client.force_login(employee)
    assert client.get("/admin/catalog/product/").status_code == 200
    assert client.get("/admin/orders/order/").status_code == 403
    assert client.get("/admin/payments/payment/").status_code == 403


def test_an_old_page_does_not_put_sold_stock_back(client, staff):
    variant = make_variant(on_hand=10)
    url = f"/admin/catalog/product/{variant.product_id}/change/"
    old = form_of(client.get(url), id="product_form")
    receive(variant.pk, make_location(), 5)
    assert client.post(url, {**old, "title": "New name"}).status_code == 302
    assert stock_of(variant) == (15, 0)
    answer = client.post(url, {**old, "variants-0-on_hand": "8"})
    assert "On hand was changed to “15” while this page was open." in text_of(answer)
    assert stock_of(variant) == (15, 0)


def test_staff_are_added_in_the_admin(client, staff):
    page = client.get("/admin/accounts/user/add/")
    assert page.status_code == 200
    fields = {
        "email": "New@Example.com",
        "usable_password": "true",
        "password1": "a long new passphrase",
        "password2": "a long new passphrase",
    }
    assert client.post("/admin/accounts/user/add/", fields).status_code == 302
    assert User.objects.filter(email__iexact="new@example.com").count() == 1
    assert client.get("/admin/shop/mail/").status_code == 200


@pytest.mark.parametrize("model", ["payment", "refund", "journal", "stripeevent"])
def test_every_list_of_payments_opens(client, staff, model):
    assert client.get(f"/admin/payments/{model}/").status_code == 200


def test_a_category_is_called_by_its_name_and_by_where_it_is():
    mugs = ensure_category(["Table & kitchen", "Mugs"])
    assert [str(mugs), str(mugs.parent)] == ["Mugs (table-kitchen)", "Table & kitchen"]
