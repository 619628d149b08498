"""Common behaviour of all admin pages, whichever app registers them."""

from collections.abc import Callable, Iterator
from typing import Any

from django.apps import apps
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.utils import NotRelationField, flatten_fieldsets, get_fields_from_path
from django.contrib.admin.views.main import ORDER_VAR, SEARCH_VAR, ChangeList
from django.core.exceptions import FieldDoesNotExist
from django.db import DataError, IntegrityError, models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.text import capfirst
from psycopg.errors import UniqueViolation

from catalog import folding  # noqa: F401  (registers the lookup)
from catalog.capped_counts import CappedPaginator, is_long
from catalog.edits.concurrent import DetectsConcurrentEdits
from catalog.edits.deleted import KeepsTypedValues
from catalog.edits.history import RecordsChanges
from catalog.formats import listed
from catalog.inputs import PlainRelations
from catalog.search_fields import search_condition

PREFIXES = {"^": "istartswith", "=": "iexact", "@": "search"}  # of Django's search fields


class ShopChangeList(ChangeList):
    """Django's list, which sorts by no column that has no link in its header, whatever the URL says."""

    def get_ordering(self, request: HttpRequest, queryset: models.QuerySet) -> list[str]:
        """Order a long list by an index of the chosen column and the id, read in either direction."""
        ordering = list(super().get_ordering(request, queryset))
        if ORDER_VAR not in self.params or not ordering or not is_long(self.model):
            return ordering
        return [ordering[0], "pk" if str(ordering[0]).startswith("-") else "-pk"]

    def get_ordering_field(self, field_name: Any) -> Any:
        return super().get_ordering_field(field_name) if field_name in self.sortable_by else None


def _without_links(rows: list[Any]) -> list[Any]:
    """The nested list of what is deleted, without the rows that only tie two objects together."""
    ties = tuple(f"{capfirst(model._meta.verbose_name)}: " for model in _tie_models())
    kept = [_without_links(row) if isinstance(row, list) else row for row in rows if not str(row).startswith(ties)]
    return [row for row in kept if row != []]


def _tie_models() -> Iterator[type[models.Model]]:
    return (model for model in apps.get_models(include_auto_created=True) if model._meta.auto_created)


