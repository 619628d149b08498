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
    "a": {"href", "title"},
    "th": {"colspan", "rowspan", "scope"},
    "td": {"colspan", "rowspan"},
    "ol": {"start"},
}
DROPPED_WITH_CONTENT = {"script", "style", "iframe", "object", "embed", "template", "noscript", "svg", "math"}
# A page has one h1, and it is the product's name.
FIRST_HEADING = re.compile(r"<(/?)h1\b[^>]*>", re.IGNORECASE)


def clean(html: str) -> str:
    """Return the HTML without anything outside the allow-list; cleaning twice changes nothing more."""
    return nh3.clean(
        FIRST_HEADING.sub(r"<\1h3>", html),
        tags=TAGS,
        attributes=ATTRIBUTES,
        clean_content_tags=DROPPED_WITH_CONTENT,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener nofollow",
    ).strip()


def plain(html: str) -> str:
    """Return the text alone, on one line."""
    text = nh3.clean(re.sub(r"<(br|/p|/li|/h\d)[^>]*>", " ", html), tags=set(), clean_content_tags=DROPPED_WITH_CONTENT)
    return re.sub(
        r"\s+",
        " ",
        text.replace("&nbsp;", " ").replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">"),
    ).strip()
