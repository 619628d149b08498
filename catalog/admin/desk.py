"""What the catalogue's admin pages share: read-only models, pages that stay quick, pages of our own."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from catalog.models import ProductImage
from catalog.rich_text import embedded_in

COUNTED_UP_TO = 10_000
ESTIMATED_FROM = 50_000  # rows: a whole table of more is not counted but estimated


class ReadOnly:
    """Looked at here, changed by verbs only."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def warn_of_left_out(request: HttpRequest, html: str) -> None:
    """Tell staff what a text that they typed loses when it is cleaned."""
    if left_out := embedded_in(html):
        messages.warning(request, f"Removed from the text: {left_out}. Only text, links, lists and tables are allowed.")


class CappedPaginator(Paginator):
    """Counts as far as anybody turns pages, so that a list over a million rows opens like one over a hundred."""

    @cached_property
    def count(self) -> int:
        if not self.object_list.query.where:
            estimate = _estimated_rows(self.object_list.model._meta.db_table)
            if estimate > ESTIMATED_FROM:
                return estimate
        return self.object_list.order_by()[:COUNTED_UP_TO].count()


def _estimated_rows(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [table])
        return cursor.fetchone()[0]


class InputFilter(admin.SimpleListFilter):
    """A filter that is typed instead of chosen, so that no list of all values is ever loaded."""

    template = "admin/catalog/input_filter.html"
    hint = ""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("", "")]

    def choices(self, changelist: Any) -> Any:
        kept = [(name, value) for name, value in changelist.get_filters_params().items() if name != self.parameter_name]
        yield {"kept": kept, "query": changelist.query, "value": self.value() or ""}


def thumbnail(image: ProductImage | None) -> SafeString | str:
    return format_html('<img class="thumb" src="{}" alt="" loading="lazy">', image.url) if image and image.file else "–"


def needs(request: HttpRequest, permission: str) -> None:
    """Whoever lacks the permission stops here."""
    if not request.user.has_perm(permission):
        raise PermissionDenied


def found_or_404(rows: QuerySet, object_id: str) -> Any:
    """The row that the address names; whatever is no number is nobody's."""
    if not (object_id.isascii() and object_id.isdigit()):
        raise Http404
    return get_object_or_404(rows, pk=object_id)


def page(
    model_admin: admin.ModelAdmin, request: HttpRequest, template: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """A page of our own in the admin's frame."""
    frame = {**model_admin.admin_site.each_context(request), "opts": model_admin.model._meta, **context}
    return TemplateResponse(request, template, frame, status=status)


@dataclass(frozen=True)
class Question:
    """What staff confirm before it is done: what will happen, as sentences, and the way back."""

    title: str
    sentences: Sequence[str]
    button: str
    back: str
    back_name: str

    @property
    def mark(self) -> str:
        """Names what was asked: an answer to another question is asked again."""
        return hashlib.sha256("\n".join(self.sentences).encode()).hexdigest()[:16]

    def is_answered(self, request: HttpRequest) -> bool:
        """Whether staff have said yes to exactly this."""
        return request.method == "POST" and request.POST.get("confirmed") == self.mark


def ask(
    model_admin: admin.ModelAdmin, request: HttpRequest, question: Question, kept: Sequence[str] = ()
) -> HttpResponse:
    """The page that asks; the fields named in `kept` are sent again with the answer."""
    is_another = "confirmed" in request.POST
    context = {
        "title": question.title,
        "sentences": question.sentences,
        "button": question.button,
        "back": question.back,
        "back_name": question.back_name,
        "mark": question.mark,
        "kept": [(name, request.POST[name]) for name in kept if name in request.POST],
        "error": "This changed while the page was open. Please check it again." if is_another else "",
    }
    return page(model_admin, request, "admin/confirm.html", context, 422 if is_another else 200)


def guarded(model_admin: admin.ModelAdmin, view: Callable) -> Callable:
    """The view for staff only, as the admin's own pages are."""
    return model_admin.admin_site.admin_view(view)
