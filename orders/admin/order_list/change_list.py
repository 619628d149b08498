"""Django's change list for orders: tabs, keyset pages, filters of its own and a search that uses indexes."""

from dataclasses import dataclass, replace
from functools import cached_property, reduce
from typing import Any

from django.contrib.admin.views.main import ChangeList
from django.core.cache import caches
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict

from catalog.capped_counts import MANY, MANY_SECONDS, capped_counts, shown_count
from catalog.keyset import Keyset
from orders import worklists
from orders.admin.order_list.filters import OrderFilters
from orders.admin.order_list.rows import Row, rows_of
from orders.admin.order_list.tabs import ALL_TAB, SHIP_TAB, TABS, Tab
from orders.admin.order_page.panels import SEE_CUSTOMER
from orders.bulk_actions import BulkAction, actions_for
from orders.models import SavedView
from orders.order_search import matches
from orders.saved_views import SHARE, normalized, views_for

TAB, AFTER, BEFORE, SORT, SEARCH = "tab", "after", "before", "sort", "q"
OLDEST, NEWEST = "oldest", "newest"
PLACES = (AFTER, BEFORE)
PER_PAGE = 50
EXPORT = "orders.export_order"


@dataclass(frozen=True)
class TabLink:
    """A tab with its number of orders, as it is shown; an empty text without a number."""

    tab: Tab
    url: str
    is_current: bool
    count: str
    is_alarming: bool


@dataclass(frozen=True)
class ViewLink:
    """A saved view, and whether the list shows it and the user may delete it."""

    view: SavedView
    is_current: bool
    may_delete: bool


@dataclass(frozen=True)
class Empty:
    """What stands in place of the rows of an empty list, with a link to another list."""

    title: str
    text: str
    url: str
    link: str
    icon: str = "ok"


COUNTS = "order-counts"  # of the cache
NOTHING_FOUND = Empty(
    "No order matches", "Check the spelling, or remove a filter.", f"?{TAB}={ALL_TAB.code}", "Show all orders", "search"
)


