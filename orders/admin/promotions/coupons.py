"""Coupon codes in the admin: the list, the page that adds codes to a promotion, and the download of a batch."""

import csv
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from catalog.admin.base import ReadOnly, found_or_404, page, require_permission
from catalog.edits.history import record_action
from catalog.formats import count_of
from orders.errors import CouponRefused
from orders.models import Coupon, Promotion
from orders.promotions.coupons import MAX_BATCH_CODES, end_codes, make_batch, make_code, usable_codes

MAX_USES = 1_000_000  # of one code


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


def codes_page(model_admin: admin.ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Add a single code, or a batch of random codes to download."""
    require_permission(request, "orders.add_coupon")
    promotion = found_or_404(model_admin.get_queryset(request), str(pk))
    form = CodesForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        cleaned = form.cleaned_data
        try:
            if cleaned["code"]:
                coupon = make_code(promotion, cleaned["code"], most_uses=cleaned["most_uses"])
                record_action(request, promotion, f"Added the code {coupon.code}.")
                messages.success(request, f"Code {coupon.code} was added.")
                return redirect("admin:orders_promotion_codes", promotion.pk)
            batch = make_batch(promotion, cleaned["count"], prefix=cleaned["prefix"], most_uses=cleaned["most_uses"])
            record_action(request, promotion, f"Added {count_of(cleaned['count'], 'code')}, batch {batch}.")
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
    return page(model_admin, request, "admin/orders/promotion/codes.html", context, 422 if form.errors else 200)


def batch_file(model_admin: admin.ModelAdmin, request: HttpRequest, pk: int, batch: str) -> HttpResponse:
    """Download the codes of a batch as CSV, with their uses."""
    require_permission(request, "orders.view_coupon")
    coupons = found_or_404(model_admin.get_queryset(request), str(pk)).coupons.filter(batch=batch)
    if not coupons:
        raise Http404
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{batch}.csv"'
    rows = csv.writer(response)
    rows.writerow(["code", "uses", "maximum uses"])
    rows.writerows(coupons.values_list("code", "uses", "most_uses"))
    return response


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
        coupons = list(queryset)
        messages.success(request, f"{count_of(end_codes(queryset), 'code')} ended.")
        for coupon in coupons:
            record_action(request, coupon, "Ended.")
        for promotion in promotions:
            if not usable_codes(promotion).exists():
                messages.warning(request, f"“{promotion}” is switched on, but none of its codes can be used any more.")
