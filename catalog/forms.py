"""What shoppers may ask of a listing, and what they may write."""

from typing import Any

from django import forms
from django.http import QueryDict

from catalog.browse import LAST_PAGE, SORTS, Wishes
from catalog.money import AmountRefused, to_minor

MOST_FACETS = 12
MOST_VALUES = 20  # of one facet in one address
FARTHEST_PAGE = 100_000


class ListingForm(forms.Form):
    """Filters, sort and page from the address; whatever makes no sense is left out instead of refused."""

    q = forms.CharField(required=False, max_length=200)
    min = forms.CharField(required=False, max_length=12)
    max = forms.CharField(required=False, max_length=12)
    stock = forms.BooleanField(required=False)
    sale = forms.BooleanField(required=False)
    sort = forms.ChoiceField(required=False, choices=[(key, label) for key, (label, _) in SORTS.items()])
    page = forms.IntegerField(required=False, min_value=1, max_value=FARTHEST_PAGE)
    after = forms.CharField(required=False, max_length=40)

    def __init__(self, data: QueryDict, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(data, *args, **kwargs)
        self.currency = currency

    @property
    def text(self) -> str:
        self.is_valid()
        return self.cleaned_data.get("q", "")

    def wishes(self) -> Wishes:
        """The cleaned values, without those that could not be understood."""
        self.is_valid()
        found = self.cleaned_data
        page = found.get("page") or 1
        return Wishes(
            low_minor=self._amount(found.get("min", "")),
            high_minor=self._amount(found.get("max", "")),
            in_stock=bool(found.get("stock")),
            on_sale=bool(found.get("sale")),
            facets=self._facets(),
            sort=found.get("sort", ""),
            page=page if page <= LAST_PAGE or found.get("after") else LAST_PAGE + 1,
            after=found.get("after", "") if page > 1 else "",
        )

    def _facets(self) -> dict[str, list[str]]:
        """Everything else in the address may name a facet; the ones that there are decide."""
        asked = [name for name in self.data if name not in self.fields][:MOST_FACETS]
        return {name: self.data.getlist(name)[:MOST_VALUES] for name in asked if len(name) <= 60}  # type: ignore[union-attr]

    def _amount(self, text: str) -> int | None:
        if not text:
            return None
        try:
            return to_minor(text, self.currency)
        except AmountRefused:
            return None


class StockAlertForm(forms.Form):
    """Where to write when a variant is back; orders brings the address into its normal form."""

    variant = forms.IntegerField(min_value=1, max_value=2**62)
    email = forms.EmailField(max_length=254)
