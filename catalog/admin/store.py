"""The admin of locations, swatches and the shop's settings."""

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.actions import delete_selected
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html

from catalog.markets import further_markets
from catalog.models import Location, Store, StoreText, Swatch
from catalog.models.store import COLOUR
from catalog.page_versions import current_values, follow_settings
from catalog.products.images import stored_logo, stored_upload
from catalog.store_colours import DEFAULTS, colour_problem


class MarketTextForm(forms.ModelForm):
    """The form of a text for a market other than the default one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["market"] = forms.ChoiceField(choices=[(market.code, market.name) for market in further_markets()])


class MarketTextInline(admin.StackedInline):
    """Texts for markets other than the default one."""

    form = MarketTextForm
    extra = 0
    verbose_name = "text for another market"
    verbose_name_plural = "texts for other markets"

    def get_max_num(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return len(further_markets())


class WithMarketTexts(admin.ModelAdmin):
    """A model admin with texts for other markets, if the shop has any."""

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.inlines if further_markets() else ()


class StoreTextForm(MarketTextForm):
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        check_period(self, cleaned)
        return cleaned


class StoreTextInline(MarketTextInline):
    model = StoreText
    form = StoreTextForm


@admin.register(Location)
class LocationAdmin(admin.ModelAdmin):
    list_display = ("name", "code", "priority", "is_active")
    search_fields = ("name", "code")
    fields = ("name", "code", "priority", "is_active")
    prepopulated_fields = {"code": ("name",)}

    def has_delete_permission(self, request: HttpRequest, obj: Location | None = None) -> bool:
        """Stock movements refer to locations for ever, so a location that was used can only be deactivated."""
        is_used = obj is not None and (obj.stock.exists() or obj.movements.exists())
        return not is_used and super().has_delete_permission(request, obj)


@admin.register(Swatch)
class SwatchAdmin(admin.ModelAdmin):
    list_display = ("name", "sample")
    actions = (delete_selected,)

    @admin.display(description="colour", ordering="colour")
    def sample(self, swatch: Swatch) -> str:
        return format_html(
            '<span class="row"><svg class="swatch" viewBox="0 0 2 2" aria-hidden="true">'
            '<circle cx="1" cy="1" r="1" fill="{}"/></svg>{}</span>',
            swatch.colour,
            swatch.colour,
        )


MAX_LOGO = (640, 240)  # pixels, twice the size at which it is shown
MAX_ICON = (256, 256)


class StoreForm(forms.ModelForm):
    class Meta:
        model = Store
        fields = "__all__"  # noqa: DJ007  (so that settings added later are on the page, too)
        labels = {
            "announcement_from": "Shown from",
            "announcement_until": "Shown until",
            "logo_alt": "What the logo says",
            "accent_light": "Links and highlights, light",
            "accent_dark": "Links and highlights, dark",
            "button_light": "Buttons, light",
            "button_dark": "Buttons, dark",
            "hero": "Home page picture",
            "hero_alt": "Alternative text",
            "seller_name": "Seller (company or person)",
            "seller_address": "Address",
            "contact_email": "E-mail for customers",
        }
        help_texts = {
            "name": "Shown in the header, in page titles and in e-mails.",
            "tagline": "A few words under the name, for search engines and the home page.",
            "introduction": "One or two sentences at the top of the home page.",
            "announcement_until": "Leave both times empty to show the announcement all the time.",
            "logo": "Shown in the header and in e-mails instead of the name. JPEG, PNG or WebP; best with a transparent "
            "background that suits light and dark pages.",
            "logo_alt": "Read to people who do not see it. The shop’s name if this is empty.",
            "icon": "The small picture in the browser’s tab. Square, JPEG, PNG or WebP.",
            "accent_light": "A colour like #96431f. Leave a colour empty for the default one. "
            "Changes can take five minutes to be seen.",
            "accent_dark": "For browsers that show dark pages.",
            "hero": "A wide picture. JPEG, PNG or WebP.",
            "hero_alt": "What the picture shows, in one sentence.",
            "seller_name": "Shown in e-mails and on the contact page. The law requires it.",
            "seller_address": "Street, postcode, town and country, each on a line of its own.",
            "contact_email": "Replies to the shop’s e-mails and low-stock notices are sent here.",
        }

    def _compared(self) -> list[str]:
        """A file that was not uploaded keeps the stored one anyway."""
        return [name for name in super()._compared() if not isinstance(self.fields[name], forms.FileField)]

    def clean_logo(self) -> Any:
        return stored_logo(self.cleaned_data["logo"], MAX_LOGO)

    def clean_icon(self) -> Any:
        icon = stored_logo(self.cleaned_data["icon"], MAX_ICON)
        width, height = getattr(icon, "dimensions", (1, 1))
        if width != height:
            raise forms.ValidationError(f"The icon must be square. This picture is {width} × {height} pixels.")
        return icon

    def clean_payment_page(self) -> str:
        chosen = str(self.cleaned_data["payment_page"])
        if chosen == Store.PaymentPage.IN_PAGE and not settings.STRIPE_PUBLISHABLE_KEY:
            raise forms.ValidationError("Set STRIPE_PUBLISHABLE_KEY first: the payment form does not open without it.")
        return chosen

    def clean_hero(self) -> Any:
        return stored_upload(self.cleaned_data["hero"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        check_period(self, cleaned)
        for name in DEFAULTS:
            cleaned[name] = colour = cleaned.get(name, "").lower()
            if COLOUR.regex.match(colour) and (problem := colour_problem(name, colour)):
                self.add_error(name, problem)
        logo = cleaned.get("logo")
        if hasattr(logo, "dimensions"):
            self.instance.logo_width, self.instance.logo_height = logo.dimensions
        return cleaned


def check_period(form: forms.BaseForm, cleaned: dict[str, Any]) -> None:
    """Add an error if the announcement ends before it begins."""
    begins, ends = cleaned.get("announcement_from"), cleaned.get("announcement_until")
    if begins and ends and ends <= begins:
        form.add_error("announcement_until", "“Shown until” must be after “shown from”.")


@admin.register(Store)
class StoreAdmin(WithMarketTexts):
    """The settings page. There is one row, which cannot be added or deleted."""

    form = StoreForm
    inlines = (StoreTextInline,)
    autocomplete_fields = ("gift_card",)
    change_form_template = "admin/catalog/store/change_form.html"
    subjects: ClassVar[dict[str, tuple[str, ...]]] = {
        "Name and face": ("name", "tagline", "introduction", "logo", "logo_alt", "icon"),
        "Colours": ("accent_light", "accent_dark", "button_light", "button_dark"),
        "Announcement": ("announcement", "announcement_from", "announcement_until"),
        "Home page": ("hero", "hero_alt"),
        "Delivery and returns": ("dispatch_days", "return_days"),
        "Payment": ("payment_page", "capture", "expiring", "holds_highest_risk"),
        "Menu": ("gift_card",),
        "Seller": ("seller_name", "seller_address", "contact_email"),
    }

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[tuple[str, dict[str, Any]]]:
        """The settings by subject. Settings without a subject come last, so that none is missing."""
        editable = [field.name for field in Store._meta.fields if field.editable and not field.primary_key]
        sets = [(title, [name for name in names if name in editable]) for title, names in self.subjects.items()]
        grouped = {name for _, names in sets for name in names}
        others = [name for name in editable if name not in grouped]
        return [(title, {"fields": names}) for title, names in [*sets, ("More settings", others)] if names]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Store | None:
        """The settings row, or a new one if it has not been saved yet."""
        if object_id != "1":
            return None
        return super().get_object(request, object_id, from_field) or Store(pk=1)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return redirect("admin:catalog_store_change", 1)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        return self.changelist_view(request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "title": "Store details"})

    def save_model(self, request: HttpRequest, obj: Store, form: Any, change: bool) -> None:  # noqa: FBT001
        before = current_values()
        super().save_model(request, obj, form, change)
        follow_settings(before, author=request.user)

    def response_change(self, request: HttpRequest, obj: Store) -> HttpResponse:
        self.message_user(request, "The settings were saved.")
        return redirect("admin:catalog_store_change", 1)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
