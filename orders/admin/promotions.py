"""Promotions in the admin: edit them, try them on an example cart, add coupon codes."""

import csv
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html

from accounts.roles import ROLES
from catalog.admin.base import ReadOnly, page, require_permission
from catalog.admin.columns import MarketFilter
from catalog.formats import count_of
from catalog.markets import market_of
from catalog.models import Product, Variant
from catalog.money import format_money
from orders.admin.amounts import AmountForm, AmountFormSet
from orders.admin.fields import CountriesField, MethodsField, MomentField, country_code
from orders.admin.promotion_preview import Trial, try_promotion
from orders.errors import CouponRefused
from orders.models import Coupon, Promotion, PromotionTier, PromotionUse
from orders.pricing.effects import KINDS
from orders.promotions import hold_limits
from orders.promotions.coupons import MAX_BATCH_CODES, end_codes, make_batch, make_code, recount, usable_codes

MAX_USES = 1_000_000  # of one code
# Kind → its required fields, with the error message for each.
REQUIRED = {
    "percent": {"percent": "Enter the percentage."},
    "amount": {"amount_minor": "Enter the amount."},
    "fixed_price": {"amount_minor": "Enter the price."},
    "buy_get": {
        "buy_quantity": "Enter how many must be bought.",
        "get_quantity": "Enter how many are reduced.",
        "percent": "Enter the percentage: 100 is free.",
    },
    "multibuy": {"buy_quantity": "Enter how many are sold together.", "amount_minor": "Enter the price for all of them."},
    "delivery_percent": {"percent": "Enter the percentage: 100 is free delivery."},
    "delivery_amount": {"amount_minor": "Enter the amount."},
    "gift": {"gift_variant": "Choose the gift."},
}  # fmt: skip


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
        if kind and lane and lane not in KINDS[kind]:
            lanes = " or ".join(f"“{Promotion.Lane(lane).label}”" for lane in KINDS[kind])
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


