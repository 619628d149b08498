"""Lists of purchase orders, deliveries, transfers and stocktakes: tabs, a search, and pages that cost the same anywhere."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.db.models import F, Model, Q, QuerySet, Window
from django.db.models.functions import RowNumber
from django.http import HttpRequest, HttpResponse

from catalog.admin.base import page, require_permission
from catalog.admin.stock.variants import shown_by_id, variants_by_code
from catalog.capped_counts import capped_counts, shown_count
from catalog.formats import moment
from catalog.keyset import Keyset, KeysetPage
from catalog.models import Location
from catalog.search_fields import search_condition

PAGE_SIZE = 50
ALL = "all"  # the code of the tab with all documents
MAX_PICTURES = 3
NUMBER = re.compile(r"(?:[a-z ]*[ #])?(\d{1,18})", re.ASCII | re.IGNORECASE)  # 7, #7, Transfer 7


@dataclass(frozen=True)
class Tab:
    """A part of a list. With statuses, it holds the documents with one of them, each read from the index of its status."""

    code: str
    label: str
    statuses: tuple[str, ...] = ()
    condition: Callable[[], Q] = Q
    is_urgent: bool = False

    def parts(self, rows: QuerySet) -> list[QuerySet]:
        rows = rows.filter(self.condition())
        return [rows.filter(status=status) for status in self.statuses] if self.statuses else [rows]

    def rows(self, rows: QuerySet) -> QuerySet:
        rows = rows.filter(self.condition())
        return rows.filter(status__in=self.statuses) if self.statuses else rows


@dataclass(frozen=True)
class Action:
    """A button of the list's head, for users with the permission. The main one is the last."""

    label: str
    url_name: str
    permission: str


@dataclass(frozen=True)
class Cell:
    """A value of a row. `css` says where it stands on the card of a phone; `badge` is the look of a badge in front."""

    label: str
    text: str = ""
    css: str = "c-half"
    small: str = ""
    look: str = ""

    @property
    def head(self) -> str:
        """The class of the cell's column."""
        return "num" if "num" in self.css else ""


@dataclass(frozen=True)
class Row:
    """One document of the list."""

    document: Any
    note: str
    cells: Sequence[Cell]
    state: str
    look: str
    at: datetime
    when: str
    urgency: str = ""
    pictures: Sequence[Any] = field(default_factory=list)


@dataclass(frozen=True)
class TabLink:
    tab: Tab
    url: str
    count: str
    is_current: bool


