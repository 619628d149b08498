"""Forms of the storefront: filters of a listing, and requests for stock alerts."""

import re
from typing import Any

from django import forms
from django.http import QueryDict

from catalog.listings.browse import LAST_PAGE, SORTS, ListingQuery
from catalog.listings.keyset import TOKEN
from catalog.money import AmountRefused, to_major, to_minor

MAX_FACETS = 12
MAX_FACET_VALUES = 20  # per facet
MAX_PAGE_NUMBER = 100_000
MAX_AMOUNT_LENGTH = 20
TOO_LONG = "…"  # replaces a text that is too long; it is not a valid amount
PAGE_NUMBER = re.compile(r"[1-9]\d{0,5}", re.ASCII)


class ListingForm(forms.Form):
    """Filters, sort order and page from the query string. Invalid values are ignored; invalid prices get an error."""

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
        self.price_errors: dict[str, str] = {}  # field → error; filled by listing_query()

    @property
    def text(self) -> str:
        self.is_valid()
        return self.cleaned_data.get("q", "")

    def listing_query(self) -> ListingQuery:
        """The valid values. An invalid page number becomes the page after the last one, which does not exist."""
        self.is_valid()
        cleaned = self.cleaned_data
        page, after = self._position(cleaned.get("page", ""), cleaned.get("after", ""))
        low, high = self._price_span()
        return ListingQuery(
            low_minor=low,
            high_minor=high,
            in_stock=bool(cleaned.get("stock")),
            on_sale=bool(cleaned.get("sale")),
            facets=self._facets(),
            sort=cleaned.get("sort", ""),
            page=page,
            after=after if page > 1 else "",
        )

    def _position(self, page: str, after: str) -> tuple[int, str]:
        """The page number and the token of the position before the page, which pages after LAST_PAGE require."""
        if not page and "page" not in self.errors:
            return 1, ""
        is_number = PAGE_NUMBER.fullmatch(page) and int(page) <= MAX_PAGE_NUMBER
        is_token = "after" not in self.errors and (not after or TOKEN.fullmatch(after))
        if not is_number or not is_token or (int(page) > LAST_PAGE and not after):
            return LAST_PAGE + 1, ""
        return int(page), after

    def _price_span(self) -> tuple[int | None, int | None]:
        """The lowest and the highest price in minor units; None if missing or invalid."""
        low, high = (self._amount(name) for name in ("min", "max"))
        if low is not None and high is not None and low > high:
            self.price_errors["max"] = f"The highest price is below the lowest, {to_major(low, self.currency)}."
            return None, None
        return low, high

    def _facets(self) -> dict[str, list[str]]:
        """The parameters that are not fields, because they may be facets. Unknown ones are ignored later."""
        names = [name for name in self.data if name not in self.fields][:MAX_FACETS]
        return {name: self.data.getlist(name)[:MAX_FACET_VALUES] for name in names if len(name) <= 60}  # type: ignore[union-attr]

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
    """A request for an e-mail when a variant is back in stock. The view in orders normalizes the address."""

    variant = forms.IntegerField(min_value=1, max_value=2**62)
    email = forms.EmailField(max_length=254)
