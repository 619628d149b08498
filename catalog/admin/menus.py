"""The admin of the menus: the header and the columns of the footer, each with its links in order."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from catalog.admin.base import guarded, page, require_permission
from catalog.edits.concurrent import ConcurrentEditForm
from catalog.errors import MenuRefused
from catalog.markets import Market, default_market, further_markets
from catalog.menus import Menus, find_target, start_menu, store_with_menus, suggested_targets
from catalog.models import Menu, MenuEntry

MAX_COLUMNS = 5
OWN_FOOTER = (
    "The footer now has its own columns. Open one to change it. Delete them all to get the automatic footer back."
)


class WithMarketLabels(ConcurrentEditForm):
    """A form with one more text for each further market, stored in a JSON field by the market's code."""

    json_field = ""
    text_name = ""
    max_length = 60

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stored = getattr(self.instance, self.json_field)
        for market in further_markets():
            name = self.name_for(market)
            self.fields[name] = forms.CharField(
                required=False, max_length=self.max_length, label=f"{self.text_name}, {market.name}"
            )
            self.initial[name] = stored.get(market.code, "")
        if self.instance.pk:
            self.initial["shown_values"] = self.snapshot

    def name_for(self, market: Market) -> str:
        return f"{self.json_field}_{market.code}"

    @property
    def market_fields(self) -> list[forms.BoundField]:
        return [self[self.name_for(market)] for market in further_markets()]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        texts = {market.code: cleaned.get(self.name_for(market), "") for market in further_markets()}
        others = {code: text for code, text in getattr(self.instance, self.json_field).items() if code not in texts}
        setattr(self.instance, self.json_field, others | {code: text for code, text in texts.items() if text})
        return cleaned


class MenuForm(WithMarketLabels):
    json_field = "titles"
    text_name = "Heading"

    class Meta:
        model = Menu
        fields = ("title", "position")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.place == Menu.Place.FOOTER:
            self.fields["title"].required = True
            return
        for name in heading_fields():
            self.fields.pop(name, None)


def heading_fields() -> list[str]:
    """The fields of a column that the header does not have."""
    return ["title", *(f"{MenuForm.json_field}_{market.code}" for market in further_markets()), "position"]


class EntryForm(WithMarketLabels):
    json_field = "labels"
    text_name = "Text"
    goes_to = forms.CharField(
        max_length=500,
        widget=forms.TextInput(attrs={"list": "menu-targets", "autocomplete": "off"}),
        error_messages={"required": "Enter what this links to, or remove the line."},
    )

    class Meta:
        model = MenuEntry
        fields = ("position", "label")

    field_order = ("position", "goes_to", "label")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if instance := kwargs.get("instance"):
            kwargs["initial"] = {**(kwargs.get("initial") or {}), "goes_to": instance.goes_to}
        super().__init__(*args, **kwargs)
        self.fields["position"].required = False
        self.fields["position"].initial = None if self.instance._state.adding else self.instance.position

    def has_changed(self) -> bool:
        """A new line of which only the position was filled in by dragging is still empty."""
        if self.instance.pk:
            return super().has_changed()
        return any(name != "position" for name in self.changed_data)

    def clean_position(self) -> int:
        return self.cleaned_data["position"] if self.cleaned_data["position"] is not None else 99

    def clean_goes_to(self) -> str:
        text = self.cleaned_data["goes_to"]
        if self.instance.pk and text == self.instance.goes_to:
            return text
        try:
            target = find_target(text)
        except MenuRefused as refused:
            raise forms.ValidationError(str(refused)) from refused
        for name, value in target.items():
            setattr(self.instance, name, value)
        return text


class EntryInline(admin.TabularInline):
    model = MenuEntry
    form = EntryForm
    extra = 3
    template = "admin/catalog/menu/entries.html"


@admin.register(Menu)
class MenuAdmin(admin.ModelAdmin):
    form = MenuForm
    inlines = (EntryInline,)

    def get_fieldsets(self, request: HttpRequest, obj: Menu | None = None) -> list[tuple[str | None, dict[str, Any]]]:
        is_header = obj is not None and obj.place == Menu.Place.HEADER
        return [(None, {"fields": [] if is_header else heading_fields()})]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002
        """The form adds the fields of further markets itself."""
        return super().get_form(request, obj, change=change, **{**kwargs, "fields": MenuForm.Meta.fields})

    def get_urls(self) -> list[URLPattern]:
        start = require_POST(self.start_view)
        return [
            path("start/<str:place>/", guarded(self, start), name="catalog_menu_start"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show what the header and the footer contain now."""
        require_permission(request, "catalog.view_menu")
        menus = self._menus()
        header = Menu.objects.filter(place=Menu.Place.HEADER).first()
        own = list(Menu.objects.filter(place=Menu.Place.FOOTER))
        can_add = bool(own) and len(own) < MAX_COLUMNS and self.has_add_permission(request)
        context = {
            "title": "Menus",
            "menus": menus,
            "header": header,
            "columns": [_own_column(menu, menus) for menu in own] or menus.automatic_footer,
            "is_automatic": not own,
            "can_add_column": can_add,
            "can_change": self.has_change_permission(request),
        }
        return page(self, request, "admin/catalog/menu/change_list.html", context)

    def start_view(self, request: HttpRequest, place: str) -> HttpResponse:
        """Make the automatic menu one that can be changed."""
        require_permission(request, "catalog.add_menu")
        if place not in Menu.Place:
            return redirect("admin:catalog_menu_changelist")
        menu = start_menu(place, self._menus())
        self.log_addition(request, menu, "Started from the automatic menu.")
        if place == Menu.Place.FOOTER:
            messages.success(request, OWN_FOOTER)
            return redirect("admin:catalog_menu_changelist")
        return redirect("admin:catalog_menu_change", menu.pk)

    def _menus(self) -> Menus:
        market = default_market()
        return Menus(store_with_menus(market), market)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        return super().render_change_form(request, {**context, "targets": suggested_targets()}, *args, **kwargs)


def _own_column(menu: Menu, menus: Menus) -> dict[str, Any]:
    """A column that staff have changed, with the links that shoppers see."""
    url = reverse("admin:catalog_menu_change", args=[menu.pk])
    return {"title": menu.title, "url": url, "links": menus.links_of(menu.pk)}