class ListForm(forms.Form):
    q = forms.CharField(required=False, max_length=255)
    location = forms.ModelChoiceField(Location.objects.all(), required=False, empty_label="All locations")

    def __init__(self, *args: Any, label: str, placeholder: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["q"].label = label
        self.fields["q"].widget = forms.TextInput(attrs={"type": "search", "placeholder": placeholder})


class DocumentList:
    """One page of the list that a request asks for. Each kind of document is a subclass."""

    model: ClassVar[Any]
    title: ClassVar[str]
    meta: ClassVar[str]
    placeholder: ClassVar[str] = "Number or SKU"
    empty: ClassVar[str]
    column: ClassVar[str]  # the time by which the list is sorted
    tabs: ClassVar[tuple[Tab, ...]]  # the first is open; one of them is ALL
    actions: ClassVar[tuple[Action, ...]]
    lines: ClassVar[Any]  # the model of its lines
    parent: ClassVar[str]  # the field of the lines that refers to the document
    texts: ClassVar[tuple[str, ...]] = ()  # fields that the search looks into
    places: ClassVar[tuple[str, ...]] = ("location",)
    related: ClassVar[tuple[str, ...]] = ("location", "user")

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.form = ListForm(request.GET, label=f"Search in {self.title.lower()}", placeholder=self.placeholder)
        self.form.is_valid()

    @property
    def text(self) -> str:
        return self.form.cleaned_data.get("q", "").strip()

    @cached_property
    def tab(self) -> Tab:
        """The tab of the URL. A search without one looks into all documents."""
        codes = {tab.code: tab for tab in self.tabs}
        return codes.get(self.request.GET.get("show", "")) or (codes[ALL] if self.text else self.tabs[0])

    @cached_property
    def page(self) -> KeysetPage:
        rows = self.model.objects.select_related(*self.related)
        if location := self.form.cleaned_data.get("location"):
            here = Q()
            for place in self.places:
                here |= Q(**{place: location})
            rows = rows.filter(here)
        parts = [part for found in self._searched(rows) for part in self.tab.parts(found)]
        after, before = (self.request.GET.get(name, "") for name in ("after", "before"))
        return Keyset(self.column, PAGE_SIZE).page(rows, parts, after=after, before=before)

    def _searched(self, rows: QuerySet) -> list[QuerySet]:
        """The rows that match the search, in parts: by number, by SKU or barcode, and by words."""
        if not self.text:
            return [rows]
        variants = [variant.pk for variant in variants_by_code([self.text])[self.text]]
        lines = self.lines.objects.filter(variant_id__in=variants)
        parts = [rows.filter(pk__in=lines.values(f"{self.parent}_id"))] if variants else []
        if number := NUMBER.fullmatch(self.text):
            parts.append(rows.filter(pk=int(number[1])))
        parts += [rows.filter(search_condition(self.model, [f"{name}__folds"], self.text)) for name in self.texts]
        return parts

    @cached_property
    def rows(self) -> list[Row]:
        documents = self.page.rows
        sums = self.sums([document.pk for document in documents]) if documents else {}
        pictures = self._pictures([document.pk for document in documents]) if documents else {}
        return [self.row(document, sums.get(document.pk, {}), pictures.get(document.pk, [])) for document in documents]

    def sums(self, ids: Sequence[int]) -> Mapping[int, Mapping[str, int]]:
        """Sums of the lines of these documents, by document."""
        raise NotImplementedError

    def row(self, document: Any, sums: Mapping[str, int], pictures: Sequence[Any]) -> Row:
        raise NotImplementedError

    def _pictures(self, ids: Sequence[int]) -> dict[int, list[Any]]:
        """The pictures of the first lines of each document."""
        place = Window(RowNumber(), partition_by=F(self.parent), order_by="pk")
        lines = self.lines.objects.filter(**{f"{self.parent}__in": ids}).annotate(place=place)
        first = list(lines.filter(place__lte=MAX_PICTURES).order_by("pk").values_list(f"{self.parent}_id", "variant"))
        shown = shown_by_id({variant for _, variant in first})
        pictures: dict[int, list[Any]] = {}
        for document, variant in first:
            if shown[variant].picture:
                pictures.setdefault(document, []).append(shown[variant].picture)
        return pictures

    @cached_property
    def tab_links(self) -> list[TabLink]:
        counts = capped_counts([tab.rows(self.model.objects.all()) for tab in self.tabs])
        return [
            TabLink(tab, self.url(show=tab.code), shown_count(count) if count else "", tab == self.tab)
            for tab, count in zip(self.tabs, counts, strict=True)
        ]

    @property
    def buttons(self) -> list[Action]:
        return [action for action in self.actions if self.request.user.has_perm(action.permission)]

    def url(self, **changes: str) -> str:
        names = ("q", "location", "show")
        kept = {name: value for name in names if (value := self.request.GET.get(name, ""))}
        return f"?{urlencode({name: value for name, value in {**kept, **changes}.items() if value})}"

    @property
    def previous_url(self) -> str:
        return self.url(show=self.tab.code, before=self.page.previous) if self.page.previous else ""

    @property
    def next_url(self) -> str:
        return self.url(show=self.tab.code, after=self.page.next) if self.page.next else ""


def list_page(model_admin: admin.ModelAdmin, request: HttpRequest, documents: type[DocumentList]) -> HttpResponse:
    """The list, for users who may see its documents."""
    options = documents.model._meta
    require_permission(request, f"{options.app_label}.view_{options.model_name}")
    shown = documents(request)
    context = {"title": shown.title, "list": shown, "change_url": f"admin:catalog_{options.model_name}_change"}
    return page(model_admin, request, "admin/catalog/stock/documents.html", context)


def told(document: Model, column: str) -> tuple[datetime, str]:
    """The time of a document, and in words."""
    at = getattr(document, column)
    return at, moment(at)


def name_of(user: Any) -> str:
    return user.get_full_name() if user else ""


def joined(parts: Iterable[str]) -> str:
    return " · ".join(filter(None, parts))
