"""The page on which staff try a promotion on an example cart."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from catalog.admin.base import found_or_404, page, require_permission
from catalog.markets import market_of
from catalog.models import Product, Variant
from catalog.money import format_money
from orders.admin.fields import MomentField, country_code
from orders.admin.promotions.preview import Trial, try_promotion
from orders.models import Promotion


class TrialForm(forms.Form):
    """The example cart on which a promotion is tried."""

    lines = forms.CharField(
        label="Items",
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="One line per item: the quantity, a space and the SKU, like 2 MUG-SAND.",
    )
    country = forms.CharField(max_length=2, help_text="Two letters: DE")
    at = MomentField(label="At", required=False, help_text="Empty: now.")
    with_code = forms.BooleanField(label="With a code", required=False, initial=True)

    def clean_country(self) -> str:
        return country_code(self.cleaned_data["country"])

    def clean_lines(self) -> dict[int, int]:
        """Return {variant id: quantity}."""
        quantities: dict[str, int] = {}
        for line in self.cleaned_data["lines"].splitlines():
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


def try_page(model_admin: admin.ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Show what the promotion does for an example cart before it is switched on."""
    require_permission(request, "orders.try_promotion")
    promotion = found_or_404(model_admin.get_queryset(request), str(pk))
    form = TrialForm(request.POST or None, initial=_example(promotion))
    trial = None
    if request.method == "POST" and form.is_valid():
        cleaned = form.cleaned_data
        trial = try_promotion(
            promotion,
            cleaned["lines"],
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
    return page(model_admin, request, "admin/orders/promotion/try.html", context, 422 if form.errors else 200)


def _example(promotion: Promotion) -> dict[str, Any]:
    """Return initial values for the example cart: two units each of up to two eligible SKUs."""
    products = promotion.products.all() or Product.objects.visible()
    skus = Variant.objects.filter(product__in=products[:3], is_active=True).exclude(sku="").order_by("product_id", "pk")
    market = market_of(promotion.market)
    return {
        "lines": "\n".join(f"2 {sku}" for sku in skus.values_list("sku", flat=True)[:2]),
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
