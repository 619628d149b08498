"""Sanitize HTML from staff and imports: nothing in it can run code, load resources or change styles."""

import re

import nh3

from catalog.web_urls import is_misleading

TAGS = {
    *(
        "p",
        "br",
        "strong",
        "b",
        "em",
        "i",
        "u",
        "s",
        "sub",
        "sup",
        "small",
        "blockquote",
        "code",
        "pre",
        "hr",
    ),
    *("ul", "ol", "li", "dl", "dt", "dd", "h2", "h3", "h4", "h5", "h6", "a"),
    *("table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"),
}
ATTRIBUTES = {
    "*": {"dir", "lang"},
    "a": {"href", "title"},
    "th": {"colspan", "rowspan", "scope"},
    "td": {"colspan", "rowspan"},
    "ol": {"start"},
}
DIRECTIONS = {"ltr", "rtl", "auto"}
LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")
DROPPED_WITH_CONTENT = {"script", "style", "iframe", "object", "embed", "template", "noscript", "svg", "math"}
# The only h1 of a page is the product's title.
FIRST_HEADING = re.compile(r"<(/?)h1\b[^<>]*>", re.IGNORECASE)
# Visible elements that clean() removes: start tag → the name for staff, singular and plural.
EMBEDDED = {
    "img": ("picture", "pictures"),
    "svg": ("drawing", "drawings"),
    "iframe": ("embedded page", "embedded pages"),
    "embed": ("embedded page", "embedded pages"),
    "object": ("embedded page", "embedded pages"),
    "video": ("video", "videos"),
    "audio": ("sound", "sounds"),
    "form": ("form", "forms"),
}
EMBEDDED_TAG = re.compile(rf"<({'|'.join(EMBEDDED)})\b", re.IGNORECASE)


def clean(html: str) -> str:
    """Remove everything from the HTML that is not on the allow-list. Cleaning twice changes nothing more."""
    return nh3.clean(
        FIRST_HEADING.sub(r"<\1h3>", html),
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=_kept_value,
        clean_content_tags=DROPPED_WITH_CONTENT,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener nofollow",
    ).strip()


def _kept_value(_tag: str, attribute: str, value: str) -> str | None:
    """The attribute's value, or None if it is invalid."""
    if attribute == "href":
        return None if is_misleading(value.strip()) else value
    if attribute == "dir":
        return value.lower() if value.lower() in DIRECTIONS else None
    if attribute == "lang":
        return value if LANGUAGE.fullmatch(value) else None
    return value


def embedded_in(html: str) -> str:
    """The visible elements that clean() would remove: `2 pictures, 1 video`. Empty if there are none."""
    counts: dict[tuple[str, str], int] = {}
    for tag in EMBEDDED_TAG.findall(html):
        names = EMBEDDED[tag.lower()]
        counts[names] = counts.get(names, 0) + 1
    return ", ".join(f"{count} {one if count == 1 else many}" for (one, many), count in counts.items())


def plain(html: str) -> str:
    """The text without markup, on one line."""
    text = nh3.clean(
        re.sub(r"<(br|/p|/li|/h\d)[^<>]*>", " ", html), tags=set(), clean_content_tags=DROPPED_WITH_CONTENT
    )
    return re.sub(
        r"\s+",
        " ",
        text.replace("&nbsp;", " ").replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">"),
    ).strip()
