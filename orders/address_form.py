"""One address of a customer's address book."""

from typing import Any, ClassVar

from django import forms

from accounts.models import Address
from accounts.one_line import OneLineField
from catalog.markets import all_markets, current_market
from orders.checkout_form import clean_phone, clean_postcode

TOKENS = {
    "name": "name",
    "line1": "address-line1",
    "line2": "address-line2",
    "postcode": "postal-code",
    "city": "address-level2",
    "phone": "tel",
}


def country_choices() -> list[tuple[str, str]]:
    """The countries of all markets, by their names in the reader's language: the book is one for all of them."""
    names = current_market().locale.territories
    codes = {code for market in all_markets().values() for code in market.countries}
    return sorted(((code, names.get(code, code)) for code in codes), key=lambda choice: choice[1])


class AddressForm(forms.ModelForm):
    class Meta:
        model = Address
        fields = ("name", "line1", "line2", "postcode", "city", "country", "phone")
        field_classes: ClassVar = dict.fromkeys(("name", "line1", "line2", "postcode", "city", "phone"), OneLineField)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["country"] = forms.ChoiceField(choices=country_choices())
        for name, token in TOKENS.items():
            self.fields[name].widget.attrs["autocomplete"] = token

    def clean_postcode(self) -> str:
        return clean_postcode(self.cleaned_data["postcode"], self.data.get("country", ""))

    def clean_phone(self) -> str:
        return clean_phone(self.cleaned_data["phone"], self.data.get("country", ""))
