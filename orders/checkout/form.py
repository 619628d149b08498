"""The form of the checkout page."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from accounts.address_formats import address_format
from accounts.fields import MailboxFormField
from accounts.one_line import OneLineField
from catalog.markets import Market
from orders.address_fields import address_rows, clean_parts, clean_phone, clean_postcode, localize_fields, require
from orders.checkout.market_terms import market_terms
from orders.checkout.placing import Seen, Submission
from orders.customers import Buyer
from orders.delivery.options import needs_address
from orders.tax import clean_vat_id

ADDRESS = ("line1", "line2", "postcode", "city", "state")
BILLING = ("billing_name", "billing_line1", "billing_postcode", "billing_city", "billing_state", "billing_country")


def _text(token: str) -> forms.TextInput:
    return forms.TextInput(attrs={"autocomplete": token})


class CheckoutForm(forms.Form):
    """All fields of the checkout page. Error messages tell the shopper what to enter."""

    email = MailboxFormField(
        label="E-mail",
        max_length=254,
        help_text="For the order confirmation and delivery updates",
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
    )
    country = forms.ChoiceField(
        label="Country",
        error_messages={"required": "Choose a country", "invalid_choice": "Choose a country from the list"},
        widget=forms.Select(attrs={"autocomplete": "country", "data-refresh": "1"}),
    )
    name = OneLineField(
        label="Full name",
        max_length=150,
        error_messages={"required": "Enter your full name"},
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    line1 = OneLineField(
        label="Street and number",
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "address-line1"}),
    )
    line2 = OneLineField(
        label="Flat, building or company",
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "address-line2"}),
    )
    postcode = OneLineField(
        label="Postcode",
        max_length=20,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "postal-code", "data-refresh": "1"}),
    )
    city = OneLineField(
        label="Town or city",
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "address-level2"}),
    )
    state = OneLineField(
        label="State",
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "address-level1"}),
    )
    phone = OneLineField(
        label="Phone",
        max_length=40,
        required=False,
        help_text="Only used by the courier if they cannot find you",
        widget=forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel"}),
    )
    company = OneLineField(
        label="Company",
        max_length=150,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    vat_id = OneLineField(
        label="VAT number",
        max_length=20,
        required=False,
        help_text="With the two letters of its country, like BE0123456749",
        widget=forms.TextInput(attrs={"autocomplete": "off", "data-refresh": "1"}),
    )
    billing_name = OneLineField(
        label="Name for the invoice", max_length=150, required=False, widget=_text("billing name")
    )
    billing_line1 = OneLineField(
        label="Street and number for the invoice", max_length=200, required=False, widget=_text("billing address-line1")
    )
    billing_postcode = OneLineField(
        label="Postcode for the invoice", max_length=20, required=False, widget=_text("billing postal-code")
    )
    billing_city = OneLineField(
        label="Town or city for the invoice", max_length=100, required=False, widget=_text("billing address-level2")
    )
    billing_state = OneLineField(
        label="State for the invoice", max_length=60, required=False, widget=_text("billing address-level1")
    )
    billing_country = forms.ChoiceField(
        label="Country for the invoice",
        required=False,
        widget=forms.Select(attrs={"autocomplete": "billing country", "data-refresh": "1"}),
    )
    shipping_code = forms.CharField(max_length=32, error_messages={"required": "Choose a delivery method"})
    payment_method = forms.CharField(max_length=8, required=False)
    save_address = forms.BooleanField(required=False)
    cart_mark = forms.CharField(max_length=64, required=False)
    total = forms.IntegerField(min_value=0, max_value=10**15, required=False)
    due = forms.IntegerField(min_value=0, max_value=10**15, required=False)
    seen_sums = forms.CharField(max_length=20_000, required=False)

    def __init__(self, *args: Any, market: Market, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.market = market
        self._choices("country", market.country_choices())
        self._choices("billing_country", [("", "–"), *market.country_choices()])
        self.format = address_format(self.chosen_country)
        self.billing_format = address_format(self._value_so_far("billing_country") or self.chosen_country)
        self._localize_fields()

    def _choices(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101
        field.choices = choices

    def _localize_fields(self) -> None:
        """Label the fields as the market and the countries of both addresses do, and offer the countries' states."""
        email = market_terms(self.market).email
        self.fields["email"].label = email
        self.fields["email"].error_messages |= {
            "required": f"Enter your {email.lower()} address",
            "invalid": f"Enter an {email.lower()} address in the form name@example.com",
        }
        localize_fields(self, self.format)
        localize_fields(self, self.billing_format, "billing_")

    def fill(self, draft: Mapping[str, str]) -> None:
        """Fill fields missing from the request with the draft, and the state where the postcode implies it."""
        typed = {**draft, **self.data.dict()} if isinstance(self.data, QueryDict) else {**draft, **self.data}
        if "state" in self.format.parts and not typed.get("state"):
            typed["state"] = self.format.state_of(typed.get("postcode", "").strip())
        self.data = typed

    def rows(self, prefix: str = "") -> list[list[str]]:
        """Return the names of the fields below the street, row by row in the country's order, at most two in a row."""
        return address_rows(self.billing_format if prefix else self.format, prefix)

    @property
    def page_order(self) -> list[str]:
        """The names of all fields in the order in which the page shows them."""
        parts = [name for row in self.rows() for name in row]
        billing = [name for row in self.rows("billing_") for name in row]
        first = ["email", "country", "name", "line1", "line2", *parts, "phone", "company", "vat_id"]
        return [*first, "billing_country", "billing_name", "billing_line1", *billing, "shipping_code", "payment_method"]

    def clean_phone(self) -> str:
        return clean_phone(self.cleaned_data["phone"], self.chosen_country)

    def clean_postcode(self) -> str:
        return clean_postcode(self.cleaned_data["postcode"], self.chosen_country)

    def clean_billing_postcode(self) -> str:
        return clean_postcode(self.cleaned_data["billing_postcode"], self.billing_format.country)

    def clean_vat_id(self) -> str:
        text = self.cleaned_data["vat_id"]
        try:
            return clean_vat_id(text) if text else ""
        except ValueError as wrong:
            raise ValidationError(str(wrong)) from wrong

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if needs_address(cleaned.get("shipping_code", "")):
            clean_parts(self, cleaned, self.format)
        else:
            self._leave_out_address(cleaned)
        if any(cleaned.get(name) for name in BILLING):
            clean_parts(self, cleaned, self.billing_format, "billing_")
            require(self, cleaned, "billing_name", "Enter the name for the invoice")
            require(self, cleaned, "billing_country", "Choose a country for the invoice")
        return cleaned

    def _leave_out_address(self, cleaned: dict[str, Any]) -> None:
        """Drop the delivery address, because nothing is shipped. Keep the postcode, because taxes depend on it."""
        for name in ADDRESS:
            self.errors.pop(name, None)
            cleaned[name] = cleaned.get(name, "") if name == "postcode" else ""

    def _value_so_far(self, name: str) -> str:
        """Return the field's current value, valid or not."""
        return str((self.data if self.is_bound else self.initial).get(name) or "")

    @property
    def chosen_country(self) -> str:
        """The chosen country, even while other fields are invalid; the first country in the list if none is chosen."""
        field = self.fields["country"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101
        known = [code for code, _ in field.choices]
        country = self._value_so_far("country")
        return country if country in known else known[0]

    @property
    def chosen_shipping_code(self) -> str:
        """The code of the chosen shipping method, valid or not."""
        return self._value_so_far("shipping_code")

    @property
    def chosen_payment_method(self) -> str:
        """The code of the chosen way to pay, valid or not; empty if none was chosen."""
        return self._value_so_far("payment_method")

    @property
    def buyer_so_far(self) -> Buyer:
        """The buyer as far as entered, even while fields are invalid."""
        try:
            postcode = self.format.postcode(self._value_so_far("postcode"))
        except ValueError:
            postcode = ""
        return Buyer(
            country=self.chosen_country,
            postcode=postcode,
            email=self._value_so_far("email")[:254],
            vat_id=_vat_id_or_nothing(self._value_so_far("vat_id")),
        )

    def submission(self) -> Submission:
        return Submission(**{field.name: self.cleaned_data[field.name] for field in fields(Submission)})

    def seen(self, ip: str) -> Seen:
        """Return what the submitted page showed. Missing hidden fields become -1, which never matches a total."""
        total, due = self.cleaned_data["total"], self.cleaned_data["due"]
        return Seen(
            self.cleaned_data["cart_mark"], -1 if total is None else total, -1 if due is None else due, ip or None
        )


def _vat_id_or_nothing(text: str) -> str:
    try:
        return clean_vat_id(text) if text.strip() else ""
    except ValueError:
        return ""
