"""Shared parts of admin pages: read-only models, fast pagination, filters, custom pages and confirmations."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from catalog.edits.deleted import Missing
from catalog.models import ProductImage
from catalog.products.saving import Author
from catalog.rich_text import embedded_in


class ReadOnly:
    """A mixin for models that the admin shows but does not add, change or delete with its own forms.

    With `is_deletable`, staff with the model's permission may delete its rows.
    """

    is_deletable = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.is_deletable and super().has_delete_permission(request, obj)  # type: ignore[misc]


class ReadOnlyInline(ReadOnly, admin.TabularInline):
    """A read-only inline, visible to everybody who can see the page."""

    extra = 0
    can_delete = False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields or ()

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True


def staff_author(request: HttpRequest) -> Author:
    """The user of the request, as the author of a change of products."""
    return Author("admin", request.user.pk)


def warn_of_left_out(request: HttpRequest, html: str) -> None:
    """Add a message about the elements that cleaning removes from the HTML."""
    if left_out := embedded_in(html):
        messages.warning(request, f"Removed from the text: {left_out}. Only text, links, lists and tables are allowed.")


class InputFilter(admin.SimpleListFilter):
    """A filter with a text input, for fields with too many values to list."""

    template = "admin/catalog/input_filter.html"
    hint = ""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("", "")]

    def choices(self, changelist: Any) -> Any:
        kept = [(name, value) for name, value in changelist.get_filters_params().items() if name != self.parameter_name]
        yield {"kept": kept, "query": changelist.query, "value": self.value() or ""}


def thumbnail(image: ProductImage | None) -> SafeString | str:
    """An <img> of the picture for lists, or a dash."""
    return format_html('<img class="thumb" src="{}" alt="" loading="lazy">', image.url) if image and image.file else "–"


def require_permission(request: HttpRequest, permission: str) -> None:
    """Raise PermissionDenied unless the user has the permission."""
    if not request.user.has_perm(permission):
        raise PermissionDenied


def found_or_404(rows: QuerySet, object_id: str) -> Any:
    """The row with this id from the URL. Raises Http404 if there is none or the id is not a number."""
    if not (object_id.isascii() and object_id.isdigit()):
        raise Http404
    found = rows.filter(pk=object_id).first()
    if found is None:
        raise Missing(rows.model, object_id)
    return found


def page(
    model_admin: admin.ModelAdmin, request: HttpRequest, template: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """Render a custom page in the admin's layout."""
    full_context = {**model_admin.admin_site.each_context(request), "opts": model_admin.model._meta, **context}
    return TemplateResponse(request, template, full_context, status=status)


@dataclass(frozen=True)
class Question:
    """A confirmation: sentences about what will happen, the label of the button, and the page to return to.

    The button of a dangerous one, which throws something away, is red.
    """

    title: str
    sentences: Sequence[str]
    button: str
    back: str
    back_name: str
    is_dangerous: bool = field(default=False, kw_only=True)

    @property
    def look(self) -> str:
        """The class of the button."""
        return "danger" if self.is_dangerous else "default"

    @property
    def mark(self) -> str:
        """A hash of the sentences, so that confirming an outdated question does not count."""
        return hashlib.sha256("\n".join(self.sentences).encode()).hexdigest()[:16]

    def is_answered(self, request: HttpRequest) -> bool:
        """Whether the request confirms exactly these sentences."""
        return request.method == "POST" and request.POST.get("confirmed") == self.mark


def ask(
    model_admin: admin.ModelAdmin, request: HttpRequest, question: Question, kept: Sequence[str] = ()
) -> HttpResponse:
    """Render the confirmation page. The fields named in `kept` are submitted again with the confirmation."""
    is_outdated = "confirmed" in request.POST
    context = {
        "title": question.title,
        "sentences": question.sentences,
        "button": question.button,
        "look": question.look,
        "back": question.back,
        "back_name": question.back_name,
        "mark": question.mark,
        "kept": [(name, value) for name in kept for value in request.POST.getlist(name)],
        "error": "This changed while the page was open. Please check it again." if is_outdated else "",
    }
    return page(model_admin, request, "admin/confirm.html", context, 422 if is_outdated else 200)


def guarded(model_admin: admin.ModelAdmin, view: Callable) -> Callable:
    """The view wrapped like the admin's own views, for staff only."""
    return model_admin.admin_site.admin_view(view)
