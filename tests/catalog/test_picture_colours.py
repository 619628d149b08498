"""A stored picture looks like the uploaded one, with any profile, mode or bit depth."""

import io
import struct

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from catalog.models import ProductImage
from catalog.products.images import store_image, stored_upload
from tests.factories import make_variant

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def fixed(*numbers: float) -> bytes:
    return b"".join(struct.pack(">i", round(number * 65536)) for number in numbers)


def xyz(*numbers: float) -> bytes:
    return b"XYZ \0\0\0\0" + fixed(*numbers)


def profile(space: bytes, connection: bytes = b"XYZ ", **tags: bytes) -> bytes:
    """An ICC profile of the second version with these tags."""
    tags = {"wtpt": xyz(0.9642, 1.0, 0.8249), **tags}
    table, body = struct.pack(">I", len(tags)), b""
    begins = 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        padded = content + b"\0" * (-len(content) % 4)
        table += name.encode() + struct.pack(">II", begins + len(body), len(content))
        body += padded
    kind = b"prtr" if space == b"CMYK" else b"mntr"
    head = struct.pack(">I4sI4s4s4s", 128 + len(table) + len(body), b"\0" * 4, 0x02400000, kind, space, connection)
    head += b"\0" * 12 + b"acsp" + b"\0" * 28 + fixed(0.9642, 1.0, 0.8249) + b"\0" * 48
    return head + table + body


def gamma(value: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256)) + b"\0\0"


def srgb_curve() -> bytes:
    steps = [step / 1023 for step in range(1024)]
    light = [step / 12.92 if step <= 0.04045 else ((step + 0.055) / 1.055) ** 2.4 for step in steps]
    return b"curv\0\0\0\0" + struct.pack(f">I{len(light)}H", len(light), *(round(value * 65535) for value in light))


def rgb_profile(red: tuple, green: tuple, blue: tuple, curve: bytes) -> bytes:
    colours = {"rXYZ": xyz(*red), "gXYZ": xyz(*green), "bXYZ": xyz(*blue)}
    return profile(b"RGB ", **colours, rTRC=curve, gTRC=curve, bTRC=curve)


P3_PRIMARIES = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
DISPLAY_P3 = rgb_profile(*P3_PRIMARIES, gamma(2.2))
DISPLAY_P3_OF_SCREENS = rgb_profile(*P3_PRIMARIES, srgb_curve())
ADOBE_RGB = rgb_profile(
    (0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457), gamma(2.19921875)
)
GRAY = profile(b"GRAY", kTRC=gamma(1.0))


def cmyk_profile() -> bytes:
    """A CMYK profile that maps cyan to pure red, which no default conversion does."""
    straight = bytes(range(256))
    lab = {
        (c, k): (136, 209, 195) if c and not k else (0, 128, 128) if k else (255, 128, 128)
        for c in (0, 1)
        for k in (0, 1)
    }
    grid = b"".join(bytes(lab[c, k]) for c in (0, 1) for _m in (0, 1) for _y in (0, 1) for k in (0, 1))
    identity = fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + identity + straight * 4 + grid + straight * 3
    return profile(b"CMYK", b"Lab ", A2B0=table)


CMYK = cmyk_profile()


def file_of(mode: str, colour, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, (64, 64), colour).save(buffer, kind, **options)
    return buffer.getvalue()


def palette_file(colour: tuple[int, int, int], icc: bytes) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), colour).quantize(2).save(buffer, "PNG", icc_profile=icc)
    return buffer.getvalue()


def kept(content: bytes) -> Image.Image:
    image = ProductImage(product=make_variant().product)
    store_image(image, content)
    with default_storage.open(image.file.name) as file:
        picture = Image.open(file)
        picture.load()
    assert "icc_profile" not in picture.info
    return picture


def assert_is(picture: Image.Image, colour: tuple[int, ...]) -> None:
    found = picture.convert("RGBA" if len(colour) == 4 else "RGB").getpixel((30, 30))
    assert all(abs(have - want) <= 2 for have, want in zip(found, colour, strict=True)), found


@pytest.mark.parametrize(
    ("content", "colour"),
    [
        (file_of("RGB", (200, 60, 50), icc_profile=DISPLAY_P3), (219, 37, 34)),
        (file_of("RGB", (200, 60, 50), "JPEG", quality=98, subsampling=0, icc_profile=DISPLAY_P3), (219, 37, 34)),
        (file_of("RGB", (200, 60, 50), "WEBP", lossless=True, icc_profile=DISPLAY_P3), (219, 37, 34)),
        (file_of("RGB", (200, 60, 50), icc_profile=DISPLAY_P3_OF_SCREENS), (217, 42, 39)),
        (file_of("RGBA", (200, 60, 50, 128), icc_profile=DISPLAY_P3), (219, 37, 34, 128)),
        (palette_file((200, 60, 50), DISPLAY_P3), (219, 37, 34)),
        (file_of("RGB", (150, 120, 110), icc_profile=ADOBE_RGB), (161, 120, 109)),
        (file_of("L", 128, icc_profile=GRAY), (188, 188, 188)),
        (file_of("LA", (128, 90), icc_profile=GRAY), (188, 188, 188, 90)),
        (file_of("L", 128, icc_profile=DISPLAY_P3_OF_SCREENS), (128, 128, 128)),
        (file_of("I;16", 0x8080, icc_profile=GRAY), (188, 188, 188)),
        (file_of("CMYK", (255, 0, 0, 0), "JPEG", quality=98, icc_profile=CMYK), (252, 1, 8)),
    ],
    ids=[
        "P3 PNG",
        "P3 JPEG",
        "P3 WebP",
        "P3 with the curve of screens",
        "P3 RGBA",
        "P3 palette",
        "Adobe",
        "gray",
        "gray and alpha",
        "gray in P3",
        "16 bits",
        "CMYK",
    ],
)
def test_colours_are_converted_before_the_profile_is_dropped(content, colour):
    assert_is(kept(content), colour)


@pytest.mark.parametrize(
    ("content", "colour"),
    [
        (file_of("RGB", (200, 60, 50)), (200, 60, 50)),
        (file_of("I;16", 40_000), (156, 156, 156)),
        (file_of("I;16", 65_535), (255, 255, 255)),
        (file_of("1", 1), (255, 255, 255)),
        (file_of("CMYK", (0, 255, 255, 0), "JPEG", quality=98), (255, 0, 0)),
    ],
    ids=["RGB", "16 bits", "white in 16 bits", "1 bit", "CMYK"],
)
def test_a_picture_without_a_profile_keeps_its_colours(content, colour):
    assert_is(kept(content), colour)


@pytest.mark.parametrize(
    "icc",
    [
        b"none",
        b"\0" * 500,
        DISPLAY_P3[:200],
        DISPLAY_P3[:128] + b"\xff" * 900,
        GRAY,
        CMYK,
        DISPLAY_P3.replace(b"rTRC", b"xxxx"),
    ],
    ids=["words", "zeros", "broken off", "bent", "of gray", "of inks", "without a curve"],
)
def test_an_unusable_colour_profile_is_ignored(icc):
    assert_is(kept(file_of("RGB", (200, 60, 50), icc_profile=icc)), (200, 60, 50))


def test_pictures_of_categories_are_converted_too():
    upload = SimpleUploadedFile("p3.png", file_of("RGB", (200, 60, 50), icc_profile=DISPLAY_P3))
    assert_is(Image.open(stored_upload(upload)), (219, 37, 34))
