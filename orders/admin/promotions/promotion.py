"""Promotions in the admin: the form with its checks, and links to the pages that try them and add coupon codes."""

from functools import partial
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html

from accounts.roles import ROLES
from catalog.admin.columns import MarketFilter
from orders.admin.amounts import AmountForm, AmountFormSet
from orders.admin.fields import CountriesField, MethodsField, MomentField
from orders.admin.promotions.coupons import batch_file, codes_page
from orders.admin.promotions.trial import try_page
from orders.errors import CouponRefused
from orders.models import Coupon, Promotion, PromotionTier, PromotionUse
from orders.models.promotion import KIND_LANES, REQUIRED
from orders.promotions import hold_limits
from orders.promotions.coupons import recount, usable_codes


def check_percent(form: forms.ModelForm, cleaned: dict[str, Any]) -> None:
    if not 0 <= (cleaned.get("percent") or 0) <= 100:  # noqa: PLR2004  (percent)
        form.add_error("percent", "Enter a percentage between 0 and 100.")


class PromotionForm(AmountForm):
    amounts = ("amount_minor", "minimum_minor")
    begins_at = MomentField(required=False)
    ends_at = MomentField(required=False)
    countries = CountriesField(required=False, help_text="Two letters each: DE, AT. Empty: everywhere.")
    methods = MethodsField(
        label="Delivery methods", required=False, help_text="Their codes: standard, express. Empty: all."
    )

    class Meta:
        model = Promotion
        fields = "__all__"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if groups := self.fields.get("groups"):
            # Staff roles are groups too, but promotions are for groups of customers.
            groups.queryset = Group.objects.exclude(name__in=ROLES)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        check_percent(self, cleaned)
        self._check_kind(cleaned)
        self._check_limits(cleaned)
        self._check_codes(cleaned)
        return cleaned

    def _check_kind(self, cleaned: dict[str, Any]) -> None:
        kind, lane = cleaned.get("kind", ""), cleaned.get("lane", "")
        if kind and lane and lane not in KIND_LANES[kind]:
            lanes = " or ".join(f"“{Promotion.Lane(lane).label}”" for lane in KIND_LANES[kind])
            self.add_error("lane", f"Promotions of this kind apply to {lanes}.")
        for name, message in REQUIRED.get(kind, {}).items():
            if not cleaned.get(name) and name not in self.errors:
                self.add_error(name, message)

    def _check_codes(self, cleaned: dict[str, Any]) -> None:
        """Refuse to switch on a promotion that needs a code but has no usable one."""
        is_on_with_code = cleaned.get("is_active") and cleaned.get("needs_code")
        if is_on_with_code and not (self.instance.pk and usable_codes(self.instance).exists()):
            self.add_error(
                "needs_code",
                "This promotion needs a code, but has none that can still be used. Save it switched off, add a code under "
                "“Codes”, then switch it on. Or untick “Needs code”.",
            )

    def _check_limits(self, cleaned: dict[str, Any]) -> None:
        used = PromotionUse.objects.filter(promotion=self.instance.pk or 0, given_back_at=None).count()
        most = cleaned.get("most_uses")
        if most is not None and most < used:
            self.add_error("most_uses", f"The promotion has already been used {used} times.")
        begins, ends = cleaned.get("begins_at"), cleaned.get("ends_at")
        if begins and ends and ends <= begins:
            self.add_error("ends_at", "The end must be after the start.")


class TierForm(AmountForm):
    amounts = ("from_minor", "amount_minor")

    class Meta:
        model = PromotionTier
        fields = "__all__"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        check_percent(self, cleaned)
        if bool(cleaned.get("percent")) == bool(cleaned.get("amount_minor")) and not self.errors:
            self.add_error("percent", "Enter either a percentage or an amount.")
        return cleaned


class TierFormSet(AmountFormSet):
    def clean(self) -> None:
        super().clean()
        is_tiered = self.instance.kind == Promotion.Kind.TIERED
        has_steps = any(form.has_changed() or form.instance.pk for form in self.forms if form not in self.deleted_forms)
        if is_tiered and not has_steps:
            raise forms.ValidationError("“The more, the cheaper” needs at least one step.")
        if has_steps and not is_tiered:
            raise forms.ValidationError("Only “The more, the cheaper” has steps.")


class TierInline(admin.TabularInline):
    model = PromotionTier
    form = TierForm
    formset = TierFormSet
    extra = 0
    verbose_name_plural = "steps, for “the more, the cheaper”"


@admin.register(Promotion)
class PromotionAdmin(admin.ModelAdmin):
    form = PromotionForm
    inlines = (TierInline,)
    list_display = ("name", "kind", "lane", "state", "used", "begins_at", "ends_at")
    list_filter = ("is_active", "kind", MarketFilter, "needs_code")
    search_fields = ("name", "coupons__code")
    autocomplete_fields = ("products", "reward_products", "categories", "collections")
    raw_id_fields = ("gift_variant",)
    save_on_top = True
    change_form_template = "admin/orders/promotion/change_form.html"
    fieldsets: ClassVar = (
        (None, {"fields": ("name", ("kind", "lane"), ("is_active", "is_exclusive", "position"), "market")}),
        (
            "Discount",
            {"fields": ("percent", "amount_minor", ("buy_quantity", "get_quantity", "most_times"), "gift_variant")},
        ),
        (
            "Eligible products (empty: all)",
            {"fields": ("products", "categories", "collections", "reward_products", "excludes_sale")},
        ),
        (
            "When it applies",
            {"fields": (("begins_at", "ends_at"), ("minimum_minor", "minimum_quantity"), "countries", "methods")},
        ),
        (
            "Who can use it, and how often",
            {"fields": ("needs_code", "groups", "is_first_order_only", ("most_uses", "most_uses_each"))},
        ),
    )

    @admin.display(description="state")
    def state(self, promotion: Promotion) -> str:
        now = timezone.now()
        word = "on"
        if not promotion.is_active:
            word = "off"
        elif promotion.begins_at and now < promotion.begins_at:
            word = "planned"
        elif promotion.ends_at and now >= promotion.ends_at:
            word = "over"
        return format_html('<span class="tag tag-{}">{}</span>', word, word)

    @admin.display(description="used")
    def used(self, promotion: Promotion) -> str:
        count = PromotionUse.objects.filter(promotion=promotion, given_back_at=None).count()
        return f"{count} of {promotion.most_uses}" if promotion.most_uses is not None else str(count)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[list, dict, set, list]:
        """Allow deleting a promotion together with its codes, unless an order has used it."""
        listed, counts, permissions, protected = super().get_deleted_objects(objs, request)
        return listed, counts, permissions - {Coupon._meta.verbose_name}, protected

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show an error, and save nothing, if a use between validation and saving exceeds a new limit."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except CouponRefused as refused:
            messages.error(request, str(refused))
            return redirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: Promotion, form: Any, change: bool) -> None:  # noqa: FBT001  (Django's)
        if change:
            hold_limits(obj)
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001  (Django's)
        super().save_related(request, form, formsets, change)
        recount(form.instance)

    def get_urls(self) -> list[URLPattern]:
        pages = [
            ("<int:pk>/try/", try_page, "try"),
            ("<int:pk>/codes/", codes_page, "codes"),
            ("<int:pk>/codes/<slug:batch>.csv", batch_file, "batch"),
        ]
        urls = [
            path(route, self.admin_site.admin_view(partial(view, self)), name=f"orders_promotion_{name}")
            for route, view, name in pages
        ]
        return urls + super().get_urls()
