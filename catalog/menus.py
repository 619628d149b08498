"""Menus of the storefront: what staff have chosen for the header and the footer, without links to hidden pages."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce, JSONObject
from django.urls import Resolver404, resolve, reverse

from catalog.clock import shop_now
from catalog.errors import MenuRefused
from catalog.listings.browse import current_listings, gift_card_url, top_categories
from catalog.markets import Market, further_markets
from catalog.models import Category, Collection, Menu, MenuEntry, Page, Product, Store
from catalog.pages import policy_of_view
from catalog.store_texts import first_store, stores_in
from catalog.web_urls import SCHEMES, has_hidden_characters, url_refusal

MAILTO = "mailto:"
GIFT_CARDS = "/gift-cards/"  # stands for the gift card that is chosen in the settings
MAX_SUGGESTED = 300
SHOWN_LINKS = 5  # in the header; the others stand under "More"
SHOWN_CATEGORIES = 4  # in the automatic header
LINKED_PAGES = (
    "delivery",
    "returns",
    "care",
    "about",
    "terms",
    "privacy",
    "imprint",
)  # by templates and automatic menus


@dataclass(frozen=True)
class Link:
    """An entry of a menu as a page shows it."""

    label: str
    url: str


@dataclass(frozen=True)
class Column:
    """A column of the footer."""

    title: str
    links: Sequence[Link]


@dataclass(frozen=True)
class Header:
    """The menu of the header: links beside each other, those under "More", and those after it."""

    start: Sequence[Link]
    rest: Sequence[Link] = ()
    end: Sequence[Link] = ()

    @property
    def links(self) -> list[Link]:
        return [*self.start, *self.rest, *self.end]


def store_with_menus(market: Market) -> Store:
    """The store with the market's texts and all entries of its menus, with one query."""
    return first_store(_stores_with_menus(market, shop_now().replace(second=0, microsecond=0)))


@lru_cache(maxsize=16)
def _stores_with_menus(market: Market, minute: datetime) -> QuerySet[Store]:
    """The query of `store_with_menus`. Building it takes longer than running it, so it is kept for a minute."""
    pages = Page.objects.public(minute).filter(slug__in=LINKED_PAGES)
    return stores_in(market).annotate(
        menu_entries=_entries_as_json(market, minute),
        linked_pages=ArraySubquery(pages.values(json=JSONObject(slug="slug", section="section"))),
    )


def _entries_as_json(market: Market, at: datetime) -> ArraySubquery:
    """An annotation with all entries of all menus whose targets this market shows, so that they cost no query."""
    products = Product.objects.visible(at).filter(pk=OuterRef("product_id"))
    listed = current_listings(market).filter(product=OuterRef("product_id")) if market.prefix else products
    shown = Q(product=None) | Exists(listed)
    readable = Q(page=None) | Exists(Page.objects.public(at).filter(pk=OuterRef("page_id")))
    entries = MenuEntry.objects.filter(shown, readable, Q(collection=None) | Q(collection__is_active=True))
    fields = {
        "place": "menu__place",
        "menu": "menu_id",
        "title": "menu__title",
        "titles": "menu__titles",
        "kind": "kind",
        "label": "label",
        "labels": "labels",
        "name": Coalesce("category__name", "collection__name", "page__title", "product__title", Value("")),
        "slug": Coalesce("category__path", "collection__slug", "page__slug", "product__slug", "path"),
        "section": "page__section",
    }
    return ArraySubquery(
        entries.order_by("menu__position", "menu_id", "position", "pk").values(json=JSONObject(**fields))
    )


