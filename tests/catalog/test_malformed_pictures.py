"""Malformed pictures are refused in one sentence, or are harmless."""

import io
import random
import struct
import zlib
from collections.abc import Iterator

import pytest
from django.core.files.storage import default_storage
from PIL import Image

from catalog.errors import BadImage
from catalog.models import Product, ProductImage
from catalog.products.images import MAX_SIDE_PIXELS, render_waiting, store_image
from tests.catalog.malformed import SEED, assert_one_sentence
from tests.factories import make_variant

pytestmark = pytest.mark.django_db


@pytest.fixture
def _own_folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def drawn(kind: str, mode: str = "RGB", size: tuple[int, int] = (90, 70), **options) -> bytes:
    """A picture with noise in it, so that every byte of the file matters."""
    noise = random.Random(f"{kind}{mode}{size}").randbytes(size[0] * size[1])
    picture = Image.frombytes("L", size, noise).convert("RGB").convert(mode)
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def notes() -> bytes:
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    exif[0x0112] = 6
    return exif.tobytes()


def animated(kind: str) -> bytes:
    frames = [Image.new("RGB", (40, 30), (n * 20, 0, 0)) for n in range(8)]
    buffer = io.BytesIO()
    frames[0].save(buffer, kind, save_all=True, append_images=frames[1:], duration=50)
    return buffer.getvalue()


def png_chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png_that_claims(width: int, height: int, depth: int = 8, colours: int = 2) -> bytes:
    """A few bytes that promise a picture of that size."""
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, 0))
    body = png_chunk(b"IDAT", zlib.compress(b"\x00" * 100_000))
    return b"\x89PNG\r\n\x1a\n" + head + body + png_chunk(b"IEND", b"")


HTML = b"<html><script>alert(1)</script></html>"


def good_pictures() -> list[bytes]:
    return [
        drawn("JPEG"),
        drawn("JPEG", exif=notes()),
        drawn("JPEG", "CMYK"),
        drawn("JPEG", "L", progressive=True),
        drawn("PNG"),
        drawn("PNG", "P"),
        drawn("PNG", "1"),
        drawn("PNG", "LA"),
        drawn("PNG", "RGBA", exif=notes()),
        drawn("PNG", "I;16"),
        drawn("WEBP"),
        drawn("WEBP", lossless=True),
        drawn("WEBP", "RGBA", exif=notes()),
        drawn("WEBP", xmp=b"<x:xmpmeta>secret place</x:xmpmeta>"),
        drawn("PNG", "L", (20_000, 3)),
        drawn("PNG", "L", (1, 5000)),
        drawn("PNG", size=(1, 1)),
        drawn("WEBP", size=(5000, 40)),
        animated("PNG"),
        animated("WEBP"),
        drawn("PNG") + HTML,
        drawn("JPEG") + HTML,
        drawn("WEBP") + HTML,
    ]


def bad_pictures() -> Iterator[bytes]:
    """Broken off, bent, and never pictures at all."""
    chance = random.Random(SEED)
    for content in good_pictures():
        for part in (0.01, 0.1, 0.3, 0.5, 0.8, 0.95, 0.999):
            yield content[: int(len(content) * part)]
        for _ in range(9):
            bent = bytearray(content)
            for _ in range(chance.choice([1, 4, 40])):
                bent[chance.randrange(min(len(bent), chance.choice([60, 400, 10**9])))] = chance.randrange(256)
            yield bytes(bent)
    yield from (b"", b"\x00", b"\x00" * 5000, HTML, b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>")
    yield from (animated("GIF"), b"GIF89a" + HTML, drawn("BMP"), drawn("TIFF"), drawn("ICO"), b"%PDF-1.7", b"\xff\xd8")
    yield from (png_that_claims(*size) for size in ((30_000, 30_000), (0, 5), (2**31 - 1, 1), (6000, 6000), (9, 2**31)))
    yield from (png_that_claims(500, 500, depth, colours) for depth in (1, 3, 16) for colours in (0, 2, 3, 5))
    yield b"\x89PNG\r\n\x1a\n" + HTML
    yield b"\xff\xd8\xff\xe0" + HTML
    yield b"RIFF\xff\xff\xff\xffWEBPVP8 " + HTML
    yield drawn("JPEG").replace(b"\xff\xda", b"\xff\xda\xff\xfe", 1)
    yield drawn("PNG")[:33] + png_chunk(b"zTXt", b"a\x00\x00" + zlib.compress(b"x" * 10**8)) + drawn("PNG")[33:]
    yield drawn("PNG")[:33] + png_chunk(b"iCCP", b"a\x00\x00" + zlib.compress(b"x" * 10**8)) + drawn("PNG")[33:]
    yield (
        drawn("PNG")[:33]
        + png_chunk(b"eXIf", b"MM\x00*\x00\x00\x00\x08\xff\xff" + b"\x01\x12" * 400)
        + drawn("PNG")[33:]
    )


def kept(content: bytes, product: Product) -> ProductImage | None:
    """The stored picture after checking it, or None if it was refused in one sentence."""
    image = ProductImage(product=product)
    try:
        store_image(image, content)
    except BadImage as bad:
        assert_one_sentence(bad)
        return None
    with default_storage.open(image.file.name) as file:
        stored = file.read()
    picture = Image.open(io.BytesIO(stored), formats=["WEBP"])
    picture.load()
    assert picture.size == (image.width, image.height)
    assert 0 < max(picture.size) <= MAX_SIDE_PIXELS
    assert {"exif", "xmp", "icc_profile"} & picture.info.keys() == set()
    assert getattr(picture, "n_frames", 1) == 1
    assert b"<script>" not in stored
    assert b"secret place" not in stored
    return image


@pytest.mark.fault("F109")
@pytest.mark.usefixtures("_own_folder")
def test_odd_but_whole_pictures_are_kept_as_plain_webp_and_rendered():
    product = make_variant().product
    for content in good_pictures():
        image = kept(content, product)
        assert image is not None
        image.save()
    assert render_waiting(100) == len(good_pictures())
    assert ProductImage.objects.filter(is_broken=True).count() == 0
    assert ProductImage.objects.filter(rendered_widths=[]).count() == 0


@pytest.mark.fault("F109")
@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.usefixtures("_own_folder")
def test_hundreds_of_bad_pictures_are_refused_or_become_harmless():
    product = make_variant().product
    contents = list(bad_pictures())
    assert len(contents) >= 390
    images = [image for content in contents if (image := kept(content, product))]
    assert 0 < len(images) < len(contents) / 2
    ProductImage.objects.bulk_create(images)
    assert render_waiting(1000) == len(images)
    assert ProductImage.objects.filter(is_broken=True).count() == 0


@pytest.mark.usefixtures("_own_folder")
def test_a_kept_picture_that_went_bad_does_not_stop_the_others():
    product = make_variant().product
    content = drawn("WEBP", size=(400, 400))
    for stored in (content[:30] + bytes(300) + content[330:], b"RIFF", HTML, b"", content):
        image = ProductImage(product=product)
        store_image(image, content)
        with default_storage.open(image.file.name, "wb") as file:
            file.write(stored)
        image.save()
    assert render_waiting() == 5
    assert list(ProductImage.objects.order_by("pk").values_list("is_broken", flat=True))[1:] == [True] * 3 + [False]
    assert render_waiting() == 0
