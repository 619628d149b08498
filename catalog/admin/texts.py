"""The shop's own texts and places."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from catalog.admin.desk import warn_of_left_out
from catalog.models import Location, Page, Store, Swatch
from catalog.rich_text import clean


@admin.register(Page)
class PageAdmin(admin.ModelAdmin):
    list_display = ("title", "section", "slug", "updated_at")
    prepopulated_fields = {"slug": ("title",)}

    def save_model(self, request: HttpRequest, obj: Page, form: Any, change: bool) -> None:  # noqa: FBT001
        warn_of_left_out(request, obj.body)
        obj.body = clean(obj.body)
        super().save_model(request, obj, form, change)


admin.site.register(Location, list_display=("name", "code", "priority", "is_active"), search_fields=("name", "code"))
admin.site.register(Swatch, list_display=("name", "colour"))
admin.site.register(Store)
