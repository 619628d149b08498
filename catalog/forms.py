"""What shoppers may ask of a listing."""

from typing import Any

from django import forms

from catalog.browse import LAST_PAGE, SORTS
from catalog.money import to_minor


class ListingForm(forms.Form):
    """Filters, sort and page from the address; whatever makes no sense is left out instead of refused."""

    q = forms.CharField(required=False, max_length=200)
    min = forms.CharField(required=False, max_length=12)
    max = forms.CharField(required=False, max_length=12)
    stock = forms.BooleanField(required=False)
    sale = forms.BooleanField(required=False)
    sort = forms.ChoiceField(required=False, choices=[(key, label) for key, (label, _) in SORTS.items()])
    page = forms.IntegerField(required=False, min_value=1, max_value=LAST_PAGE)

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency

    def wishes(self) -> dict[str, Any]:
        """The cleaned values, without those that could not be understood."""
        self.is_valid()
        wishes = {name: value for name, value in self.cleaned_data.items() if value not in ("", None, False)}
        for bound in ("min", "max"):
            if bound in wishes:
                wishes[bound] = self._amount(wishes[bound])
        return wishes

    def _amount(self, text: str) -> int | None:
        try:
            return max(0, to_minor(text.replace(",", "."), self.currency))
        except ValueError:
            return None
