"""What every page of the admin does alike, whichever app registers it."""

from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.contrib import messages
from django.contrib.admin.utils import flatten_fieldsets, get_fields_from_path
from django.core.exceptions import FieldDoesNotExist
from django.db import DataError, IntegrityError, models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from psycopg.errors import UniqueViolation

from catalog import folding  # noqa: F401  (registers the lookup)
from catalog.formats import listed

EXACT = ("^", "=", "@")


class ShopModelAdmin:
    """Mixed into every registered model admin: searches fold accents, and the database's refusals become sentences."""

    refused = ""

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return [self._folding(name) for name in super().get_search_fields(request)]  # type: ignore[misc]

    def _folding(self, name: str) -> str:
        if name.startswith(EXACT):
            return name
        try:
            field = get_fields_from_path(self.model, name)[-1]  # type: ignore[attr-defined]
        except FieldDoesNotExist:
            return name  # it names its own lookup
        is_text = isinstance(field, models.CharField | models.TextField)
        return f"{name}__folds" if is_text else name

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Filter a list by what its pages show alone.

        Django filters by any column that the address names, so `?email__startswith=a` would find out what is hidden.
        """
        column = lookup.partition("__")[0]
        columns = {name for field in self.model._meta.concrete_fields for name in (field.name, field.attname)}  # type: ignore[attr-defined]
        is_hidden = column in columns - self._shown(request)
        return not is_hidden and super().lookup_allowed(lookup, value, request)  # type: ignore[misc]

    def _shown(self, request: HttpRequest) -> set[str]:
        """The names of what this member of staff sees of a row, and of what the list offers to filter by."""
        page = flatten_fieldsets(self.get_fieldsets(request))  # type: ignore[attr-defined]
        filters = [one[0] if isinstance(one, tuple | list) else one for one in self.get_list_filter(request)]  # type: ignore[attr-defined]
        named = [one.partition("__")[0] for one in filters if isinstance(one, str)]
        dates = [str(self.date_hierarchy or "").partition("__")[0]]  # type: ignore[attr-defined]
        key = self.model._meta.pk.name  # type: ignore[attr-defined]
        return {key, *page, *self.get_list_display(request), *named, *dates}  # type: ignore[attr-defined]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002
        form = super().get_form(request, obj, change=change, **kwargs)  # type: ignore[misc]
        sentence = getattr(request, "refused_sentence", "")
        return refusing(form, sentence) if sentence else form

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """What the database refuses is said in the form, which keeps what was typed."""
        try:
            return super().changeform_view(request, *args, **kwargs)  # type: ignore[misc]
        except (IntegrityError, DataError) as error:
            request.refused_sentence = refusal(error)  # type: ignore[attr-defined]
            return super().changeform_view(request, *args, **kwargs)  # type: ignore[misc]

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._said(request, super().changelist_view, *args, **kwargs)  # type: ignore[misc]

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._said(request, super().delete_view, *args, **kwargs)  # type: ignore[misc]

    def _said(self, request: HttpRequest, view: Callable[..., HttpResponse], *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except (IntegrityError, DataError) as error:
            messages.error(request, refusal(error))
            return redirect(request.get_full_path())


def refusing(form: Any, sentence: str) -> Any:
    """The form class, with this error in front of what was typed."""

    def full_clean(self: Any) -> None:
        form.full_clean(self)
        if self.is_bound:
            self.add_error(None, sentence)

    return type(form)(form.__name__, (form,), {"full_clean": full_clean})


def refusal(error: Exception) -> str:
    """What the database refused, in one sentence."""
    cause = error.__cause__
    diagnosis = getattr(cause, "diag", None)
    model = _model_of(diagnosis.table_name) if diagnosis else None
    if not isinstance(cause, UniqueViolation) or model is None:
        return "Nothing was saved, because a value is not allowed here. Please check what you entered."
    detail = diagnosis.message_detail or ""
    columns = detail.partition("(")[2].partition(")")[0].split(", ")
    names = {field.column: str(field.verbose_name) for field in model._meta.concrete_fields}
    what = listed(names.get(column, "these values") for column in columns)
    return f"Nothing was saved. There is already a {model._meta.verbose_name} with this {what}."


def _model_of(table: str | None) -> type[models.Model] | None:
    return next((model for model in apps.get_models() if model._meta.db_table == table), None)
