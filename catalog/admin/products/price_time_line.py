"""The page on which staff plan prices and sales of one product, end a sale and cancel what is planned."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from catalog.admin.base import page, require_permission, staff_author
from catalog.admin.products.price_chart import price_chart
from catalog.admin.products.variants import typed_amount
from catalog.formats import count_of, moment
from catalog.inputs import MomentInput, PercentField
from catalog.markets import Market, all_markets, default_market
from catalog.models import Price, Product, Variant
from catalog.money import percent_of
from catalog.price_plans import cancel_plans, end_sales, plan_prices, plan_sales, time_line
from catalog.prices import PriceRefused, prices_at, set_prices
from catalog.products.saving import recorded_change

SALE, PRICE = "sale", "price"
MAX_VARIANTS = 250


class PlanForm(forms.Form):
    """A price or a sale for chosen variants, from a time on."""

    kind = forms.ChoiceField(
        label="What", choices=[(SALE, "A sale"), (PRICE, "A new price")], widget=forms.RadioSelect, initial=SALE
    )
    variants = forms.TypedMultipleChoiceField(coerce=int, widget=forms.CheckboxSelectMultiple)
    percent = PercentField(label="Off the price (%)", required=False, min_value=1, max_value=90, decimal_places=2)
    amount = forms.CharField(
        label="Or the price itself",
        required=False,
        max_length=16,
        widget=forms.TextInput(attrs={"size": 10, "inputmode": "decimal"}),
    )
    begins = forms.DateTimeField(
        label="From", required=False, widget=MomentInput, help_text="If this is empty, it begins now."
    )
    ends = forms.DateTimeField(
        label="Until", required=False, widget=MomentInput, help_text="Sales only. If this is empty, it has no end."
    )

    use_required_attribute = False

    def __init__(self, *args: Any, variants: Sequence[Variant], market: Market, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.market = market
        self.fields["variants"].choices = [(variant.pk, variant.title or "This product") for variant in variants]
        self.fields["variants"].initial = [variant.pk for variant in variants]

    def clean_amount(self) -> int | None:
        return typed_amount(self.cleaned_data["amount"], self.market.currency)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        percent, amount = cleaned.get("percent"), cleaned.get("amount")
        if "amount" in self.errors or "percent" in self.errors:
            return cleaned
        if cleaned.get("kind") == PRICE and (amount is None or percent):
            raise ValidationError("Enter the new price itself, without a percentage.")
        if cleaned.get("kind") == PRICE and cleaned.get("ends"):
            raise ValidationError("A price applies until the next one. Leave “until” empty, or plan a sale.")
        if (percent is None) == (amount is None):
            raise ValidationError("Enter either a percentage or a price.")
        return cleaned

    def amounts(self) -> dict[int, int]:
        """The wanted amounts by variant id. Raises PriceRefused if a percentage is off no price."""
        chosen, amount = self.cleaned_data["variants"], self.cleaned_data["amount"]
        if amount is not None:
            return dict.fromkeys(chosen, amount)
        then = prices_at(chosen, self.market, self.cleaned_data["begins"] or timezone.now())
        if len(then) < len(chosen):
            raise PriceRefused("Not every chosen variant has a price then. Enter the prices first.")
        percent = self.cleaned_data["percent"]
        return {pk: price.regular_minor - percent_of(price.regular_minor, percent) for pk, price in then.items()}


def time_line_view(model_admin: admin.ModelAdmin, request: HttpRequest, product: Product) -> HttpResponse:
    """Show the prices of a product over time in one market, and plan, end or cancel them."""
    require_permission(request, "catalog.change_price")
    market = all_markets().get(request.GET.get("market", ""), default_market())
    variants = list(product.variants.filter(is_active=True).order_by("position", "pk")[:MAX_VARIANTS])
    is_plan = request.method == "POST" and "ids" not in request.POST
    form = PlanForm(request.POST if is_plan else None, variants=variants, market=market)
    if request.method == "POST" and (not is_plan or form.is_valid()):
        try:
            said = _plan(request, product, form) if is_plan else _take_back(request, product, market)
        except PriceRefused as refused:
            if is_plan:
                form.add_error(None, str(refused))
            else:
                messages.error(request, str(refused))
        else:
            messages.success(request, said)
        if not form.errors:
            return redirect(f"{reverse('admin:catalog_product_timeline', args=[product.pk])}?market={market.code}")
    periods = time_line(variants, market)
    context = {
        "title": f"Prices over time of {product}",
        "product": product,
        "form": form,
        "market": market,
        "markets": list(all_markets().values()),
        "periods": periods,
        "chart": price_chart(periods, market),
    }
    return page(model_admin, request, "admin/catalog/product/time_line.html", context, 422 if form.errors else 200)


def _plan(request: HttpRequest, product: Product, form: PlanForm) -> str:
    """Carry out a valid form and return what was done."""
    begins, ends, market = form.cleaned_data["begins"], form.cleaned_data["ends"], form.market
    author = staff_author(request)
    if form.cleaned_data["kind"] == SALE:
        with recorded_change(product, author):
            amounts = form.amounts()
            plan_sales(amounts, market, begins or timezone.now(), ends)
        return f"Sale planned for {count_of(len(amounts), 'variant')}." if begins else "The sale has begun."
    if not begins:
        with recorded_change(product, author):
            _set_now(form.amounts(), market)
        return "The new price applies now."
    with recorded_change(product, author):
        plan_prices(form.amounts(), market, begins)
    return f"New price planned from {moment(begins)} on."


def _set_now(amounts: dict[int, int], market: Market) -> None:
    """Set the prices from now on. A running sale goes on until its end."""
    current = prices_at(amounts, market, timezone.now())
    running = {pk: price for pk, price in current.items() if price.is_on_sale}
    set_prices(
        {
            pk: (amount, running[pk].amount_minor, running[pk].ends_at) if pk in running else (amount, None, None)
            for pk, amount in amounts.items()
        },
        market,
    )


def _take_back(request: HttpRequest, product: Product, market: Market) -> str:
    """End a current sale, or cancel what is planned, and return what was done."""
    author = staff_author(request)
    ids = [int(part) for part in request.POST["ids"].split(",") if part.isascii() and part.isdigit() and len(part) < 19]
    own = list(Price.objects.filter(pk__in=ids, variant__product=product).values_list("pk", flat=True))
    if "end" in request.POST:
        with recorded_change(product, author):
            ended = end_sales(own, market)
        return "The sale has ended." if ended else "This sale had ended already."
    with recorded_change(product, author):
        cancel_plans(own, market)
    return "Canceled. What applied before goes on."
