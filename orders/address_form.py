"""One address of a customer's address book."""

from typing import Any, ClassVar

from django import forms

from accounts.address_formats import address_format
from accounts.models import Address
from accounts.one_line import OneLineField
from catalog.markets import all_markets, current_market
from orders.address_fields import address_rows, clean_parts, clean_phone, clean_postcode, localize_fields

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
    """Return (code, name) for the countries of all markets, sorted by name in the language of the current market."""
    names = current_market().locale.territories
    codes = {code for market in all_markets().values() for code in market.countries}
    return sorted(((code, names.get(code, code)) for code in codes), key=lambda choice: choice[1])


class AddressForm(forms.ModelForm):
    """Form for one address. It shows the fields that the chosen country uses; the others stay empty."""

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
        self.fields["line1"].required = False  # clean_parts() requires it, with the country's own label in the message
        localize_fields(self, self.format)

    @property
    def rows(self) -> list[list[str]]:
        """The names of the fields below the street, row by row."""
        return address_rows(self.format)

    def clean_postcode(self) -> str:
        return clean_postcode(self.cleaned_data["postcode"], self.format.country)

    def clean_phone(self) -> str:
        return clean_phone(self.cleaned_data["phone"], self.format.country)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        clean_parts(self, cleaned, self.format)
        return cleaned