class Menus:
    """The menus of one page. They are read with the store; the automatic ones take one query for the categories."""

    def __init__(self, store: Store, market: Market) -> None:
        self.store, self.market = store, market

    @cached_property
    def header(self) -> Header:
        rows = [row for row in self._rows if row["place"] == Menu.Place.HEADER]
        links = own_links(rows, self.market, self.gift_card_url)
        return header_of(links) if links else self.automatic_header

    @cached_property
    def footer(self) -> list[Column]:
        rows = [row for row in self._rows if row["place"] == Menu.Place.FOOTER]
        return own_columns(rows, self.market, self.gift_card_url) or self.automatic_footer

    def links_of(self, menu_id: int) -> list[Link]:
        """The links of one menu that staff have changed."""
        return own_links([row for row in self._rows if row["menu"] == menu_id], self.market, self.gift_card_url)

    @cached_property
    def gift_card_url(self) -> str:
        return gift_card_url(self.store, self.market)

    @property
    def automatic_header(self) -> Header:
        """The first categories, the others and gift cards under "More", and the sale."""
        shown, others = self._categories[:SHOWN_CATEGORIES], self._categories[SHOWN_CATEGORIES:]
        return Header(shown, [*others, *self._gift_cards], [Link("Sale", reverse("catalog:sale"))])

    @property
    def automatic_footer(self) -> list[Column]:
        """The categories, and the pages that setup creates."""
        email = self.store.contact_email
        contact = [Link(email, f"mailto:{email}")] if email else []
        find_order = Link("Find your order", reverse("orders:find"))
        return [
            Column("Shop", [*self._categories, *self._gift_cards]),
            Column("Help", [find_order, *self._pages("delivery", "returns", "care")]),
            Column("Company", [*self._pages("about", "terms", "privacy", "imprint"), *contact]),
        ]

    @cached_property
    def short_footer(self) -> list[Link]:
        """The links below the checkout, where nothing else should lead away."""
        return self._pages("delivery", "returns", "terms", "privacy")

    @property
    def help_links(self) -> list[Link]:
        """The links below the delivery and returns of a product."""
        return self._pages("delivery", "returns")

    @cached_property
    def page_urls(self) -> dict[str, str]:
        """The URL of each page that templates link to, by its slug. Deleted and empty pages are missing."""
        return {
            page["slug"]: reverse("catalog:page", args=[page["section"], page["slug"]])
            for page in getattr(self.store, "linked_pages", ())
        }

    def _pages(self, *slugs: str) -> list[Link]:
        return [Link(slug.capitalize(), self.page_urls[slug]) for slug in slugs if slug in self.page_urls]

    @cached_property
    def _categories(self) -> list[Link]:
        return [Link(category.name, category.get_absolute_url()) for category in top_categories()]

    @property
    def _gift_cards(self) -> list[Link]:
        return [Link("Gift cards", self.gift_card_url)] if self.gift_card_url else []

    @property
    def _rows(self) -> Sequence[Mapping[str, Any]]:
        return getattr(self.store, "menu_entries", ())


@transaction.atomic
def start_menu(place: str, menus: Menus) -> Menu:
    """Write the automatic menu of this place as rows that staff can change; return the first of them."""
    if existing := Menu.objects.filter(place=place).first():
        return existing
    header = menus.automatic_header
    columns = menus.automatic_footer
    if place == Menu.Place.HEADER:
        columns = [Column("", [*header.start, *header.end, *header.rest])]
    made = []
    for position, column in enumerate(columns, start=1):
        made.append(Menu.objects.create(place=place, position=position, title=column.title))
        _write_entries(made[-1], column.links)
    return made[0]


def _write_entries(menu: Menu, links: Iterable[Link]) -> None:
    for position, link in enumerate(links, start=1):
        try:
            target = find_target(link.url)
        except MenuRefused:
            continue  # a page that the shop does not have
        named = next((target[kind] for kind in MenuEntry.TARGETS if target.get(kind)), None)
        name = str(getattr(named, "name", "") or getattr(named, "title", ""))
        MenuEntry.objects.create(menu=menu, position=position, label="" if link.label == name else link.label, **target)


def own_links(rows: Iterable[Mapping[str, Any]], market: Market, gift_card_url: str) -> list[Link]:
    """These entries as links of the market. Gift cards are left out if the market does not sell them."""
    links = []
    for row in rows:
        label = row["labels"].get(market.code) if market.prefix else ""
        if url := _url(row, gift_card_url):
            links.append(Link(label or row["label"] or row["name"] or _default_name(row), url))
    return links


def own_columns(rows: Iterable[Mapping[str, Any]], market: Market, gift_card_url: str) -> list[Column]:
    """These entries of the footer as columns. Columns without links are left out."""
    columns: dict[int, list[Mapping[str, Any]]] = {}
    for row in rows:
        columns.setdefault(row["menu"], []).append(row)
    found = []
    for entries in columns.values():
        title = (entries[0]["titles"].get(market.code) if market.prefix else "") or entries[0]["title"]
        if links := own_links(entries, market, gift_card_url):
            found.append(Column(title, links))
    return found


def header_of(links: Sequence[Link]) -> Header:
    """A header with these links. A single link is never alone under "More"."""
    shown = SHOWN_LINKS if len(links) > SHOWN_LINKS + 1 else SHOWN_LINKS + 1
    return Header(links[:shown], links[shown:])


def _url(row: Mapping[str, Any], gift_card_url: str) -> str:
    match row["kind"]:
        case MenuEntry.Kind.GIFT_CARDS:
            return gift_card_url
        case MenuEntry.Kind.PAGE:
            return reverse("catalog:page", args=[row["section"], row["slug"]])
        case MenuEntry.Kind.PATH:
            return path_here(row["slug"])
        case kind:
            return reverse(f"catalog:{kind}", args=[row["slug"]])


