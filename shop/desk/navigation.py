"""The navigation of the desk: one list, by what staff want to do. Models that it does not name stand under Records."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from django.contrib.admin import AdminSite
from django.db.models.options import Options
from django.http import HttpRequest
from django.urls import reverse

from payments.reports.all_reports import REPORTS
from shop.desk.list_texts import list_title

SEE_REPORTS = "payments.view_reports"


@dataclass(frozen=True)
class Link:
    """A page of the desk. Users without the permission do not see it; an empty permission is for all staff."""

    label: str
    url_name: str
    permission: str = ""
    url: str = ""
    is_current: bool = False
    is_this_page: bool = False
    arguments: tuple[str, ...] = ()  # of the URL

    @property
    def current(self) -> str:
        """The value of `aria-current`."""
        return "page" if self.is_this_page else "true"


@dataclass(frozen=True)
class Section:
    """A heading of the navigation. It leads to the first of its pages that the user may see; `key` follows `g`."""

    label: str
    icon: str
    key: str
    pages: tuple[Link, ...]
    links: list[Link] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.links[0].url

    @property
    def is_current(self) -> bool:
        return any(link.is_current for link in self.links)

    @property
    def is_open(self) -> bool:
        """Whether its pages are listed below it: the current one is among several."""
        return self.is_current and len(self.links) > 1

    @property
    def current(self) -> str:
        return "page" if self.links[0].is_this_page else "true"


def models(app: str, *names: str) -> tuple[Link, ...]:
    """Links to the lists of models, each `name` or `name:Label`."""
    links = []
    for name in names:
        model, _, label = name.partition(":")
        label = label or f"{model}s".capitalize()
        links.append(Link(label, f"admin:{app}_{model}_changelist", f"{app}.view_{model}"))
    return tuple(links)


HOME_KEY = "h"
SETTINGS = Section(
    "Settings",
    "gear",
    "e",
    (
        Link("All settings", "admin:settings"),
        *models("catalog", "store:Store", "location"),
        *models("orders", "shippingmethod:Delivery", "shippingzone:Delivery zones", "closingday:Closing days"),
        *models("orders", "taxregion:Tax regions", "taxrate:Tax rates"),
        *models("payments", "offlinemethod:Payment methods", "refundlimit:Refund limits"),
        *models("accounts", "staff:Staff and roles"),
        *models("admin", "logentry:Changes"),
    ),
)
SECTIONS = (
    Section("Home", "home", HOME_KEY, (Link("Home", "admin:index"),)),
    Section(
        "Orders",
        "orders",
        "o",
        (*models("orders", "order", "orderrun:Runs"), *models("payments", "refundrequest:Refunds", "dispute")),
    ),
    Section(
        "Products",
        "tag",
        "p",
        (
            *models("catalog", "product", "category:Categories", "collection", "attribute", "attributevalue:Values"),
            *models("catalog", "producttype:Product types", "review", "run:Imports and edits"),
        ),
    ),
    Section(
        "Stock",
        "stock",
        "s",
        (
            *models("catalog", "stock:Stock"),
            Link("Receive goods", "admin:catalog_stock_receive", "catalog.change_on_hand_stock"),
            *models("catalog", "purchaseorder:Purchase orders", "receipt:Deliveries", "stocktake:Counts", "transfer"),
            *models("catalog", "stockmovement:Movements"),
        ),
    ),
    Section(
        "Customers",
        "person",
        "c",
        (*models("orders", "customer"), *models("accounts", "user:Accounts"), *models("auth", "group")),
    ),
    Section("Promotions", "promo", "m", (*models("orders", "promotion", "coupon:Codes", "giftcard:Gift cards"),)),
    Section("Content", "page", "n", models("catalog", "page", "menu", "redirect", "synonym", "swatch:Swatches")),
    Section(
        "Reports",
        "chart",
        "r",
        tuple(Link(report.title, "admin:report", SEE_REPORTS, arguments=(code,)) for code, report in REPORTS.items())
        + (
            *models("payments", "payout"),
            Link("Books", "admin:books", SEE_REPORTS),
            Link("By e-mail", "admin:report_mails", SEE_REPORTS),
        ),
    ),
    SETTINGS,
)


def stands_in_settings(options: Options) -> bool:
    """Whether the list of this model is one of the settings."""
    name = f"admin:{options.app_label}_{options.model_name}_changelist"
    return any(link.url_name == name for link in SETTINGS.pages)


@dataclass(frozen=True)
class Navigation:
    """What one user sees of the navigation on one page."""

    sections: list[Section]
    records: list[Link]

    @property
    def is_in_records(self) -> bool:
        return any(link.is_current for link in self.records)


def navigation(site: AdminSite, request: HttpRequest) -> Navigation:
    """The sections and records that the user may see, with the current page marked. Runs no query of its own."""
    sections = [replace(section, links=_visible(section.pages, request)) for section in SECTIONS]
    # A link for all staff leads to what the other links show, so it does not open a section alone.
    shown = [section for section in sections if any(link.permission for link in section.links)]
    return Navigation(
        [section for section in sections if section in shown or section.key == HOME_KEY],
        _visible(_records(site), request),
    )


def _visible(links: Iterable[Link], request: HttpRequest) -> list[Link]:
    user: Any = request.user
    shown = [link for link in links if not link.permission or user.has_perm(link.permission)]
    placed = [_placed(link, request.path) for link in shown]
    # “Receive goods” is below the URL of “Stock”: only the closest one is marked.
    closest = max((len(link.url) for link in placed if link.is_current), default=0)
    return [replace(link, is_current=link.is_current and len(link.url) == closest) for link in placed]


def _placed(link: Link, path: str) -> Link:
    url = reverse(link.url_name, args=link.arguments)
    is_home = link.url_name == "admin:index"
    is_current = path == url or (not is_home and path.startswith(url))
    return replace(link, url=url, is_current=is_current, is_this_page=path == url)


def _records(site: AdminSite) -> list[Link]:
    """The lists of the models that have no place in a section."""
    named = {link.url_name for section in SECTIONS for link in section.pages}
    links = [
        Link(list_title(options), name, f"{options.app_label}.view_{options.model_name}")
        for options in (model._meta for model in site._registry)
        if (name := f"admin:{options.app_label}_{options.model_name}_changelist") not in named
    ]
    return sorted(links, key=lambda link: link.label)