class OrderChangeList(ChangeList):
    """The order list. `page`, `rows`, `tab_links` and `filters` are what its template shows."""

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.request = request
        self.filters = OrderFilters(request.GET)
        super().__init__(request, *args, **kwargs)
        self.title = "Orders"

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        """Return the lookups of Django's own kind, without the parameters of this list."""
        own = {TAB, AFTER, BEFORE, SORT, *self.filters.fields}
        return {name: value for name, value in super().get_filters_params(params).items() if name not in own}

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet:
        """Return the filtered orders. The tab and the search are applied to each page."""
        query, self.query = self.query, ""
        rows = super().get_queryset(request, exclude_parameters)
        self.query = query
        return self.filters.applied_to(rows)

    def get_ordering(self, request: HttpRequest, queryset: QuerySet) -> list[str]:
        return []  # each page sorts by the columns of its index

    @cached_property
    def tab(self) -> Tab:
        """The chosen tab. Whoever searches or filters without choosing one looks for any order."""
        chosen = TABS.get(self.request.GET.get(TAB, ""))
        return chosen or (ALL_TAB if self.is_narrowed else SHIP_TAB)

    @property
    def is_narrowed(self) -> bool:
        """Whether a search or a filter is applied."""
        return bool(self.query.strip() or self.filters.chosen or self.get_filters_params())

    @property
    def is_newest_first(self) -> bool:
        sort = self.request.GET.get(SORT)
        return sort == NEWEST if sort in (OLDEST, NEWEST) else self.tab.is_newest_first

    def get_results(self, request: HttpRequest) -> None:
        """Read one page after or before the cursor in the URL."""
        keyset = Keyset("placed_at", PER_PAGE, is_newest_first=self.is_newest_first)
        places = {name: request.GET.get(name, "") for name in PLACES}
        self.page = keyset.page(self.queryset, self.parts, **places)
        self.result_list = self.page.rows
        self.result_count = len(self.page.rows)
        self.show_full_result_count = False
        self.full_result_count = None
        self.show_admin_actions = False
        self.can_show_all = False
        self.multi_page = bool(self.page.previous or self.page.next)
        self.paginator = Paginator(self.page.rows, PER_PAGE)

    @cached_property
    def parts(self) -> list[QuerySet]:
        """The orders of the list: those of the tab, or, with a search, one part for each thing that it can mean."""
        orders = self.queryset & self.tab.orders()
        if not self.query.strip():
            return [orders]
        return [orders.filter(condition) for condition in matches(self.query, sees_customers=self.sees_customer)]

    @property
    def matching(self) -> QuerySet:
        """All orders of the list."""
        if len(self.parts) == 1:
            return self.parts[0]
        ids = [part.order_by().values("pk") for part in self.parts]
        return self.queryset.filter(pk__in=reduce(QuerySet.union, ids)) if ids else self.queryset.none()

    @cached_property
    def rows(self) -> list[Row]:
        """The orders of the page, in words."""
        return rows_of(self.page.rows, self.request.user)

    @cached_property
    def counts(self) -> dict[str, int]:
        """The numbers of orders of the counted tabs, and of those that are late or to be shipped today.

        If there are many, the numbers may be a minute old.
        """
        if kept := caches["process"].get(COUNTS):
            return kept
        lists = {tab.code: tab.orders() for tab in TABS.values() if tab.is_counted}
        lists |= {"late": worklists.late_to_ship(), "today": worklists.to_ship_today()}
        counts = dict(zip(lists, capped_counts(list(lists.values())), strict=True))
        if max(counts.values()) > MANY:
            caches["process"].set(COUNTS, counts, MANY_SECONDS)
        return counts

    @property
    def tab_links(self) -> list[TabLink]:
        """The tabs, with the number of orders of each."""
        return [
            TabLink(
                tab,
                self.url_with(**{TAB: tab.code}),
                tab is self.tab,
                shown_count(self.counts[tab.code]) if tab.is_counted and self.counts[tab.code] else "",
                tab.is_urgent,
            )
            for tab in TABS.values()
        ]

    @property
    def summary(self) -> str:
        """What is most urgent: `3 late, 4 to ship today`."""
        parts = [
            f"{shown_count(self.counts[code])} {words}"
            for code, words in (("late", "late"), ("today", "to ship today"))
            if self.counts[code]
        ]
        return ", ".join(parts) or "No order is late"

    @property
    def next_url(self) -> str:
        return self.url_with(**{AFTER: self.page.next}) if self.page.next else ""

    @property
    def previous_url(self) -> str:
        return self.url_with(**{BEFORE: self.page.previous}) if self.page.previous else ""

    @property
    def shown(self) -> str:
        """How many orders there are, as far as that is known without counting: `50 of 1,204 orders`."""
        count = self.counts.get(self.tab.code)
        if self.is_narrowed or count is None or not self.multi_page:
            return f"{self.result_count} on this page"
        return f"{self.result_count} of {shown_count(count)}"

    @property
    def sort_links(self) -> list[tuple[str, str, bool]]:
        """The label, the URL and whether it is used, of each way to sort."""
        return [
            ("Oldest first", self.url_with(**{SORT: OLDEST}), not self.is_newest_first),
            ("Newest first", self.url_with(**{SORT: NEWEST}), self.is_newest_first),
        ]

    @property
    def sorted_by(self) -> str:
        return "Newest first" if self.is_newest_first else "Oldest first"

    @property
    def sees_customer(self) -> bool:
        """Whether the user may see customers, and search by what is known of them."""
        return bool(self.request.user.has_perm(SEE_CUSTOMER))

    @property
    def search_hint(self) -> str:
        """What the search box finds, for its placeholder."""
        known = "Number, name, e-mail, SKU, postcode or tracking number"
        return known if self.sees_customer else "Number, SKU or tracking number"

    @property
    def empty(self) -> Empty:
        """What stands in place of the rows."""
        if self.is_narrowed:
            return NOTHING_FOUND
        back = Empty("", "", "?", "Back to orders to ship") if self.tab is not SHIP_TAB else NOTHING_FOUND
        return replace(back, title=self.tab.empty_title, text=self.tab.empty_text, icon="ok")

    @property
    def here(self) -> str:
        """The part of this page's URL after its path."""
        return f"?{self.request.GET.urlencode()}"

    @property
    def export_query(self) -> str:
        """The parameters that export this list."""
        return self.url_with(**{TAB: self.tab.code})

    @property
    def query_text(self) -> str:
        """The parameters of the list as a saved view keeps them."""
        return normalized(self._parameters().urlencode())

    @cached_property
    def view_links(self) -> list[ViewLink]:
        """The saved views that the user sees."""
        user = self.request.user
        return [
            ViewLink(
                view,
                view.query == self.query_text,
                view.owner_id == user.pk or (view.is_shared and user.has_perm(SHARE)),
            )
            for view in views_for(user)
        ]

    @property
    def may_share(self) -> bool:
        return bool(self.request.user.has_perm(SHARE))

    @property
    def may_export(self) -> bool:
        return bool(self.request.user.has_perm(EXPORT))

    @property
    def bulk_actions(self) -> list[BulkAction]:
        """What the user may do with many orders at once."""
        return actions_for(self.request.user)

    @property
    def unfiltered_url(self) -> str:
        return self.url_with(**dict.fromkeys(self.filters.fields, ""))

    @property
    def kept(self) -> list[tuple[str, str]]:
        """The parameters that a new search keeps."""
        return [(name, value) for name, value in self._parameters().items() if name not in (SEARCH, TAB)]

    def url_with(self, **changes: str) -> str:
        """The URL of this list with these parameters changed, from its first page on."""
        return f"?{self._parameters(**changes).urlencode()}"

    def _parameters(self, **changes: str) -> QueryDict:
        """The parameters of the request and these, without empty ones and the place in the list."""
        given = {**self.request.GET.dict(), **dict.fromkeys((*PLACES, "e"), ""), **changes}
        parameters = QueryDict(mutable=True)
        parameters.update({name: value for name, value in given.items() if value})
        return parameters