def path_here(path: str) -> str:
    """The path below the prefix of the current market. URLs of other sites stay as they are."""
    return (
        path if path.startswith(("https://", "http://", MAILTO)) else reverse("catalog:home") + path.removeprefix("/")
    )


def _default_name(row: Mapping[str, Any]) -> str:
    return "Gift cards" if row["kind"] == MenuEntry.Kind.GIFT_CARDS else row["slug"]


def find_target(text: str) -> dict[str, Any]:
    """The fields of an entry that links to what staff typed: a path, a URL, or the name of a category, collection or page.

    Raises MenuRefused, with a sentence for staff, if there is nothing to link to.
    """
    text = text.strip().removeprefix(settings.SHOP_URL)
    nothing = {"kind": MenuEntry.Kind.PATH, "path": "", **dict.fromkeys(MenuEntry.TARGETS)}
    if text.casefold() in (GIFT_CARDS, "gift cards"):
        return {**nothing, "kind": MenuEntry.Kind.GIFT_CARDS}
    if text.startswith(MAILTO):
        _check_mailto(text)
        return {**nothing, "path": text}
    scheme, separator, rest = text.partition("://")
    if separator and scheme.lower() in SCHEMES:
        text = f"{scheme.lower()}://{rest}"
        if sentence := url_refusal(text):
            raise MenuRefused(sentence)
        return {**nothing, "path": text}
    if has_hidden_characters(text):
        raise MenuRefused("A path has no backslash and no characters that nobody sees. Type it again.")
    if not text.startswith("/") or text.startswith("//"):
        return {**nothing, **_named(text)}
    path, separator, query = text.partition("?")
    for market in further_markets():
        path = path.removeprefix(f"/{market.prefix}") if path.startswith(f"/{market.prefix}/") else path
    return {**nothing, **_target_at(path, separator + query)}


def _check_mailto(text: str) -> None:
    address = text.removeprefix(MAILTO).partition("?")[0]
    try:
        validate_email(address)
    except ValidationError as error:
        raise MenuRefused(f"“{address}” is not an e-mail address.") from error
    if has_hidden_characters(text):
        raise MenuRefused(f"“{address}” is followed by a character that no URL may have. Type it again.")


def _named(text: str) -> dict[str, Any]:
    names = {"category": (Category, "name"), "collection": (Collection, "name"), "page": (Page, "title")}
    for kind, (model, field) in names.items():
        found = list(model._default_manager.filter(**{f"{field}__iexact": text})[:2])
        if len(found) == 1:
            return {"kind": kind, kind: found[0]}
    raise MenuRefused(f"There is no category, collection or page “{text}”. Choose one from the list, or enter a path.")


def _target_at(path: str, query: str) -> dict[str, Any]:
    missing = MenuRefused(f"There is no page at {path}.")
    try:
        match = resolve(path)
    except Resolver404 as error:
        raise missing from error
    models: dict[str, Any] = {
        "catalog:category": ("category", Category.objects.filter(**_fields(match.kwargs, "path"))),
        "catalog:collection": ("collection", Collection.objects.filter(**_fields(match.kwargs, "slug"))),
        "catalog:page": ("page", Page.objects.filter(**_fields(match.kwargs, "section", "slug"))),
        "catalog:product": ("product", Product.objects.filter(**_fields(match.kwargs, "slug"))),
    }
    if match.view_name in models:
        kind, rows = models[match.view_name]
        if not (target := rows.first()):
            raise missing
        return _gift_cards(target) or {"kind": kind, kind: target}
    policy = policy_of_view(match.func)
    if not (policy and policy.is_per_market):
        raise MenuRefused(f"{path} is not a page for shoppers.")
    return {"path": path + query}


def _gift_cards(target: Any) -> dict[str, Any] | None:
    """The entry for the shop's gift card, if this is it, so that the link follows a change of the settings."""
    is_card = isinstance(target, Product) and Store.objects.filter(gift_card=target).exists()
    return {"kind": MenuEntry.Kind.GIFT_CARDS} if is_card else None


def _fields(values: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: values.get(name, "") for name in names}


def suggested_targets() -> list[tuple[str, str]]:
    """Paths and names that an entry can link to: the shop's own pages first."""
    fixed = [("/", "Home page"), ("/c/sale/", "Sale"), (GIFT_CARDS, "Gift cards")]
    orders = [("/orders/find/", "Find your order"), ("/account/", "Account")]
    pages = [(page.get_absolute_url(), page.title) for page in Page.objects.all()[:MAX_SUGGESTED]]
    active = Collection.objects.filter(is_active=True)[:MAX_SUGGESTED]
    collections = [(collection.get_absolute_url(), collection.name) for collection in active]
    categories = Category.objects.order_by("path")[:MAX_SUGGESTED]
    return [*fixed, *orders, *pages, *collections, *[(each.get_absolute_url(), str(each)) for each in categories]]
