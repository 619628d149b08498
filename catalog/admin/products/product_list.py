"""Django's change list for products: tabs, filters above the list, and rows with what staff look for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.contrib.admin.views.main import ChangeList
from django.core.cache import caches
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

from catalog.admin.products.filters import FilterField, filter_fields
from catalog.admin.products.product_rows import Row, rows_of
from catalog.capped_counts import MANY, MANY_SECONDS, capped_counts, shown_count
from catalog.models import Product
from catalog.products import worklists

SORT, PAGE, STATUS, STOCK = "sort", "p", "status__exact", "stock"
COUNTS = "product-counts"  # of the cache
MAX_PAGES = 200  # later products are found by search, filters and sorting, because late pages are slow
# Sort → its label and its columns, which an index has.
SORTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "": ("Order of the shop", ("position", "pk")),
    "newest": ("Newest first", ("-pk",)),
    "sales": ("Best sellers first", ("-sales", "-pk")),
}


@dataclass(frozen=True)
class Tab:
    """A list of products, by the parameters of its URL. `is_urgent` colours its number."""

    label: str
    params: dict[str, str]
    products: Callable[[], QuerySet[Product]]
    is_urgent: bool = False
    is_optional: bool = False  # shown only if it has products


def _with_status(status: Product.Status, *, is_optional: bool = False) -> Tab:
    label = "Withdrawn" if status == Product.Status.WITHDRAWN else status.name.capitalize()
    return Tab(label, {STATUS: status.value}, lambda: Product.objects.filter(status=status), is_optional=is_optional)


TABS = (
    Tab("All", {}, Product.objects.not_withdrawn),
    _with_status(Product.Status.ACTIVE),
    _with_status(Product.Status.DRAFT),
    _with_status(Product.Status.UNLISTED, is_optional=True),
    _with_status(Product.Status.ARCHIVED),
    _with_status(Product.Status.WITHDRAWN, is_optional=True),
    Tab("Sold out", {STATUS: Product.Status.ACTIVE.value, STOCK: "out"}, worklists.sold_out, is_urgent=True),
)


@dataclass(frozen=True)
class TabLink:
    """A tab with its number of products, as it is shown; an empty text for none."""

    tab: Tab
    url: str
    is_current: bool
    count: str


class ProductChangeList(ChangeList):
    """The product list. Its template shows `rows`, `tab_links` and `filter_fields`."""

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.request = request
        super().__init__(request, *args, **kwargs)
        self.title = "Products"

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        return {name: value for name, value in super().get_filters_params(params).items() if name != SORT}

    def get_ordering(self, request: HttpRequest, queryset: QuerySet) -> list[str]:
        return list(SORTS[self.sort][1])

    def get_results(self, request: HttpRequest) -> None:
        """Read one page, and whether there is another one, without counting."""
        self.page_num = min(max(self.page_num, 1), MAX_PAGES)
        first = (self.page_num - 1) * self.list_per_page
        found = list(self.queryset[first : first + self.list_per_page + 1])
        self.has_next = len(found) > self.list_per_page and self.page_num < MAX_PAGES
        self.result_list = found[: self.list_per_page]
        self.result_count = len(self.result_list)
        self.show_full_result_count = False
        self.full_result_count = None
        self.show_admin_actions = True
        self.can_show_all = False
        self.multi_page = self.has_next or self.page_num > 1
        self.paginator = Paginator(self.result_list, self.list_per_page)

    @property
    def sort(self) -> str:
        chosen = self.request.GET.get(SORT, "")
        return chosen if chosen in SORTS else ""

    @cached_property
    def rows(self) -> list[Row]:
        """The products of the page, in words."""
        return rows_of(self.result_list)

    @cached_property
    def tab_links(self) -> list[TabLink]:
        counts = self._counts()
        chosen = {name: value for name in (STATUS, STOCK) if (value := self.request.GET.get(name))}
        return [
            TabLink(tab, self._url(tab), tab.params == chosen, shown_count(count) if count else "")
            for tab, count in zip(TABS, counts, strict=True)
            if count or not tab.is_optional
        ]

    def _counts(self) -> list[int]:
        """The number of products of each tab, which may be a minute old if there are many."""
        if kept := caches["process"].get(COUNTS):
            return kept
        counts = capped_counts([tab.products() for tab in TABS])
        if max(counts) > MANY:
            caches["process"].set(COUNTS, counts, MANY_SECONDS)
        return counts

    def _url(self, tab: Tab) -> str:
        return self.get_query_string(tab.params, [STATUS, STOCK, PAGE])

    @cached_property
    def filter_fields(self) -> list[FilterField]:
        return filter_fields(self)

    @property
    def chosen_filters(self) -> list[tuple[str, str]]:
        """Each filter that is applied, in words, with the URL of the list without it."""
        return [
            (f"{field.label}: {field.shown_value}", self.get_query_string(remove=[field.name, PAGE]))
            for field in self.filter_fields
            if field.value and not (field.name == STOCK and self.current_tab == "Sold out")
        ]

    @property
    def _current_link(self) -> TabLink | None:
        return next((link for link in self.tab_links if link.is_current), None)

    @property
    def current_tab(self) -> str:
        return self._current_link.tab.label if self._current_link else ""

    @property
    def sort_links(self) -> list[tuple[str, str, bool]]:
        """The label, the URL and whether it is used, of each way to sort."""
        return [
            (label, self.get_query_string({SORT: code} if code else {}, [PAGE, SORT]), code == self.sort)
            for code, (label, _columns) in SORTS.items()
        ]

    @property
    def sorted_by(self) -> str:
        return SORTS[self.sort][0]

    @property
    def kept_by_search(self) -> Sequence[tuple[str, str]]:
        """The parameters that a new search keeps."""
        return [(name, value) for name, value in self.request.GET.items() if name not in (PAGE, "q", "e") and value]

    @property
    def kept_by_filters(self) -> Sequence[tuple[str, str]]:
        """The parameters that newly chosen filters keep."""
        names = {field.name for field in self.filter_fields}
        return [(name, value) for name, value in self.kept_by_search if name not in names] + (
            [("q", self.query)] if self.query else []
        )

    @property
    def is_narrowed(self) -> bool:
        return bool(self.query or self.get_filters_params())

    @property
    def shown(self) -> str:
        """`51–100 of 1,204`, or `51–100` where the products are not counted."""
        first = (self.page_num - 1) * self.list_per_page
        places = f"{first + 1:,}–{first + self.result_count:,}"
        is_counted = self.current_tab and not self.query and not self.chosen_filters
        return f"{places} of {self._current_link.count}" if is_counted and self._current_link else places

    @property
    def previous_url(self) -> str:
        return self.get_query_string({PAGE: self.page_num - 1}) if self.page_num > 1 else ""

    @property
    def next_url(self) -> str:
        return self.get_query_string({PAGE: self.page_num + 1}) if self.has_next else ""