class ShopModelAdmin(PlainRelations, KeepsTypedValues, DetectsConcurrentEdits, RecordsChanges):
    """Mixed into every model admin: searches ignore accents, and database errors become messages.

    Every form detects concurrent edits, and every change is recorded.
    """

    actions_on_top = False
    actions_on_bottom = True
    # No list counts its rows to the end, so that a million of them open as fast as ten.
    paginator = CappedPaginator
    show_full_result_count = False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        own = super().get_changelist(request, **kwargs)  # type: ignore[misc]
        return ShopChangeList if own is ChangeList else own

    def get_paginator(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        paginator = super().get_paginator(request, *args, **kwargs)  # type: ignore[misc]
        paginator.is_search = bool(request.GET.get(SEARCH_VAR, "").strip())
        return paginator

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[list, dict, set, list]:
        listed_rows, *others = super().get_deleted_objects(objs, request)  # type: ignore[misc]
        return (_without_links(listed_rows), *others)  # type: ignore[return-value]

    def get_sortable_by(self, request: HttpRequest) -> list[str]:
        """The columns by which the list can be sorted: of a long one, those that an index has in that order."""
        columns = super().get_sortable_by(request)  # type: ignore[misc]
        if not columns or not is_long(self.model):  # type: ignore[attr-defined]
            return columns
        indexed = _sorted_by_index(self.model)  # type: ignore[attr-defined]
        return [column for column in columns if self._order_field(column) in indexed]

    def _order_field(self, column: Any) -> str:
        """The field by which Django sorts this column, without its direction."""
        method = getattr(self, column, None) if isinstance(column, str) else column
        return str(getattr(method, "admin_order_field", None) or column).removeprefix("-")

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return [self._folding(name) for name in super().get_search_fields(request)]  # type: ignore[misc]

    def _folding(self, name: str) -> str:
        if name[0] in PREFIXES:
            return f"{name[1:]}__{PREFIXES[name[0]]}"
        try:
            field = get_fields_from_path(self.model, name)[-1]  # type: ignore[attr-defined]
        except (FieldDoesNotExist, NotRelationField):
            return name  # it contains a lookup of its own
        is_text = isinstance(field, models.CharField | models.TextField)
        return f"{name}__folds" if is_text else name

    def get_search_results(self, request: HttpRequest, queryset: models.QuerySet, search_term: str) -> tuple[Any, bool]:
        """Search as the model admin does; where it has no search of its own, so that each field uses its index."""
        own = super().get_search_results  # type: ignore[misc]
        if getattr(own, "__func__", None) is not ModelAdmin.get_search_results:
            return own(request, queryset, search_term)
        return queryset.filter(search_condition(self.model, self.get_search_fields(request), search_term)), False  # type: ignore[attr-defined]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow filtering by columns that the page shows only.

        Django allows any column in the URL, so `?email__startswith=a` could reveal hidden values.
        """
        filters = [entry for entry in self.get_list_filter(request) if not isinstance(entry, str | tuple | list)]  # type: ignore[attr-defined]
        if lookup in {getattr(entry, "parameter_name", None) for entry in filters}:
            return True  # a filter of our own, which may be named like a column
        column = lookup.partition("__")[0]
        columns = {name for field in self.model._meta.concrete_fields for name in (field.name, field.attname)}  # type: ignore[attr-defined]
        is_hidden = column in columns - self._shown(request)
        return not is_hidden and super().lookup_allowed(lookup, value, request)  # type: ignore[misc]

    def _shown(self, request: HttpRequest) -> set[str]:
        """Return the names of the fields, list columns and filters that this user sees."""
        page = flatten_fieldsets(self.get_fieldsets(request))  # type: ignore[attr-defined]
        filters = [entry[0] if isinstance(entry, tuple | list) else entry for entry in self.get_list_filter(request)]  # type: ignore[attr-defined]
        filtered = [name.partition("__")[0] for name in filters if isinstance(name, str)]
        dates = [str(self.date_hierarchy or "").partition("__")[0]]  # type: ignore[attr-defined]
        key = self.model._meta.pk.name  # type: ignore[attr-defined]
        return {key, *page, *self.get_list_display(request), *filtered, *dates}  # type: ignore[attr-defined]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002
        form = super().get_form(request, obj, change=change, **kwargs)  # type: ignore[misc]
        sentence = getattr(request, "refused_sentence", "")
        return refusing(form, sentence) if sentence else form

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:  # noqa: FBT001, FBT002
        """Also note whether the sent page differed from what is stored, for message_user()."""
        parts = [form, *(formsets or [])]
        request.is_unchanged = not add and not any(part.has_changed() for part in parts)  # type: ignore[attr-defined]
        return super().construct_change_message(request, form, formsets, add)  # type: ignore[misc]

    def message_user(self, request: HttpRequest, message: Any, level: Any = messages.INFO, **options: Any) -> None:
        """Add a message, but claim no success where nothing was changed."""
        if level == messages.SUCCESS and getattr(request, "is_unchanged", False):
            message, level = "Nothing was changed.", messages.INFO
        super().message_user(request, message, level, **options)  # type: ignore[misc]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context["adminform"].form.label_suffix = ""
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show an error of the database as a message in the form, which keeps what was typed."""
        try:
            return super().changeform_view(request, *args, **kwargs)  # type: ignore[misc]
        except (IntegrityError, DataError) as error:
            request.refused_sentence = refusal(error)  # type: ignore[attr-defined]
            return super().changeform_view(request, *args, **kwargs)  # type: ignore[misc]

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._with_error_message(request, super().changelist_view, *args, **kwargs)  # type: ignore[misc]

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._with_error_message(request, super().delete_view, *args, **kwargs)  # type: ignore[misc]

    def _with_error_message(
        self, request: HttpRequest, view: Callable[..., HttpResponse], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except (IntegrityError, DataError) as error:
            messages.error(request, refusal(error))
            return redirect(request.get_full_path())


def _sorted_by_index(model: type[models.Model]) -> set[str]:
    """The fields of the model by which an index of the whole table sorts its rows."""
    columns = {field.name for field in model._meta.concrete_fields if field.unique or field.db_index}
    indexes = [index for index in model._meta.indexes if index.fields and type(index) is models.Index]
    columns |= {index.fields[0].removeprefix("-") for index in indexes if not (index.condition or index.opclasses)}
    relations = {field.name for field in model._meta.concrete_fields if field.is_relation}
    return columns - relations  # those are sorted by columns of the other table


def refusing(form: Any, sentence: str) -> Any:
    """Return the form class with this sentence added as an error to submitted forms."""

    def full_clean(self: Any) -> None:
        form.full_clean(self)
        if self.is_bound:
            self.add_error(None, sentence)

    return type(form)(form.__name__, (form,), {"full_clean": full_clean})


def refusal(error: Exception) -> str:
    """Return a sentence about an error of the database."""
    cause = error.__cause__
    diagnosis = getattr(cause, "diag", None)
    model = _model_of(diagnosis.table_name) if diagnosis else None
    if not isinstance(cause, UniqueViolation) or model is None:
        return "Nothing was saved, because a value is not allowed here. Please check what you entered."
    detail = diagnosis.message_detail or ""
    columns = detail.partition("(")[2].partition(")")[0].split(", ")
    names = {field.column: str(field.verbose_name) for field in model._meta.concrete_fields}
    fields = listed(names.get(column, "these values") for column in columns)
    return f"Nothing was saved. There is already a {model._meta.verbose_name} with this {fields}."


def _model_of(table: str | None) -> type[models.Model] | None:
    return next((model for model in apps.get_models() if model._meta.db_table == table), None)
