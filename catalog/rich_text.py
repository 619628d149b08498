"""HTML from staff and from imports: only what cannot run, load or restyle anything stays."""

import re

import nh3

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
# A page has one h1, and it is the product's name.
FIRST_HEADING = re.compile(r"<(/?)h1\b[^<>]*>", re.IGNORECASE)
# What holds something that shoppers would see, and is taken out: its start tag → what staff call it, one and many.
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
    """Return the HTML without anything outside the allow-list; cleaning twice changes nothing more."""
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
    """The attribute's value, or None where it is none that a page could mean."""
    if attribute == "dir":
        return value.lower() if value.lower() in DIRECTIONS else None
    if attribute == "lang":
        return value if LANGUAGE.fullmatch(value) else None
    return value


def embedded_in(html: str) -> str:
    """Say what clean() takes out of the HTML that shoppers would have seen: `2 pictures, 1 video`; else empty."""
    counts: dict[tuple[str, str], int] = {}
    for tag in EMBEDDED_TAG.findall(html):
        names = EMBEDDED[tag.lower()]
        counts[names] = counts.get(names, 0) + 1
    return ", ".join(f"{count} {one if count == 1 else many}" for (one, many), count in counts.items())


def plain(html: str) -> str:
    """Return the text alone, on one line."""
    text = nh3.clean(
        re.sub(r"<(br|/p|/li|/h\d)[^<>]*>", " ", html), tags=set(), clean_content_tags=DROPPED_WITH_CONTENT
    )
    return re.sub(
        r"\s+",
        " ",
        text.replace("&nbsp;", " ").replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">"),
    ).strip()
