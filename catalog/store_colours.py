"""The shop's own colours: checked for contrast, and written as a style sheet."""

from collections.abc import Mapping
from dataclasses import dataclass

from catalog.models import Store

MIN_CONTRAST = 4.5  # WCAG 2.2, 1.4.3


@dataclass(frozen=True)
class Scheme:
    """The colours of static/css/shop.css that the shop's own colours stand on or carry."""

    backgrounds: tuple[str, ...]  # --surface, --paper, --sunken
    inks: tuple[str, ...]  # the text of a button is the one that is easier to read
    hint: str


SCHEMES = {
    "light": Scheme(("#ffffff", "#fbf8f3", "#f1ebe1"), ("#fbf8f3", "#161412"), "darker"),
    "dark": Scheme(("#1f1c19", "#161412", "#282420"), ("#fbf8f3", "#161412"), "lighter"),
}
DEFAULTS = {
    "accent_light": "#96431f",
    "accent_dark": "#eda07a",
    "button_light": "#221f1b",
    "button_dark": "#f3ede4",
}


def contrast(one: str, other: str) -> float:
    """The contrast of two colours by WCAG, from 1 to 21."""
    darker, lighter = sorted([_luminance(one), _luminance(other)])
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[start : start + 2], 16) / 255) for start in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4  # noqa: PLR2004  (sRGB)


def colour_problem(name: str, colour: str) -> str:
    """Why shoppers could not read this colour in the field `name` of the store, in a sentence; empty if they can."""
    part, _, scheme_name = name.partition("_")
    scheme = SCHEMES[scheme_name]
    if part == "button":
        found = contrast(colour, button_ink(colour, scheme_name))
        where = "Neither light nor dark text can be read on this colour"
        advice = "Choose a darker or a lighter one."
    else:
        found = min(contrast(colour, background) for background in scheme.backgrounds)
        where = f"Links in this colour are hard to read on the {scheme_name} background"
        advice = f"Choose a {scheme.hint} one."
    if found >= MIN_CONTRAST:
        return ""
    # Rounded down, so that 4.49 is not shown as 4.5.
    return f"{where}: the contrast is {int(found * 10) / 10}, and must be at least {MIN_CONTRAST}. {advice}"


def button_ink(colour: str, scheme_name: str) -> str:
    """The colour of the text on a button of this colour."""
    return max(SCHEMES[scheme_name].inks, key=lambda ink: contrast(colour, ink))


def colour_rules(store: Store) -> str:
    """The shop's own colours as CSS, which overrides the tokens of static/css/shop.css; empty without any."""
    own = {name: getattr(store, name) for name in DEFAULTS}
    declarations = []
    if own["accent_light"] or own["accent_dark"]:
        declarations.append(_declaration("accent", own))
    if own["button_light"] or own["button_dark"]:
        declarations.append(_declaration("button", own, css_name="btn"))
        buttons = {scheme: own[f"button_{scheme}"] or DEFAULTS[f"button_{scheme}"] for scheme in SCHEMES}
        inks = {f"ink_{scheme}": button_ink(colour, scheme) for scheme, colour in buttons.items()}
        declarations.append(_declaration("ink", inks, css_name="btn-ink"))
    return f"@layer tokens{{:root{{{''.join(declarations)}}}}}" if declarations else ""


def _declaration(name: str, colours: Mapping[str, str], css_name: str = "") -> str:
    light, dark = (colours[f"{name}_{scheme}"] or DEFAULTS[f"{name}_{scheme}"] for scheme in ("light", "dark"))
    return f"--{css_name or name}:light-dark({light},{dark});"
