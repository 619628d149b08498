"""Coupon codes in the admin: the codes of a promotion, adding and stopping them, and the list of all codes."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect

from catalog.admin.base import ReadOnly, found_or_404, page, require_permission
from catalog.edits.history import record_action
from catalog.formats import count_of
from orders.admin.promotions.change_list import SEE_CODES
from orders.admin.promotions.code_list import code_file, code_list, matching
from orders.errors import CouponRefused
from orders.models import Coupon, Promotion
from orders.promotions import plain_code
from orders.promotions.coupons import MAX_BATCH_CODES, end_codes, make_batch, make_code, usable_codes

MAX_USES = 1_000_000  # of one code
MAX_BATCHES = 50  # that the page lists


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


def sees_codes(request: HttpRequest) -> bool:
    """Whether the user may read codes, which are worth money. Others see their ends only."""
    return request.user.has_perm(SEE_CODES)


def _shown(request: HttpRequest, coupon: Coupon) -> str:
    return coupon.code if sees_codes(request) else coupon.masked


def codes_page(model_admin: admin.ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """List the codes of a promotion, add single codes or a batch of random ones, and stop a code."""
    require_permission(request, "orders.add_coupon")
    promotion = found_or_404(model_admin.get_queryset(request), str(pk))
    if request.method == "POST" and "stop" in request.POST:
        return _stop(request, promotion)
    form = CodesForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            return _add(request, promotion, form.cleaned_data)
        except CouponRefused as refused:
            form.add_error("code", str(refused))
    batches = promotion.coupons.exclude(batch="").order_by("batch").values_list("batch", flat=True).distinct()
    context = {
        "form": form,
        "promotion": promotion,
        "codes": code_list(promotion, request.GET, sees_codes=sees_codes(request)),
        "batches": batches[:MAX_BATCHES],
        "title": f"Codes of {promotion}",
    }
    return page(model_admin, request, "admin/orders/promotion/codes.html", context, 422 if form.errors else 200)


def _add(request: HttpRequest, promotion: Promotion, cleaned: dict[str, Any]) -> HttpResponse:
    """Add what was typed, and record it in the history of the promotion."""
    with transaction.atomic():
        if cleaned["code"]:
            coupon = make_code(promotion, cleaned["code"], most_uses=cleaned["most_uses"])
            record_action(request, promotion, f"Added the code {coupon}.")
        else:
            batch = make_batch(promotion, cleaned["count"], prefix=cleaned["prefix"], most_uses=cleaned["most_uses"])
            record_action(request, promotion, f"Added {count_of(cleaned['count'], 'random code')}: {batch}.")
    if cleaned["code"]:
        messages.success(request, f"Code {coupon.code} was added.")
    elif not sees_codes(request):
        messages.success(request, f"{count_of(cleaned['count'], 'random code')} were added: {batch}.")
    if cleaned["code"] or not sees_codes(request):
        return redirect("admin:orders_promotion_codes", promotion.pk)
    return redirect("admin:orders_promotion_batch", promotion.pk, batch)


def _stop(request: HttpRequest, promotion: Promotion) -> HttpResponse:
    """Stop one code. Existing orders keep their uses."""
    coupon = found_or_404(promotion.coupons.all(), request.POST["stop"])
    with transaction.atomic():
        end_codes(promotion.coupons.filter(pk=coupon.pk))
        record_action(request, promotion, f"Stopped the code {coupon}.")
        record_action(request, coupon, "Ended.")
    messages.success(request, f"The code {_shown(request, coupon)} cannot be used any more.")
    _warn_without_codes(request, [promotion])
    return redirect("admin:orders_promotion_codes", promotion.pk)


def _warn_without_codes(request: HttpRequest, promotions: list[Promotion]) -> None:
    for promotion in promotions:
        if promotion.is_active and promotion.needs_code and not usable_codes(promotion).exists():
            messages.warning(request, f"“{promotion}” is switched on, but none of its codes can be used any more.")


def batch_file(model_admin: admin.ModelAdmin, request: HttpRequest, pk: int, batch: str) -> HttpResponseBase:
    """Download the codes of a batch as CSV, with their uses."""
    require_permission(request, SEE_CODES)
    coupons = found_or_404(model_admin.get_queryset(request), str(pk)).coupons.filter(batch=batch)
    if not coupons.exists():
        raise Http404
    return code_file(coupons, batch)


def export_file(model_admin: admin.ModelAdmin, request: HttpRequest, pk: int) -> HttpResponseBase:
    """Download all codes of a promotion as CSV, with their uses."""
    require_permission(request, SEE_CODES)
    promotion = found_or_404(model_admin.get_queryset(request), str(pk))
    return code_file(promotion.coupons.all(), f"codes-{promotion.pk}")


@admin.register(Coupon)
class CouponAdmin(ReadOnly, admin.ModelAdmin):
    """All coupon codes, read-only, and masked for staff who may not read them. They are added on their promotion's page."""

    list_display = ("code", "promotion", "batch", "uses", "most_uses", "created_at")
    fields = ("promotion", "code", "batch", "most_uses", "uses", "created_at")
    readonly_fields = ("masked", "uses", "created_at")
    search_fields = ("code",)  # get_search_results() uses the indexes
    search_help_text = "A code, or a whole batch"
    list_select_related = ("promotion",)
    ordering = ("-pk",)
    sortable_by = ()
    show_full_result_count = False
    actions = ("end",)

    @admin.display(description="Code")
    def masked(self, coupon: Coupon) -> str:
        return coupon.masked

    def get_list_display(self, request: HttpRequest) -> list[str]:
        return self._readable(request, self.list_display)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return self._readable(request, self.fields)

    def _readable(self, request: HttpRequest, names: Sequence[str]) -> list[str]:
        """The names of the columns, with the masked code instead of the code if the user may not read it."""
        return ["masked" if name == "code" and not sees_codes(request) else name for name in names]

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        if not plain_code(search_term):
            return queryset, False
        found = matching(queryset, search_term, sees_codes=sees_codes(request))
        return found | queryset.filter(batch=search_term.strip()), False

    def has_end_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("orders.add_coupon")

    @admin.action(description="Stop the selected codes", permissions=["end"])
    def end(self, request: HttpRequest, queryset: QuerySet) -> None:
        promotions = list(Promotion.objects.filter(coupons__in=queryset).distinct())
        coupons = list(queryset)
        with transaction.atomic():
            count = end_codes(queryset)
            for coupon in coupons:
                record_action(request, coupon, "Ended.")
        messages.success(request, f"{count_of(count, 'code')} ended.")
        _warn_without_codes(request, promotions)
