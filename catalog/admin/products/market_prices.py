"""The page for the prices of a product in a market other than the default one."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from catalog.admin.base import page, require_permission, staff_author
from catalog.admin.products.variants import typed_amount
from catalog.formats import count_of
from catalog.markets import Market, default_market, further_markets
from catalog.models import Product, Variant
from catalog.money import format_money, to_major
from catalog.prices import CurrentPrice, prices_at, set_prices
from catalog.products.saving import recorded_change

MAX_VARIANTS_PER_PAGE = 200  # with four fields each, below Django's limit of a thousand form fields


class MarketPricesForm(forms.Form):
    """The regular and sale price of each variant. Hidden initial values ensure that only changed prices are saved."""

    def __init__(self, *args: Any, variants: list[Variant], market: Market, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.variants, self.market = variants, market
        ids = [variant.pk for variant in variants]
        current_prices = prices_at(ids, market, timezone.now())
        self.default_prices: dict[int, CurrentPrice] = prices_at(ids, default_market(), timezone.now())
        for variant in variants:
            price = current_prices.get(variant.pk)
            regular = price.regular_minor if price else None
            sale = price.amount_minor if price and price.is_on_sale else None
            self._add(f"price-{variant.pk}", regular, f"Price of {variant}")
            self._add(f"sale-{variant.pk}", sale, f"Sale price of {variant}")

    def _add(self, name: str, minor: int | None, label: str) -> None:
        self.fields[name] = forms.CharField(
            required=False,
            max_length=16,
            show_hidden_initial=True,
            initial="" if minor is None else str(to_major(minor, self.market.currency)),
            widget=forms.TextInput(attrs={"size": 8, "inputmode": "decimal", "aria-label": label}),
        )

    def rows(self) -> list[dict[str, Any]]:
        """One row per variant, with its price in the default market and its two fields."""
        return [
            {
                "variant": variant,
                "default_price": self._price_text(self.default_prices.get(variant.pk)),
                "price": self[f"price-{variant.pk}"],
                "sale": self[f"sale-{variant.pk}"],
            }
            for variant in self.variants
        ]

    def _price_text(self, price: CurrentPrice | None) -> str:
        return format_money(price.amount_minor, price.currency) if price else "–"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for variant in self.variants:
            regular = self._amount(f"price-{variant.pk}")
            sale = self._amount(f"sale-{variant.pk}")
            is_price_valid = f"price-{variant.pk}" not in self.errors
            if sale is not None and is_price_valid and (regular is None or sale >= regular):
                self.add_error(f"sale-{variant.pk}", "The sale price must be below the price.")
            cleaned[variant.pk] = (regular, sale)
        return cleaned

    def _amount(self, name: str) -> int | None:
        try:
            return typed_amount(self.cleaned_data.get(name, ""), self.market.currency)
        except ValidationError as error:
            self.add_error(name, error)
            return None

    def new_prices(self) -> dict[int, tuple]:
        """The new prices of the changed variants for set_prices(). A running sale keeps its end.

        Call it while the product is locked: what the user left alone stays as it is stored then.
        """
        new_prices = {}
        current_prices = prices_at([variant.pk for variant in self.variants], self.market, timezone.now())
        for variant in self.variants:
            if {f"price-{variant.pk}", f"sale-{variant.pk}"} & set(self.changed_data):
                price = current_prices.get(variant.pk)
                regular, sale = self.cleaned_data[variant.pk]
                if f"price-{variant.pk}" not in self.changed_data:
                    regular = price.regular_minor if price else None
                if f"sale-{variant.pk}" not in self.changed_data:
                    sale = price.amount_minor if price and price.is_on_sale else None
                new_prices[variant.pk] = (regular, sale, price.ends_at if price and price.is_on_sale else None)
        return new_prices


def market_prices_view(
    model_admin: admin.ModelAdmin, request: HttpRequest, product: Product, code: str
) -> HttpResponse:
    """Show and save the product's prices in a market. An empty price removes the variant from the market."""
    require_permission(request, "catalog.change_price")
    market = next((market for market in further_markets() if market.code == code), None)
    if not market:
        raise Http404
    pages = Paginator(product.variants.filter(is_active=True).order_by("position", "pk"), MAX_VARIANTS_PER_PAGE)
    grid = pages.get_page(request.GET.get("page"))
    form = MarketPricesForm(request.POST or None, variants=list(grid), market=market)
    if request.method == "POST" and form.is_valid():
        with recorded_change(product, staff_author(request)):
            changed = set_prices(form.new_prices(), market)
        messages.success(request, f"{count_of(len(changed), 'price')} changed in {market.name}.")
        return redirect("admin:catalog_product_change", product.pk)
    title = f"Prices of {product} in {market.name}"
    context = {"product": product, "market": market, "form": form, "grid": grid, "title": title}
    return page(model_admin, request, "admin/catalog/product/market_prices.html", context, 422 if form.errors else 200)
