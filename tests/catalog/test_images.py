"""Pictures are taken by their content and lose their notes."""

import io

import pytest
from django.core.files.storage import default_storage
from PIL import Image

from catalog.errors import BadImage
from catalog.models import Listing, ProductImage
from catalog.products import images
from catalog.products.images import render_waiting, store_image, wanted_widths
from tests.factories import make_variant

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def picture(kind="JPEG", size=(1000, 1250), mode="RGB", **options) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size, "#b9714f").save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_kept_under_a_name_of_our_own(kind):
    image = ProductImage(product=make_variant().product)
    store_image(image, picture(kind))
    assert (image.width, image.height) == (1000, 1250)
    assert image.file.name.endswith(".webp")
    assert len(image.file.name) == len("products/") + 32 + len(".webp")


@pytest.mark.fault("F109")
def test_location_and_time_are_removed_from_pictures():
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    image = ProductImage(product=make_variant().product)
    store_image(image, picture("WEBP", exif=exif.tobytes()))
    with default_storage.open(image.file.name) as file:
        content = file.read()
    assert b"secret place" not in content
    assert Image.open(io.BytesIO(content)).getexif() == {}


@pytest.mark.fault("F109")
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a JPEG"),
        (b"GIF89a\x01\x00\x01\x00", "not a JPEG"),
        (picture()[:500], "not a JPEG"),
        (b"x" * (10 * 1024 * 1024 + 1), "larger than 10 MB"),
        (picture("PNG", (7000, 6000), "1"), "more than 40 million pixels"),
        (picture("PNG", (12000, 9000), "1"), "more than 40 million pixels"),
    ],
)
def test_an_upload_that_is_no_picture_or_too_large_is_refused(content, words):
    with pytest.raises(BadImage, match=words):
        store_image(ProductImage(product=make_variant().product), content)


def test_renditions_are_made_up_to_the_pictures_own_width():
    variant = make_variant()
    image = ProductImage(product=variant.product, alt="A mug")
    store_image(image, picture())
    image.save()
    assert render_waiting() == 1
    image.refresh_from_db()
    assert image.rendered_widths == [320, 480, 800]
    for width in image.rendered_widths:
        with default_storage.open(image.rendition_name(width)) as file:
            assert Image.open(file).size == (width, round(1250 * width / 1000))
    assert Listing.objects.get().image["widths"] == [320, 480, 800]
    assert render_waiting() == 0


def test_a_run_that_is_stopped_leaves_no_picture_without_its_listing(monkeypatch):
    for _ in range(2):
        image = ProductImage(product=make_variant().product)
        store_image(image, picture())
        image.save()
    render = images.render
    first, _second = ProductImage.objects.order_by("position", "pk")

    def render_the_first(image):
        if image != first:
            raise TimeoutError
        render(image)

    monkeypatch.setattr(images, "render", render_the_first)
    with pytest.raises(TimeoutError):
        render_waiting()
    assert sorted(len(listing.image.get("widths", [])) for listing in Listing.objects.all()) == [0, 3]
    monkeypatch.setattr(images, "render", render)
    assert render_waiting() == 1
    assert [len(listing.image.get("widths", [])) for listing in Listing.objects.all()] == [3, 3]


def test_a_run_ends_when_its_time_is_over():
    for _ in range(2):
        image = ProductImage(product=make_variant().product)
        store_image(image, picture())
        image.save()
    assert [render_waiting(seconds=-1) for _ in range(3)] == [1, 1, 0]


def test_a_file_that_went_bad_is_marked_and_not_tried_for_ever():
    image = ProductImage(product=make_variant().product)
    store_image(image, picture())
    image.save()
    default_storage.delete(image.file.name)
    assert render_waiting() == 1
    assert ProductImage.objects.get().is_broken
    assert render_waiting() == 0


def test_a_small_picture_is_not_blown_up():
    assert wanted_widths(200) == [200]
    assert wanted_widths(2000) == [320, 480, 800, 1200]


def test_media_are_served_as_pictures_and_nothing_else(client):
    image = ProductImage(product=make_variant().product)
    store_image(image, picture())
    answer = client.get(image.url)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/webp")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert b"".join(answer.streaming_content)[:4] == b"RIFF"
    for path in ("../settings.py", "products/../../x.webp", "none.webp", "x.html", "%2e%2e/x.webp"):
        assert client.get(f"/media/{path}").status_code == 404
