"""The list of promotions: tabs, what each does in a sentence, and how often it was used."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.contrib.admin.views.main import ChangeList
from django.core.cache import caches
from django.core.paginator import Paginator
from django.db.models import BigIntegerField, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, QueryDict
from django.utils import timezone

from catalog.admin.search import folded_words
from catalog.capped_counts import MANY, MANY_SECONDS, MAX_COUNTED, capped_counts, shown_count
from catalog.formats import money
from catalog.markets import market_of
from orders.models import Coupon, Promotion, PromotionUse
from orders.promotions import plain_code
from orders.promotions.states import ENDED, OFF, PLANNED, RUNNING, STATES, state_of
from orders.promotions.wording import names_of, sentence, with_names

SEE_CODES = "orders.see_code_coupon"
TAB, AFTER, BEFORE, ALL = "tab", "after", "before", "all"
PER_PAGE = 25
COUNTS = "promotion-counts"  # of the cache
TABS = {RUNNING: "Running", PLANNED: "Planned", ENDED: "Ended", OFF: "Off", ALL: "All"}
BADGES = {RUNNING: ("On", "ok"), PLANNED: ("Planned", "info open"), ENDED: ("Ended", ""), OFF: ("Off", "open")}
EMPTY = {
    RUNNING: "No promotion is running.",
    PLANNED: "No promotion is planned.",
    ENDED: "No promotion has ended.",
    OFF: "Every promotion is switched on.",
    ALL: "There is no promotion yet.",
}


class _OfUses(Subquery):
    """A sum or a number of the uses that orders hold, at most MAX_COUNTED and one more of them."""

    def __init__(self, expression: str, output_field: Any) -> None:
        held = PromotionUse.objects.filter(promotion=OuterRef("pk"), given_back_at=None).order_by()
        super().__init__(held.values("saved_minor")[: MAX_COUNTED + 1], output_field=output_field)
        self.template = f"(SELECT {expression} FROM (%(subquery)s) AS held)"  # noqa: S608  (our own text)


@dataclass(frozen=True)
class TabLink:
    label: str
    url: str
    count: str
    is_current: bool


@dataclass(frozen=True)
class Row:
    """A promotion in words."""

    promotion: Promotion
    sentence: str
    used: str
    given: str
    state: str
    look: str


def _row(promotion: Any, now: Any, *, sees_codes: bool) -> Row:
    is_more = promotion.held_uses > MAX_COUNTED
    limit = f" of {promotion.most_uses:,}" if promotion.most_uses is not None else ""
    given = money(promotion.held_minor or 0, market_of(promotion.market).currency)
    word, look = BADGES[state_of(promotion, now)]
    return Row(
        promotion,
        sentence(promotion, names_of(promotion, sees_codes=sees_codes)),
        f"{shown_count(promotion.held_uses)}{limit}",
        f"more than {given}" if is_more else given,
        word,
        look,
    )


class PromotionChangeList(ChangeList):
    """Django's list with tabs, and with pages that each begin after the last promotion of the one before."""

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.request = request
        self.now = timezone.now()
        super().__init__(request, *args, **kwargs)
        self.title = "Promotions"

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        own = {TAB, AFTER, BEFORE}
        return {name: value for name, value in super().get_filters_params(params).items() if name not in own}

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet:
        """The promotions of the tab that match the search, of which get_results() reads one page."""
        rows = self.root_queryset.order_by("-pk")
        rows = rows.filter(STATES[self.tab](self.now)) if self.tab in STATES else rows
        return rows.filter(self._search()) if self.words else rows

    @cached_property
    def words(self) -> str:
        return self.query.strip()

    @cached_property
    def tab(self) -> str:
        chosen = self.request.GET.get(TAB, "")
        return chosen if chosen in TABS else ALL if self.words or self.request.method == "POST" else RUNNING

    def _search(self) -> Q:
        """Promotions by the words of their name, or by a code."""
        coupons = Coupon.objects.filter(code=plain_code(self.words)[:40])
        return folded_words("name", self.words) | Q(pk__in=list(coupons.values_list("promotion", flat=True)))

    def get_ordering(self, request: HttpRequest, queryset: QuerySet) -> list[str]:
        return ["-pk"]

    def get_results(self, request: HttpRequest) -> None:
        after, before = (request.GET.get(name, "") for name in (AFTER, BEFORE))
        rows = with_names(self.queryset).annotate(
            held_uses=_OfUses("count(*)", IntegerField()),
            held_minor=_OfUses("sum(saved_minor)::bigint", BigIntegerField()),
        )
        if is_number(before):
            page = list(rows.filter(pk__gt=before).order_by("pk")[: PER_PAGE + 1])
            self.has_previous, self.has_next = len(page) > PER_PAGE, True
            page = page[:PER_PAGE][::-1]
        else:
            page = list((rows.filter(pk__lt=after) if is_number(after) else rows)[: PER_PAGE + 1])
            self.has_previous, self.has_next = is_number(after), len(page) > PER_PAGE
            page = page[:PER_PAGE]
        self.result_list = page
        self.result_count = len(page)
        self.show_full_result_count = False
        self.full_result_count = None
        self.show_admin_actions = False
        self.can_show_all = False
        self.multi_page = self.has_previous or self.has_next
        self.paginator = Paginator(page, PER_PAGE)

    @cached_property
    def rows(self) -> Sequence[Row]:
        sees_codes = self.request.user.has_perm(SEE_CODES)
        return [_row(promotion, self.now, sees_codes=sees_codes) for promotion in self.result_list]

    @cached_property
    def tab_links(self) -> list[TabLink]:
        counts = self._counts()
        return [
            TabLink(label, self._url(tab), shown_count(counts[tab]) if counts.get(tab) else "", tab == self.tab)
            for tab, label in TABS.items()
        ]

    def _counts(self) -> dict[str, int]:
        """The number of promotions in each state, which may be a minute old if there are many."""
        if kept := caches["process"].get(COUNTS):
            return kept
        lists = [Promotion.objects.filter(of(self.now)) for of in STATES.values()]
        counts = dict(zip(STATES, capped_counts(lists), strict=True))
        if max(counts.values()) > MANY:
            caches["process"].set(COUNTS, counts, MANY_SECONDS)
        return counts

    @property
    def empty(self) -> str:
        return "No promotion matches." if self.words else EMPTY[self.tab]

    @property
    def next_url(self) -> str:
        return (
            self._url(self.tab, **{AFTER: str(self.result_list[-1].pk)}) if self.has_next and self.result_list else ""
        )

    @property
    def previous_url(self) -> str:
        is_possible = self.has_previous and self.result_list
        return self._url(self.tab, **{BEFORE: str(self.result_list[0].pk)}) if is_possible else ""

    def _url(self, tab: str, **place: str) -> str:
        parameters = QueryDict(mutable=True)
        parameters.update({TAB: tab, **({"q": self.words} if self.words else {}), **place})
        return f"?{parameters.urlencode()}"


def is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19
