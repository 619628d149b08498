"""Colours of pictures: whatever depth, mode or profile a file has, what we keep is plain sRGB that looks the same."""

import io
import struct

from PIL import Image, ImageCms

SIXTEEN_BITS = 1 / 257  # 65,535 of a channel with 16 bits is 255 of one with 8
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
# Colour space of a profile → the mode whose numbers it explains.
MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "LAB": "LAB"}
# What ImageCms raises for profiles that are none, are bent, or do not fit.
UNUSABLE = (ImageCms.PyCMSError, OSError, ValueError, TypeError, LookupError, struct.error)


def with_plain_channels(picture: Image.Image) -> Image.Image:
    """The picture with eight bits a channel and no palette, so that it can be made smaller smoothly."""
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        return _with_profile_of(picture, _eight_bits(picture))
    if picture.mode in ("P", "PA") or "transparency" in picture.info:
        has_alpha = picture.mode == "PA" or "transparency" in picture.info
        return _with_profile_of(picture, picture.convert("RGBA" if has_alpha else "RGB"))
    return picture.convert("L") if picture.mode == "1" else picture


def _eight_bits(picture: Image.Image) -> Image.Image:
    wide = picture if picture.mode.startswith("I;16") else picture.convert("I")
    return wide.point(lambda value: value * SIXTEEN_BITS + 0.5).convert("L")


def _with_profile_of(original: Image.Image, picture: Image.Image) -> Image.Image:
    if profile := original.info.get("icc_profile"):
        picture.info["icc_profile"] = profile
    return picture


def in_srgb(picture: Image.Image) -> Image.Image:
    """The picture in RGB or RGBA with its colours in sRGB, and without its profile.

    A profile that is broken, or that explains another mode than the picture's, is as good as none.
    """
    profile = picture.info.get("icc_profile")
    alpha = picture.getchannel("A") if "A" in picture.getbands() else None
    colours = _converted(picture, profile) if profile else None
    found = colours or picture.convert("RGB")
    if alpha:
        found.putalpha(alpha)
    found.info.pop("icc_profile", None)
    return found


def _converted(picture: Image.Image, content: bytes) -> Image.Image | None:
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(content))
        mode = MODES.get(profile.profile.xcolor_space.strip().upper(), "")
        opaque = _in_mode(picture, mode)
        if opaque is None:
            return None
        intent = ImageCms.Intent(ImageCms.getDefaultIntent(profile))
        return ImageCms.profileToProfile(opaque, profile, SRGB, renderingIntent=intent, outputMode="RGB")
    except UNUSABLE:
        return None


def _in_mode(picture: Image.Image, mode: str) -> Image.Image | None:
    """The picture's own numbers in this mode; None where they would be other numbers."""
    own = picture.mode.removesuffix("A").removesuffix("a")
    if own in ("RGB", "L") and mode == "RGB":
        return picture.convert("RGB")
    if own == "L" and mode == "L":
        return picture.convert("L")
    return picture if picture.mode == mode else None
