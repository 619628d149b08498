"""The admin of redirects: those that staff enter, and those that moved products and categories leave behind."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from catalog.errors import RedirectRefused
from catalog.models import Redirect
from catalog.redirects import cleaned_redirect


class RedirectForm(forms.ModelForm):
    class Meta:
        model = Redirect
        fields = ("old", "target")
        help_texts = {
            "old": "A path of this shop that has no page, like /products/old-mug/.",
            "target": "The path of the page that shoppers see instead, or a URL of another site.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            self.instance.kind = Redirect.Kind.PATH
        for field in self.fields.values():
            field.required = True

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("old") and cleaned.get("target"):
            try:
                old, target = cleaned_redirect(cleaned["old"], cleaned["target"], redirect_id=self.instance.pk)
            except RedirectRefused as refused:
                self.add_error(refused.field, str(refused))
            else:
                cleaned |= {"old": old, "target": target}
        return cleaned

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if not self.errors and Redirect.objects.filter(kind=Redirect.Kind.PATH, old=self.instance.old).exclude(
            pk=self.instance.pk
        ):
            self.add_error("old", "This path is redirected already. Change that redirect instead.")


@admin.register(Redirect)
class RedirectAdmin(admin.ModelAdmin):
    form = RedirectForm
    fields = ("old", "target")
    list_display = ("old_path", "leads_to", "kind", "hits", "last_hit_at", "created_at")
    list_filter = ("kind",)
    list_select_related = ("product", "category")
    search_fields = ("old",)
    search_help_text = "Search by the beginning of the former URL."
    ordering = ("-id",)

    @admin.display(description="former URL", ordering="old")
    def old_path(self, row: Redirect) -> str:
        return row.old_path

    @admin.display(description="leads to")
    def leads_to(self, row: Redirect) -> str:
        found = row.product or row.category
        return row.target or (found.get_absolute_url() if found else "Nothing: answered with “gone”")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Redirect], search_term: str
    ) -> tuple[QuerySet[Redirect], bool]:
        """Find redirects by the beginning of their path, by index."""
        term = search_term.strip()
        if not term:
            return queryset, False
        starts = [term, term.removeprefix("/").removeprefix("p/").removeprefix("c/")]
        found = queryset.filter(old__startswith=starts[0])
        return (found | queryset.filter(old__startswith=starts[1])) if starts[1] else found, False

    def has_change_permission(self, request: HttpRequest, obj: Redirect | None = None) -> bool:
        """Redirects of products and categories follow them, so staff do not change these."""
        is_own = obj is None or obj.kind == Redirect.Kind.PATH
        return is_own and super().has_change_permission(request, obj)
