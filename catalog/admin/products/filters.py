"""The filters of the product list."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from catalog.admin.base import InputFilter
from catalog.admin.products.variants import typed_amount
from catalog.listings.missing import PICTURE, PRICE
from catalog.markets import default_market
from catalog.models import Category, Listing, Product, ProductImage
from catalog.products import worklists


class CategoryFilter(admin.SimpleListFilter):
    """The top categories, each including its descendants."""

    title = "category"
    parameter_name = "category"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        roots = Category.objects.filter(parent=None)[:50]
        return [(root.path, root.name) for root in roots] + [("-", "without a category")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Product]) -> QuerySet[Product]:
        if self.value() == "-":
            return queryset.filter(category=None)
        if not self.value():
            return queryset
        below = Category.objects.filter(Q(path=self.value()) | Q(path__startswith=f"{self.value()}/"))
        return queryset.filter(category__in=below.values("pk"))


class StockFilter(admin.SimpleListFilter):
    title = "stock"
    parameter_name = "stock"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(Listing.StockClass.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Product]) -> QuerySet[Product]:
        if self.value() not in Listing.StockClass.values:
            return queryset
        return queryset.filter(pk__in=worklists.of_stock_class(self.value()).values("pk"))


class MissingFilter(admin.SimpleListFilter):
    """Products on which something is missing."""

    title = "what is missing"
    parameter_name = "missing"
    # The value in the URL → its label and the products. The last two list products that are on sale but cannot be bought.
    LISTS: ClassVar[dict[str, tuple[str, Callable[[], QuerySet[Product]]]]] = {
        "picture": ("no picture", lambda: worklists.lacking(PICTURE)),
        "alt": ("a picture without text", lambda: Product.objects.filter(pk__in=_without_text())),
        "description": ("no description", lambda: Product.objects.filter(description="")),
        "price": ("no price", lambda: worklists.lacking(PRICE)),
        "maker": ("no maker's address", lambda: Product.objects.filter(maker_details="")),
        "for-sale": ("on sale, but no variant is", worklists.without_variant),
        "current-price": ("on sale, but without a price", worklists.without_price),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(key, label) for key, (label, _) in self.LISTS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Product]) -> QuerySet[Product]:
        if self.value() not in self.LISTS:
            return queryset
        _label, products = self.LISTS[self.value()]
        return queryset & products()


def _without_text() -> QuerySet:
    return ProductImage.objects.filter(alt="").values("product")


class MakerFilter(InputFilter):
    title = "maker"
    parameter_name = "maker"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Product]) -> QuerySet[Product]:
        return queryset.filter(vendor__iexact=self.value()) if self.value() else queryset


class PriceFilter(InputFilter):
    title = "price"
    hint = "10-25"
    parameter_name = "price"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Product]) -> QuerySet[Product]:
        low, _, high = (self.value() or "").partition("-")
        market = default_market()
        listed = Listing.objects.filter(is_past=False, market=market.code)
        try:
            if (low_minor := typed_amount(low, market.currency)) is not None:
                listed = listed.filter(highest_price_minor__gte=low_minor)
            if (high_minor := typed_amount(high, market.currency)) is not None:
                listed = listed.filter(price_minor__lte=high_minor)
        except forms.ValidationError:
            return queryset
        return queryset.filter(pk__in=listed.values("product")) if self.value() else queryset


@dataclass(frozen=True)
class FilterField:
    """A filter as a field of a form: a select box, or a text input if it has no choices."""

    name: str
    label: str
    value: str
    choices: Sequence[tuple[str, str]]
    hint: str

    @property
    def shown_value(self) -> str:
        return dict(self.choices).get(self.value, self.value)


def filter_fields(changelist: Any) -> list[FilterField]:
    """The filters of a change list as fields."""
    return [
        FilterField(
            spec.parameter_name,
            spec.title.capitalize(),
            spec.value() or "",
            [] if isinstance(spec, InputFilter) else [(str(value), label) for value, label in spec.lookup_choices],
            getattr(spec, "hint", ""),
        )
        for spec in changelist.filter_specs
    ]