class CodesForm(forms.Form):
    """Add one code, or a batch of random ones."""

    code = forms.CharField(max_length=60, required=False, help_text="One code for everybody: WELCOME10")
    count = forms.IntegerField(
        label="Or a number of random codes", min_value=1, max_value=MAX_BATCH_CODES, required=False
    )
    prefix = forms.CharField(label="Prefix of the random codes", max_length=20, required=False)
    most_uses = forms.IntegerField(
        label="Uses per code",
        min_value=1,
        max_value=MAX_USES,
        required=False,
        help_text="Empty: as often as the promotion allows.",
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if bool(cleaned.get("code")) == bool(cleaned.get("count")):
            self.add_error("code", "Enter a code, or a number of random codes.")
        return cleaned


class TrialForm(forms.Form):
    """The example cart on which a promotion is tried."""

    things = forms.CharField(
        label="Items",
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="One line per item: the quantity, a space and the SKU, like 2 MUG-SAND.",
    )
    country = forms.CharField(max_length=2, help_text="Two letters: DE")
    at = MomentField(label="At", required=False, help_text="Empty: now.")
    with_code = forms.BooleanField(label="With a code", required=False, initial=True)

    def clean_country(self) -> str:
        return country_code(self.cleaned_data["country"])

    def clean_things(self) -> dict[int, int]:
        """Return {variant id: quantity}."""
        quantities: dict[str, int] = {}
        for line in self.cleaned_data["things"].splitlines():
            number, _, sku = line.strip().partition(" ")
            if not line.strip():
                continue
            if not number.isdecimal() or not 0 < int(number[:6]) < 1000 or not sku.strip():
                raise forms.ValidationError(
                    f"“{line.strip()[:60]}” is not valid. Enter a quantity, a space and the SKU."
                )
            quantities[sku.strip()] = int(number[:6])
        variant_ids = dict(Variant.objects.filter(sku__in=quantities).values_list("sku", "pk"))
        if missing := [sku for sku in quantities if sku not in variant_ids]:
            raise forms.ValidationError(f"There is no SKU {missing[0]}.")
        return {variant_ids[sku]: quantity for sku, quantity in quantities.items()}


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
    )  # fmt: skip

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
        wrap = self.admin_site.admin_view
        urls = [
            path("<int:pk>/try/", wrap(self.try_view), name="orders_promotion_try"),
            path("<int:pk>/codes/", wrap(self.codes_view), name="orders_promotion_codes"),
            path("<int:pk>/codes/<slug:batch>.csv", wrap(self.batch_view), name="orders_promotion_batch"),
        ]
        return urls + super().get_urls()

    def _promotion(self, request: HttpRequest, pk: int) -> Promotion:
        promotion = self.get_object(request, str(pk))
        if not promotion:
            raise Http404
        return promotion

    def try_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what the promotion does for an example cart before it is switched on."""
        require_permission(request, "orders.try_promotion")
        promotion = self._promotion(request, pk)
        form = TrialForm(request.POST or None, initial=_example(promotion))
        trial = None
        if request.method == "POST" and form.is_valid():
            cleaned = form.cleaned_data
            trial = try_promotion(
                promotion,
                cleaned["things"],
                country=cleaned["country"],
                at=cleaned["at"] or timezone.now(),
                with_code=cleaned["with_code"],
            )
        context = {
            "form": form,
            "promotion": promotion,
            "trial": trial,
            "rows": _trial_rows(trial) if trial else [],
            "why": _why(trial, promotion) if trial else "",
            "title": f"Try {promotion}",
            "button": "Calculate",
        }
        return page(self, request, "admin/orders/promotion/try.html", context, 422 if form.errors else 200)

    def codes_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Add a single code, or a batch of random codes to download."""
        require_permission(request, "orders.add_coupon")
        promotion = self._promotion(request, pk)
        form = CodesForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            cleaned = form.cleaned_data
            try:
                if cleaned["code"]:
                    coupon = make_code(promotion, cleaned["code"], most_uses=cleaned["most_uses"])
                    messages.success(request, f"Code {coupon.code} was added.")
                    return redirect("admin:orders_promotion_codes", promotion.pk)
                batch = make_batch(
                    promotion, cleaned["count"], prefix=cleaned["prefix"], most_uses=cleaned["most_uses"]
                )
                return redirect("admin:orders_promotion_batch", promotion.pk, batch)
            except CouponRefused as refused:
                form.add_error("code", str(refused))
        coupons = promotion.coupons.filter(batch="")[:200]
        batches = sorted({*promotion.coupons.exclude(batch="").values_list("batch", flat=True)})
        context = {
            "form": form,
            "promotion": promotion,
            "coupons": coupons,
            "batches": batches,
            "title": f"Codes of {promotion}",
            "button": "Add",
        }
        return page(self, request, "admin/orders/promotion/codes.html", context, 422 if form.errors else 200)

    def batch_view(self, request: HttpRequest, pk: int, batch: str) -> HttpResponse:
        """Download the codes of a batch as CSV, with their uses."""
        require_permission(request, "orders.view_coupon")
        coupons = self._promotion(request, pk).coupons.filter(batch=batch)
        if not coupons:
            raise Http404
        response = HttpResponse(content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{batch}.csv"'
        rows = csv.writer(response)
        rows.writerow(["code", "uses", "most uses"])
        rows.writerows(coupons.values_list("code", "uses", "most_uses"))
        return response


def _example(promotion: Promotion) -> dict[str, Any]:
    """Return initial values for the example cart: two units each of up to two eligible SKUs."""
    products = promotion.products.all() or Product.objects.visible()
    skus = Variant.objects.filter(product__in=products[:3], is_active=True).exclude(sku="").order_by("product_id", "pk")
    market = market_of(promotion.market)
    return {
        "things": "\n".join(f"2 {sku}" for sku in skus.values_list("sku", flat=True)[:2]),
        "country": market.countries[0],
    }


def _trial_rows(trial: Trial) -> list[dict[str, Any]]:
    return [
        {
            "title": trial.titles.get(line.key, line.key),
            "quantity": line.quantity,
            "price": format_money(line.subtotal_minor, trial.currency),
            "off": ", ".join(
                f"{discount.name} −{format_money(discount.minor, trial.currency)}" for discount in line.discounts
            ),
            "total": format_money(line.total_minor, trial.currency),
        }
        for line in trial.with_it.lines
    ]


def _why(trial: Trial, promotion: Promotion) -> str:
    """Return why the promotion does not apply to the example cart; empty if it does."""
    return next((reason.why for reason in trial.with_it.reasons if reason.rule_id == promotion.pk), "")


@admin.register(Coupon)
class CouponAdmin(ReadOnly, admin.ModelAdmin):
    """Coupon codes, read-only. They are added on their promotion's page."""

    list_display = ("code", "promotion", "batch", "uses", "most_uses", "created_at")
    search_fields = ("code", "batch")
    list_select_related = ("promotion",)
    show_full_result_count = False
    actions = ("end",)

    def has_end_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("orders.add_coupon")

    @admin.action(description="End the selected codes", permissions=["end"])
    def end(self, request: HttpRequest, queryset: QuerySet) -> None:
        promotions = list(Promotion.objects.filter(coupons__in=queryset, is_active=True, needs_code=True).distinct())
        messages.success(request, f"{count_of(end_codes(queryset), 'code')} ended.")
        for promotion in promotions:
            if not usable_codes(promotion).exists():
                messages.warning(request, f"“{promotion}” is switched on, but none of its codes can be used any more.")
