"""How tests read a page: its text, links, forms and tables, without depending on its markup."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from html.parser import HTMLParser
from typing import Any

from django.http import HttpResponse

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
# Their text runs on in the line around them; all other elements separate words.
INLINE = {
    *("a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "i", "ins", "kbd", "mark", "q", "s"),
    *("small", "span", "strong", "sub", "sup", "time", "u", "var", "wbr"),
}
NOT_SHOWN = {"head", "script", "style", "template", "noscript"}
BUTTONS = {"submit", "button", "reset"}  # inputs whose values are shown, and sent only by pressing them


@dataclass
class Element:
    """An element of a page. An attribute without a value is an empty text."""

    tag: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["Element | str"] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text that is shown, with one space for each run of white space."""
        return " ".join("".join(self._pieces()).split())

    @property
    def source(self) -> str:
        """The text as it was written, as in a script or a textarea."""
        return "".join(child if isinstance(child, str) else child.source for child in self.children)

    def _pieces(self) -> Iterator[str]:
        for child in self.children:
            if isinstance(child, str):
                yield child
            elif child.tag == "input" and child.attributes.get("type") in BUTTONS:
                yield f" {child.attributes.get('value', '')} "
            elif child.tag not in NOT_SHOWN:
                space = "" if child.tag in INLINE else " "
                yield space
                yield from child._pieces()
                yield space

    def elements(self) -> Iterator["Element"]:
        """Every element inside this one, in the order of the page."""
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child.elements()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element()
        self.open = [self.root]

    def updatepos(self, begin: int, end: int) -> int:
        """Count no lines: nobody asks where an element stands."""
        return end

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attributes})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, {name: value or "" for name, value in attributes}))

    def handle_endtag(self, tag: str) -> None:
        if tag in [element.tag for element in self.open]:
            while self.open.pop().tag != tag:
                pass

    def handle_data(self, text: str) -> None:
        self.open[-1].children.append(text)


Page = HttpResponse | Element | str


def tree_of(page: Page) -> Element:
    """Return the page as a tree of elements."""
    if isinstance(page, Element):
        return page
    return _tree_of_markup(page if isinstance(page, str) else page.content.decode())


@lru_cache(maxsize=8)  # a test asks several questions about one page, and changes nothing in its tree
def _tree_of_markup(markup: str) -> Element:
    reader = _Reader()
    reader.feed(markup)
    reader.close()
    return reader.root


def markup_of(page: HttpResponse) -> str:
    """Return all that was sent, with one space for each run of white space. For what must stand nowhere on a page."""
    return " ".join(page.content.decode().split()).replace(" >", ">")


def text_of(page: Page) -> str:
    """Return the text that the page shows."""
    return tree_of(page).text


def lines_of(page: HttpResponse) -> list[str]:
    """Return the lines of an answer that is plain text."""
    return page.content.decode().splitlines()


def title_of(page: Page) -> str:
    """Return the page's title in the browser's bar."""
    return " ".join(find(page, "title").source.split())


def find_all(page: Page, tag: str = "", **attributes: str | bool) -> list[Element]:
    """Return the elements with this tag and these attributes; `class_` is one of the classes, True is any value.

    Underscores in names stand for hyphens: `aria_describedby="code-e"`.
    """
    wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
    return [
        element
        for element in tree_of(page).elements()
        if (not tag or element.tag == tag) and all(_matches(element, name, value) for name, value in wanted.items())
    ]


def _matches(element: Element, name: str, value: str | bool) -> bool:
    if isinstance(value, bool):
        return (name in element.attributes) == value
    held = element.attributes.get(name)
    return held is not None and (value in held.split() if name == "class" else held == value)


def find(page: Page, tag: str = "", **attributes: str | bool) -> Element:
    """Return the only element with this tag and these attributes."""
    found = find_all(page, tag, **attributes)
    assert len(found) == 1, f"{len(found)} elements are {tag or 'anything'} with {attributes}"
    return found[0]


def links_of(page: Page) -> dict[str, str]:
    """Return the text of every link by its URL; of several links with one URL, the first text that is not empty."""
    links: dict[str, str] = {}
    for link in find_all(page, "a", href=True):
        url = link.attributes["href"]
        links[url] = links.get(url) or link.text
    return links


def images_of(page: Page) -> dict[str, str]:
    """Return the alternative text of every image by its URL."""
    return {image.attributes["src"]: image.attributes.get("alt", "") for image in find_all(page, "img", src=True)}


def rows_of(page: Page) -> list[list[str]]:
    """Return the texts of the cells of every row of a table."""
    return [[cell.text for cell in row.elements() if cell.tag in ("td", "th")] for row in find_all(page, "tr")]


def terms_of(page: Page) -> dict[str, str]:
    """Return the descriptions of a description list by their terms."""
    terms, term = {}, ""
    for element in tree_of(page).elements():
        if element.tag == "dt":
            term = element.text
        elif element.tag == "dd":
            terms[term] = element.text
    return terms


def form_of(page: Page, **attributes: str | bool) -> dict[str, Any]:
    """Return what a browser would send, if no button is pressed, of the form with these attributes, or of all forms.

    Of a list in which several options can be selected, it is a list.
    """
    form = find(page, "form", **attributes) if attributes else tree_of(page)
    controls = [
        (control.attributes["name"], _value_of(control)) for control in find_all(form, name=True, disabled=False)
    ]
    return {name: value for name, value in controls if value is not None}


def _value_of(control: Element) -> str | list[str] | None:
    """Return what the control would send, or None."""
    kind = control.attributes.get("type", "text")
    if control.tag == "textarea":
        return control.source.removeprefix("\n")
    if control.tag == "select":
        options = find_all(control, "option")
        chosen = [option.attributes.get("value", option.text) for option in options if "selected" in option.attributes]
        if "multiple" in control.attributes:
            return chosen
        return (chosen or [option.attributes.get("value", option.text) for option in options] or [None])[0]
    if control.tag != "input" or kind in {*BUTTONS, "image", "file"}:
        return None
    if kind in ("checkbox", "radio"):
        return control.attributes.get("value", "on") if "checked" in control.attributes else None
    return control.attributes.get("value", "")


def messages_of(page: Page) -> list[str]:
    """Return the messages that tell what has just been done, on a page of the shop or of the admin."""
    in_the_admin = [item for found in find_all(page, "ul", class_="messagelist") for item in find_all(found, "li")]
    return [message.text for message in in_the_admin or find_all(page, "p", role="status")]


def errors_of(page: Page) -> list[str]:
    """Return what is wrong, as the admin says it above its fields."""
    return [item.text for found in find_all(page, "ul", class_="errorlist") for item in find_all(found, "li")]
