"""The pages of the desk that `bench desk` asks for: home, and every list of the admin with its filters and searches.

The lists come from the admin's registry. What a list can be filtered by and where its pages lead is read from the
page itself, so that a new list or filter is measured without being named here.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db.models import Model
from django.test import Client
from django.urls import NoReverseMatch, reverse

from accounts.models import User
from catalog.keyset import Cursor
from catalog.models import PurchaseOrder, Receipt, Stock, StockMovement, Variant
from orders.models import Customer, Fulfillment, Order, OrderLine

VALUES = 3  # of each filter: the first ones and the last one
CHOICES = 8  # of a select box
SAMPLE = 2_000  # rows of which the most frequent value is searched for
NOTHING = "nobodyhasthisname"
CURSORS = ("after", "before", "below")
# What is searched for in lists whose model admin names no search fields: fields of a row of some model.
SEARCHED = {
    Customer: (User, ("email", "name")),
    LogEntry: (LogEntry, ("object_repr",)),
    PurchaseOrder: (PurchaseOrder, ("supplier",)),
    Receipt: (PurchaseOrder, ("supplier",)),
    Stock: (Variant, ("sku",)),
    StockMovement: (Variant, ("sku",)),
}


class _Offers(HTMLParser):
    """What a page offers: the queries of its links to itself, and the fields of its forms."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.queries: list[str] = []
        self.choices: dict[str, list[str]] = {}
        self.texts: set[str] = set()
        self._is_form, self._select = False, ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attributes}
        if tag == "form":
            self._is_form = found.get("method", "get").lower() == "get" and found.get("action", "") in ("", self.path)
        elif tag == "a":
            path, _, query = found.get("href", "").partition("?")
            if query and path in ("", self.path):
                self.queries.append(query)
        elif self._is_form and tag == "select":
            self._select = found.get("name", "")
        elif tag == "option" and self._select and found.get("value"):
            self.choices.setdefault(self._select, []).append(found["value"])
        elif self._is_form and tag == "input" and found.get("type", "text") in ("text", "search"):
            self.texts.add(found.get("name", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._is_form = False
        elif tag == "select":
            self._select = ""


def all_pages(staff: Client) -> dict[str, str]:
    """Return the URL of each page by its name: home, the order list in every use, and every list with all it offers."""
    pages = {"home": reverse("admin:index"), **_order_pages()}
    for model in admin.site._registry:
        if model is Order:
            continue
        path = list_url(model)
        if path:
            name = str(model._meta.verbose_name_plural)
            pages[name] = path
            for what, query in offered(staff, path, model):
                pages.setdefault(f"{name}: {what}", f"{path}?{query}")
    word = OrderLine.objects.exclude(sku="").order_by("pk").values_list("title", flat=True)[0].split()[0]
    for text in (word, NOTHING):
        pages[f"search of the desk: {'a word' if text == word else 'nothing'}"] = (
            f"{reverse('admin:search')}?{urlencode({'q': text})}"
        )
    return pages


def list_url(model: type[Model]) -> str:
    """The URL of the list of a model, or an empty string if it has none."""
    try:
        return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    except NoReverseMatch:
        return ""


def offered(staff: Client, path: str, model: type[Model]) -> Iterator[tuple[str, str]]:
    """Yield a name and the query of everything that the list offers: tabs, filters, orders, pages and searches."""
    page = staff.get(path)
    offers = _Offers(path)
    offers.feed(page.content.decode() if page.status_code == 200 else "")  # noqa: PLR2004
    groups: dict[tuple[str, ...], list[str]] = {}
    for query in offers.queries:
        names = tuple(sorted(name for name, _ in parse_qsl(query)))
        if query not in groups.setdefault(names, []):
            groups[names].append(query)
    for field, values in offers.choices.items():
        queries = [urlencode({field: value}) for value in values]
        groups.setdefault((field,), []).extend(query for query in queries if query not in groups.get((field,), []))
    for names, queries in groups.items():
        most = CHOICES if names and names[0] in offers.choices else VALUES
        chosen = queries if names == ("o",) else [*queries[: most - 1], *queries[most - 1 :][-1:]]
        for number, query in enumerate(chosen, 1):
            yield _described(names, query, number), query
    if "q" in offers.texts or "subject" in offers.texts:
        field = "q" if "q" in offers.texts else "subject"
        for what, text in _texts(model):
            yield f"search, {what}", urlencode({field: text})


def _described(names: Iterable[str], query: str, number: int) -> str:
    """The filter in words, without values that differ between databases."""
    values = dict(parse_qsl(query))
    parts = []
    for name in names:
        value = values[name]
        is_word = value.replace("_", "").replace("-", "").replace(".", "").isalpha() and name not in CURSORS
        parts.append(f"{name.removesuffix('__exact')} = {value if is_word and len(value) < 20 else f'no. {number}'}")  # noqa: PLR2004
    return ", ".join(parts)


def _texts(model: type[Model]) -> Iterator[tuple[str, str]]:
    """What to search for: for each field that is searched, its most frequent value among some rows, its begin, a word.

    Frequent values fill a page in a small shop as well as in a large one, so that both draw as many rows.
    """
    model_admin: Any = admin.site._registry[model]
    source, fields = SEARCHED.get(model, (model, model_admin.search_fields))
    for name in (str(field).lstrip("^=@").removesuffix("__startswith") for field in fields):
        text, label = frequent(source, name), name.replace("__", "'s ").replace("_", " ")
        if not text:
            continue
        yield f"{label}", text
        if len(text) > 6:  # noqa: PLR2004
            yield f"{label} in part", text[:5].strip()
        if len(text.split()) > 1:
            yield f"{label}, last word", text.split()[-1]
    yield "nothing", NOTHING


def frequent(model: type[Model], name: str) -> str:
    """The most frequent value of a column among rows of the middle of the table, or an empty string."""
    last = model._default_manager.order_by("-pk").values_list("pk", flat=True).first()
    if name == "id" or not last:
        return str(last or "")
    middle = model._default_manager.filter(pk__gte=last // 2).order_by("pk")
    values = middle.exclude(**{name: None}).exclude(**{name: ""}).values_list(name, flat=True)
    found = Counter(str(value) for value in values[:SAMPLE])
    return found.most_common(1)[0][0] if found else ""


def _order_pages() -> dict[str, str]:
    order = Order.objects.filter(status=Order.Status.COMPLETED).order_by("placed_at").first()
    line = OrderLine.objects.exclude(sku="").order_by("pk").first()
    parcel = Fulfillment.objects.order_by("pk").first()
    if not (order and line and parcel):
        raise RuntimeError("The database has no orders.")
    deep = Order.objects.order_by("placed_at", "pk")[Order.objects.count() // 2]
    day = f"{order.placed_at:%Y-%m-%d}"
    queries: dict[str, dict[str, str]] = {
        "orders to ship": {},
        "orders waiting": {"tab": "waiting"},
        "orders with problems": {"tab": "problems"},
        "all orders": {"tab": "all"},
        "all orders, the middle": {"tab": "all", "after": str(Cursor(deep.placed_at, deep.pk))},
        "orders, oldest first": {"tab": "all", "sort": "oldest"},
        "orders of a status": {"state": "completed"},
        "orders, rare status": {"state": "canceled"},
        "orders of a country": {"country": order.country},
        "orders of a market": {"market": order.market},
        "orders of last year's day": {"placed_from": day, "placed_until": day},
        "orders paid by gift card": {"paid_by": "giftcard"},
        **{
            f"orders, search: {what}": {"q": text}
            for what, text in {
                "number": order.number,
                "part of a number": order.number[-5:],
                "name": frequent(Order, "name"),
                "common first name": "anna",
                "two letters": "mu",
                "e-mail": order.email,
                "part of an e-mail": order.email[:6],
                "domain": "@example.com",
                "SKU": frequent(OrderLine, "sku"),
                "tracking number": parcel.tracking_number,
                "postcode": order.postcode,
                "nothing": NOTHING,
            }.items()
        },
    }
    return {name: f"{list_url(Order)}?{urlencode(query)}" for name, query in queries.items()}
