"""One address of a customer's address book."""

from typing import Any, ClassVar

from django import forms

from accounts.address_formats import address_format
from accounts.models import Address
from accounts.one_line import OneLineField
from catalog.markets import all_markets, current_market
from orders.address_parts import clean_parts, clean_phone, clean_postcode, name_parts, rows_of

TOKENS = {
    "name": "name",
    "company": "organization",
    "line1": "address-line1",
    "line2": "address-line2",
    "postcode": "postal-code",
    "city": "address-level2",
    "state": "address-level1",
    "phone": "tel",
}


def country_choices() -> list[tuple[str, str]]:
    """The countries of all markets, by their names in the reader's language: the book is one for all of them."""
    names = current_market().locale.territories
    codes = {code for market in all_markets().values() for code in market.countries}
    return sorted(((code, names.get(code, code)) for code in codes), key=lambda choice: choice[1])


class AddressForm(forms.ModelForm):
    """The fields that the chosen country has; all others stay empty."""

    class Meta:
        model = Address
        fields = ("name", "company", "line1", "line2", "postcode", "city", "state", "country", "phone")
        field_classes: ClassVar = dict.fromkeys(TOKENS, OneLineField)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = country_choices()
        country = forms.ChoiceField(choices=choices, widget=forms.Select(attrs={"data-refresh": "1"}))
        country.widget.attrs["autocomplete"] = "country"
        self.fields["country"] = country
        for name, token in TOKENS.items():
            self.fields[name].widget.attrs["autocomplete"] = token
        self.initial["country"] = self.initial.get("country") or current_market().countries[0]
        chosen = str(self["country"].value() or self.initial["country"])
        self.format = address_format(chosen if chosen in dict(choices) else choices[0][0])
        self.fields["name"].error_messages["required"] = "Enter the full name"
        self.fields["line1"].required = False  # asked for with the country's own words
        name_parts(self, self.format)

    @property
    def rows(self) -> list[list[str]]:
        """The names of the fields below the street, row by row."""
        return rows_of(self.format)

    def clean_postcode(self) -> str:
        return clean_postcode(self.cleaned_data["postcode"], self.format.country)

    def clean_phone(self) -> str:
        return clean_phone(self.cleaned_data["phone"], self.format.country)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        clean_parts(self, cleaned, self.format)
        return cleaned
