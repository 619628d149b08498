"""Pictures: checked by content, stored under generated names, and rendered in several widths."""

import io
import math
import struct
import time
import uuid
import warnings
import zlib
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from PIL import Image, ImageOps

from catalog.errors import BadImage
from catalog.listings import write_listings
from catalog.models import Product, ProductImage
from catalog.models.image import RENDITION_WIDTHS
from catalog.products.image_colours import in_srgb, with_plain_channels

MAX_FILE_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 40_000_000
MAX_SIDE_PIXELS = 2400  # larger originals are scaled down
TOO_MANY_PIXELS = "The picture has more than 40 million pixels."
FORMATS = ["JPEG", "PNG", "WEBP"]
QUALITY = 78
ORIGINAL_QUALITY = 90
# The exceptions of Pillow for files that are not pictures or are damaged.
UNREADABLE = (
    *(OSError, EOFError, SyntaxError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError),
    *(struct.error, zlib.error, Image.DecompressionBombError),
)


def _open(content: bytes) -> Image.Image:
    """Open a picture by its content. Raises BadImage, with a message for staff."""
    if len(content) > MAX_FILE_BYTES:
        raise BadImage("The picture is larger than 10 MB.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            Image.open(io.BytesIO(content), formats=FORMATS).verify()
            bitmap = Image.open(io.BytesIO(content), formats=FORMATS)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise BadImage(TOO_MANY_PIXELS) from error
    except UNREADABLE as error:
        raise BadImage("The file is not a JPEG, PNG or WebP picture.") from error
    if bitmap.width * bitmap.height > MAX_PIXELS:
        raise BadImage(TOO_MANY_PIXELS)
    return bitmap


def _is_plain_webp(bitmap: Image.Image, content: bytes) -> bool:
    """Whether the file is a single WebP picture without metadata, frames or trailing data, and can be kept unchanged."""
    length = int.from_bytes(content[16:20], "little")
    is_all = content[12:16] in (b"VP8 ", b"VP8L") and len(content) == 20 + length + length % 2
    return bitmap.format == "WEBP" and is_all and max(bitmap.size) <= MAX_SIDE_PIXELS


def _as_webp(bitmap: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    bitmap.save(buffer, "WEBP", quality=quality, method=4)
    return buffer.getvalue()


def _upright(bitmap: Image.Image) -> Image.Image:
    """The picture rotated as its metadata say, scaled down, in sRGB and without metadata."""
    turned = with_plain_channels(ImageOps.exif_transpose(bitmap))
    turned.thumbnail((MAX_SIDE_PIXELS, MAX_SIDE_PIXELS))
    return in_srgb(turned)


def _normalized(content: bytes) -> tuple[Image.Image, bytes]:
    """The picture as it is stored, and its bytes. Raises BadImage if the content is not a picture."""
    bitmap = _open(content)
    try:
        bitmap.load()
        upright = bitmap if _is_plain_webp(bitmap, content) else _upright(bitmap)
    except UNREADABLE as error:
        raise BadImage("The picture file is incomplete.") from error
    return (bitmap, content) if upright is bitmap else (upright, _as_webp(upright, ORIGINAL_QUALITY))


def store_image(image: ProductImage, content: bytes) -> None:
    """Store the picture's file and set the file and size of the image row. Does not save the row.

    Raises BadImage for anything but a JPEG, PNG or WebP of at most 10 MB and 40 million pixels.
    """
    bitmap = _open(content)
    bitmap, content = _normalized(content)
    image.width, image.height = bitmap.size
    image.rendered_widths, image.is_broken = [], False
    image.file.save(f"{uuid.uuid4().hex}.webp", ContentFile(content), save=False)


def wanted_widths(width: int) -> list[int]:
    """The widths to render: all that are not larger than the picture, or the picture's own if all are larger."""
    return [step for step in RENDITION_WIDTHS if step <= width] or [width]


def render(image: ProductImage) -> None:
    """Render the picture in all widths and record them in its row. Marks an unreadable file as broken."""
    try:
        with default_storage.open(image.file.name) as file:
            bitmap = Image.open(file, formats=FORMATS)
            bitmap.load()
    except UNREADABLE:
        ProductImage.objects.filter(pk=image.pk).update(is_broken=True)
        return
    widths = wanted_widths(image.width)
    for width in widths:
        height = max(1, round(bitmap.height * width / bitmap.width))
        smaller = bitmap.resize((width, height), Image.Resampling.LANCZOS)
        name = image.rendition_name(width)
        if default_storage.exists(name):
            default_storage.delete(name)
        default_storage.save(name, ContentFile(_as_webp(smaller, QUALITY)))
    ProductImage.objects.filter(pk=image.pk).update(rendered_widths=widths)


def render_waiting(limit: int = 20, *, seconds: float = math.inf) -> int:
    """Render up to `limit` pictures that have no renditions, for about `seconds`; return how many were handled.

    Each picture and its listing are committed together, so stopping a worker leaves no picture half done.
    """
    waiting = (
        ProductImage.objects.filter(rendered_widths=[], is_broken=False).exclude(file="").order_by("position", "pk")
    )
    begun, handled = time.monotonic(), 0
    for image in waiting[:limit]:
        with transaction.atomic():
            render(image)
            write_listings(Product.objects.filter(pk=image.product_id))
        handled += 1
        if time.monotonic() - begun > seconds:
            break
    return handled


def stored_upload(upload: Any) -> Any:
    """The uploaded picture as it is stored, under a generated name. Other values of a file field are returned unchanged.

    Raises ValidationError if the upload is not a picture.
    """
    if not isinstance(upload, UploadedFile):
        return upload
    try:
        _bitmap, content = _normalized(upload.read())
    except BadImage as bad:
        raise ValidationError(str(bad)) from bad
    return ContentFile(content, name=f"{uuid.uuid4().hex}.webp")


def stored_logo(upload: Any, most: tuple[int, int]) -> Any:
    """Like stored_upload(), but a PNG of at most these dimensions, because not every mail program shows WebP."""
    if not isinstance(upload, UploadedFile):
        return upload
    try:
        bitmap, _content = _normalized(upload.read())
    except BadImage as bad:
        raise ValidationError(str(bad)) from bad
    bitmap.thumbnail(most)
    buffer = io.BytesIO()
    bitmap.save(buffer, "PNG", optimize=True)
    stored = ContentFile(buffer.getvalue(), name=f"{uuid.uuid4().hex}.png")
    stored.dimensions = bitmap.size  # type: ignore[attr-defined]
    return stored
