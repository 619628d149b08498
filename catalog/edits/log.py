"""Reading the history as a whole, newest first: the admin's log, the changes of products, and what further apps add."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, Q, QuerySet
from django.utils.text import capfirst

from catalog.edits.history import parts_of
from catalog.folding import folded_text
from catalog.models import Change, Product

LINES_PER_PAGE = 50
MAX_PEOPLE = 100
SEPARATOR = "~"


@dataclass(frozen=True, order=True)
class Place:
    """Where an entry stands in the history. A page goes on below the place of its last entry."""

    at: datetime
    source: str
    pk: int

    def __str__(self) -> str:
        return SEPARATOR.join((self.at.isoformat(), self.source, str(self.pk)))

    @classmethod
    def read(cls, text: str) -> "Place | None":
        """The place from a URL, or None if it is none."""
        try:
            at, source, pk = text.split(SEPARATOR)
            place = cls(datetime.fromisoformat(at), source, int(pk))
        except ValueError:
            return None
        return place if place.at.tzinfo else None


@dataclass(frozen=True)
class Line:
    """An entry of the history for a page. `parts` are sentences with rows of [label, before, after]."""

    place: Place
    who: str
    kind: str
    subject: str
    model: type[Model] | None
    object_id: str
    parts: list[dict[str, Any]]
    run_id: int | None = None

    @property
    def at(self) -> datetime:
        return self.place.at


@dataclass(frozen=True)
class Wanted:
    """Which entries to read. `models` are those that the reader may see; an empty text or None does not restrict.

    Sources hide what the `reader` may not see from their entries.
    """

    models: Collection[type[Model]]
    reader: Any = None
    person: str = ""
    subject: str = ""
    object_id: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Source:
    """A table that is a history of its own, of the objects of one model.

    `rows` returns what is wanted of it and `line` an entry. `at` names the column of the time, and `letter` orders entries
    of the same moment.
    """

    letter: str
    model: type[Model]
    at: str
    rows: Callable[[Wanted], QuerySet]
    line: Callable[[Any, Place, Wanted], Line]


class LogSources:
    """All sources besides the admin's log, by letter. Apps above catalog add theirs in AppConfig.ready()."""

    def __init__(self) -> None:
        self.sources: dict[str, Source] = {}
        # Models without a model admin whose changes the admin's log contains, and the permission to read them.
        self.readable: dict[type[Model], str] = {}

    def add(self, source: Source) -> None:
        self.sources[source.letter] = source

    def add_model(self, model: type[Model], permission: str) -> None:
        self.readable[model] = permission


log_sources = LogSources()


def lines_of(wanted: Wanted, below: Place | None = None) -> tuple[list[Line], Place | None]:
    """One page of the history, and the place where the next one begins, or None if this is the last one."""
    chosen = [source for source in log_sources.sources.values() if source.model in wanted.models]
    entries = [_entries(wanted, below), *(_lines(source, wanted, below) for source in chosen)]
    lines = list(islice(merge(*entries, key=lambda line: line.place, reverse=True), LINES_PER_PAGE + 1))
    shown = lines[:LINES_PER_PAGE]
    return shown, shown[-1].place if len(lines) > len(shown) else None


def _entries(wanted: Wanted, below: Place | None) -> Iterator[Line]:
    types = {kind.pk: kind for kind in _content_types(wanted.models)}
    rows = LogEntry.objects.filter(content_type__in=types)
    if wanted.subject:
        rows = rows.filter(folded_text("object_repr", wanted.subject))
    if wanted.object_id:
        rows = rows.filter(object_id=wanted.object_id)
    for entry in _page_of(rows, "L", "action_time", wanted, below):
        model = types[entry.content_type_id].model_class()
        yield Line(
            Place(entry.action_time, "L", entry.pk),
            name_of(entry.user),
            capfirst(str(model._meta.verbose_name)),
            entry.object_repr,
            None if entry.is_deletion() else model,
            entry.object_id or "",
            parts_of(entry),
        )


def _lines(source: Source, wanted: Wanted, below: Place | None) -> Iterator[Line]:
    for row in _page_of(source.rows(wanted), source.letter, source.at, wanted, below):
        yield source.line(row, Place(getattr(row, source.at), source.letter, row.pk), wanted)


def _product_changes(wanted: Wanted) -> QuerySet:
    rows = Change.objects.select_related("product")
    if wanted.subject:
        rows = rows.filter(folded_text("product__title", wanted.subject))
    return rows.filter(product=wanted.object_id) if wanted.object_id else rows


def _product_line(change: Any, place: Place, _wanted: Wanted) -> Line:
    return Line(
        place,
        name_of(change.user) if change.user else "The system",
        "Product",
        change.product.title,
        Product,
        str(change.product_id),
        [{"sentence": f"Changed by {change.source}.", "rows": change.differences}],
        change.run_id,
    )


log_sources.add(Source("C", Product, "created_at", _product_changes, _product_line))


def _page_of(rows: QuerySet, source: str, at: str, wanted: Wanted, below: Place | None) -> QuerySet:
    """The rows of one source on this page, newest first, with the conditions that both sources share."""
    if wanted.person:
        people = get_user_model().objects.filter(
            Q(name__folds=wanted.person) | Q(email__folds=wanted.person), is_staff=True
        )
        rows = rows.filter(user__in=list(people.values_list("pk", flat=True)[:MAX_PEOPLE]))
    if wanted.since:
        rows = rows.filter(**{f"{at}__gte": wanted.since})
    if wanted.until:
        rows = rows.filter(**{f"{at}__lt": wanted.until})
    if below:
        same = Q(**{at: below.at})
        if source == below.source:
            same &= Q(pk__lt=below.pk)
        elif source > below.source:
            same &= Q(pk__lt=0)
        rows = rows.filter(Q(**{f"{at}__lt": below.at}) | same)
    return rows.select_related("user").order_by(f"-{at}", "-pk")[: LINES_PER_PAGE + 1]


def name_of(user: Any) -> str:
    return user.get_full_name()


def _content_types(models: Collection[type[Model]]) -> Collection[ContentType]:
    return ContentType.objects.get_for_models(*models, for_concrete_models=False).values()
