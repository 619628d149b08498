"""Convert pictures of any depth, mode or colour profile to sRGB."""

import io
import struct

from PIL import Image, ImageCms

SIXTEEN_BITS = 1 / 257  # scales 16-bit channels (0 to 65,535) to 8 bits (0 to 255)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
# Colour space of a profile → the picture mode that it applies to.
MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "LAB": "LAB"}
# The exceptions of ImageCms for profiles that are invalid or do not match the picture.
UNUSABLE = (ImageCms.PyCMSError, OSError, ValueError, TypeError, LookupError, struct.error)


def with_plain_channels(bitmap: Image.Image) -> Image.Image:
    """The picture with eight bits per channel and without a palette, so that it can be resized smoothly."""
    if bitmap.mode in ("I", "F") or bitmap.mode.startswith("I;16"):
        return _with_profile_of(bitmap, _eight_bits(bitmap))
    if bitmap.mode in ("P", "PA") or "transparency" in bitmap.info:
        has_alpha = bitmap.mode == "PA" or "transparency" in bitmap.info
        return _with_profile_of(bitmap, bitmap.convert("RGBA" if has_alpha else "RGB"))
    return bitmap.convert("L") if bitmap.mode == "1" else bitmap


def _eight_bits(bitmap: Image.Image) -> Image.Image:
    wide = bitmap if bitmap.mode.startswith("I;16") else bitmap.convert("I")
    return wide.point(lambda value: value * SIXTEEN_BITS + 0.5).convert("L")


def _with_profile_of(original: Image.Image, bitmap: Image.Image) -> Image.Image:
    if profile := original.info.get("icc_profile"):
        bitmap.info["icc_profile"] = profile
    return bitmap


def in_srgb(bitmap: Image.Image) -> Image.Image:
    """The picture converted to sRGB in RGB or RGBA mode, without its profile.

    A profile that is invalid, or does not match the picture's mode, is ignored.
    """
    profile = bitmap.info.get("icc_profile")
    alpha = bitmap.getchannel("A") if "A" in bitmap.getbands() else None
    converted = (_converted(bitmap, profile) if profile else None) or bitmap.convert("RGB")
    if alpha:
        converted.putalpha(alpha)
    converted.info.pop("icc_profile", None)
    return converted


def _converted(bitmap: Image.Image, content: bytes) -> Image.Image | None:
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(content))
        mode = MODES.get(profile.profile.xcolor_space.strip().upper(), "")
        opaque = _in_mode(bitmap, mode)
        if opaque is None:
            return None
        intent = ImageCms.Intent(ImageCms.getDefaultIntent(profile))
        return ImageCms.profileToProfile(opaque, profile, SRGB, renderingIntent=intent, outputMode="RGB")
    except UNUSABLE:
        return None


def _in_mode(bitmap: Image.Image, mode: str) -> Image.Image | None:
    """The picture in this mode without its alpha channel, or None if the conversion would change pixel values."""
    opaque_mode = bitmap.mode.removesuffix("A").removesuffix("a")
    if opaque_mode in ("RGB", "L") and mode == "RGB":
        return bitmap.convert("RGB")
    if opaque_mode == "L" and mode == "L":
        return bitmap.convert("L")
    return bitmap if bitmap.mode == mode else None
