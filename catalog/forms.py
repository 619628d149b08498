"""What shoppers may ask of a listing, and what they may write."""

import re
from typing import Any

from django import forms
from django.http import QueryDict

from catalog.browse import LAST_PAGE, SORTS, Wishes
from catalog.keyset import TOKEN
from catalog.money import AmountRefused, to_major, to_minor

MAX_FACETS = 12
MAX_FACET_VALUES = 20  # of one facet in one address
FARTHEST_PAGE = 100_000
MAX_AMOUNT_LENGTH = 20
TOO_LONG = "…"  # stands for what a field did not take: no amount
PAGE_NUMBER = re.compile(r"[1-9]\d{0,5}", re.ASCII)


class ListingForm(forms.Form):
    """Filters, sort and page from the address; what makes no sense is left out, and said of prices and pages."""

    q = forms.CharField(required=False, max_length=200)
    min = forms.CharField(required=False, max_length=MAX_AMOUNT_LENGTH)
    max = forms.CharField(required=False, max_length=MAX_AMOUNT_LENGTH)
    stock = forms.BooleanField(required=False)
    sale = forms.BooleanField(required=False)
    sort = forms.ChoiceField(required=False, choices=[(key, label) for key, (label, _) in SORTS.items()])
    page = forms.CharField(required=False)
    after = forms.CharField(required=False, max_length=40)

    def __init__(self, data: QueryDict, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(data, *args, **kwargs)
        self.currency = currency
        self.price_errors: dict[str, str] = {}  # the field → what is wrong, known once wishes() was asked

    @property
    def text(self) -> str:
        self.is_valid()
        return self.cleaned_data.get("q", "")

    def wishes(self) -> Wishes:
        """The cleaned values, without those that could not be understood; a page that is none is behind the last."""
        self.is_valid()
        found = self.cleaned_data
        page, after = self._place(found.get("page", ""), found.get("after", ""))
        low, high = self._price_span()
        return Wishes(
            low_minor=low,
            high_minor=high,
            in_stock=bool(found.get("stock")),
            on_sale=bool(found.get("sale")),
            facets=self._facets(),
            sort=found.get("sort", ""),
            page=page,
            after=after if page > 1 else "",
        )

    def _place(self, page: str, after: str) -> tuple[int, str]:
        """The page's number and the place behind the page before it; far pages are reached by that place only."""
        if not page and "page" not in self.errors:
            return 1, ""
        is_number = PAGE_NUMBER.fullmatch(page) and int(page) <= FARTHEST_PAGE
        is_place = "after" not in self.errors and (not after or TOKEN.fullmatch(after))
        if not is_number or not is_place or (int(page) > LAST_PAGE and not after):
            return LAST_PAGE + 1, ""
        return int(page), after

    def _price_span(self) -> tuple[int | None, int | None]:
        """The lowest and the highest price, as far as they can be understood."""
        low, high = (self._amount(name) for name in ("min", "max"))
        if low is not None and high is not None and low > high:
            self.price_errors["max"] = f"The highest price is below the lowest, {to_major(low, self.currency)}."
            return None, None
        return low, high

    def _facets(self) -> dict[str, list[str]]:
        """Everything else in the address may name a facet; the ones that there are decide."""
        asked = [name for name in self.data if name not in self.fields][:MAX_FACETS]
        return {name: self.data.getlist(name)[:MAX_FACET_VALUES] for name in asked if len(name) <= 60}  # type: ignore[union-attr]

    def _amount(self, name: str) -> int | None:
        text = self.cleaned_data.get(name, "") if name not in self.errors else TOO_LONG
        if not text:
            return None
        try:
            return to_minor(text, self.currency)
        except AmountRefused as refused:
            self.price_errors[name] = str(refused)
            return None


class StockAlertForm(forms.Form):
    """Where to write when a variant is back; orders brings the address into its normal form."""

    variant = forms.IntegerField(min_value=1, max_value=2**62)
    email = forms.EmailField(max_length=254)
