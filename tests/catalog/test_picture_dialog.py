"""Staff edit one picture of a product on a page, which the product's page opens in a dialog."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from catalog.listings import write_listings
from catalog.models import Listing, Product, ProductImage, Variant
from catalog.products.document import image_source
from tests.factories import make_variant
from tests.reading import find_all, form_of, messages_of, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def pictures():
    """Three pictures of a product with the variants S and M."""
    variant = make_variant(2400, option1="S")
    Variant.objects.create(product=variant.product, option1="M")
    return [
        ProductImage.objects.create(
            product=variant.product, file=f"products/{n}.webp", width=10, height=10, position=n, alt=f"View {n}"
        )
        for n in (1, 2, 3)
    ]


def url_of(image) -> str:
    return f"/admin/catalog/product/{image.product_id}/pictures/{image.pk}/"


def save(client, image, **fields):
    """Send the form of the picture with these values changed, and return the answer."""
    page = client.get(url_of(image))
    form = form_of(page, action=url_of(image))
    return client.post(url_of(image), {**form, **fields})


def test_text_focus_place_and_variants_of_a_picture_are_saved_and_stand_in_the_history(client, staff, pictures):
    first, second, third = pictures
    medium = Variant.objects.get(option1="M")
    answer = save(client, third, alt="From above", focus_x="20", place="1", variants=[medium.pk])
    assert answer.url == f"/admin/catalog/product/{third.product_id}/change/#pictures"
    rows = ProductImage.objects.order_by("position").values_list("pk", "alt", "focus_x")
    assert list(rows) == [(third.pk, "From above", 20), (first.pk, "View 1", 50), (second.pk, "View 2", 50)]
    assert Variant.objects.exclude(image=None).get() == medium
    assert Listing.objects.filter(is_past=False, image__name="products/3.webp").exists()
    labels = [label for label, *_values in third.product.changes.get().differences]
    assert {"variant M: image", "picture 3.webp: alt", "picture 3.webp: position"} <= set(labels)
    save(client, third, variants=[])
    assert Variant.objects.filter(image=None).count() == 2


def test_a_deleted_picture_is_no_longer_that_of_its_variants(client, staff, pictures):
    Variant.objects.filter(option1="M").update(image=pictures[0])
    assert "It is shown first for 1 variant." in text_of(client.get(url_of(pictures[0])))
    answer = client.post(url_of(pictures[0]), {"delete": "1"})
    assert messages_of(client.get(answer.url)) == ["The picture was deleted."]
    assert (ProductImage.objects.count(), Variant.objects.exclude(image=None).count()) == (2, 0)


def test_a_picture_that_somebody_else_deleted_or_changed_is_not_overwritten(client, staff, pictures):
    first, second, _third = pictures
    shown = form_of(client.get(url_of(first)), action=url_of(first))
    ProductImage.objects.filter(pk=first.pk).update(alt="By a colleague")
    answer = client.post(url_of(first), {**shown, "alt": "By me"})
    assert (answer.status_code, form_of(answer, action=url_of(first))["alt"]) == (422, "By me")
    assert "changed to “By a colleague” while this page was open" in text_of(answer)
    assert client.post(url_of(first), {**shown, "focus_x": "10"}).status_code == 302
    first.refresh_from_db()
    assert (first.alt, first.focus_x) == ("By a colleague", 10)
    second_url = url_of(second)
    second.delete()
    answer = client.post(second_url, {"alt": "x"})
    assert messages_of(client.get(answer.url))[-1] == "Somebody else has deleted this picture. Nothing was saved."


def test_another_file_that_is_no_picture_is_refused_and_what_was_typed_stays(client, staff, pictures):
    file = SimpleUploadedFile("notes.jpg", b"text", "image/jpeg")
    answer = save(client, pictures[0], alt="New", replace=file)
    assert (answer.status_code, "The file is not a JPEG, PNG or WebP picture." in text_of(answer)) == (422, True)
    assert form_of(answer, action=url_of(pictures[0]))["alt"] == "New"
    assert ProductImage.objects.get(pk=pictures[0].pk).file.name == "products/1.webp"


def test_the_products_page_leads_to_each_picture_if_it_may_be_changed(client, staff, pictures):
    write_listings(Product.objects.all())
    page = client.get(f"/admin/catalog/product/{pictures[0].product_id}/change/")
    links = [link.attributes["href"] for link in find_all(page, "a") if "data-opens" in link.attributes]
    assert links == [url_of(image) for image in pictures]
    assert image_source(pictures[0]).endswith("products/1.webp")
    other = make_variant(1000).product
    assert client.get(f"/admin/catalog/product/{other.pk}/pictures/{pictures[0].pk}/").status_code == 404
