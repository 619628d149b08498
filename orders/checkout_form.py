"""The checkout's one form."""

from dataclasses import fields
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.address_formats import address_format
from accounts.fields import MailboxFormField
from accounts.one_line import OneLineField
from accounts.phones import phone_example, stored_phone
from catalog.markets import Market
from orders.checkout import Seen, Submission
from orders.customers import Buyer
from orders.shipping import needs_address
from orders.tax import clean_vat_id

ADDRESS = {
    "line1": "Enter a street and number, like Kraanlei 12",
    "postcode": "Enter a postcode",
    "city": "Enter a town or city",
}
BILLING = {
    "billing_name": "Enter the name for the invoice",
    "billing_line1": "Enter a street and number for the invoice",
    "billing_postcode": "Enter a postcode for the invoice",
    "billing_city": "Enter a town or city for the invoice",
    "billing_country": "Choose a country for the invoice",
}


def _text(token: str) -> forms.TextInput:
    return forms.TextInput(attrs={"autocomplete": token})


def clean_postcode(text: str, country: str) -> str:
    """A postcode as that country writes it, or ValidationError with what to write; empty stays empty."""
    form = address_format(country)
    try:
        return form.postcode(text)
    except ValueError as error:
        like = f" like {form.postcode_examples[0]}" if form.postcode_examples else ""
        raise ValidationError(f"Enter {form.noun('postcode')}{like}") from error


def clean_phone(text: str, country: str) -> str:
    """A phone number as couriers can dial it, or ValidationError with what to write; empty stays empty."""
    try:
        return stored_phone(text, country)
    except ValueError as error:
        example = phone_example(country)
        raise ValidationError(f"Enter a phone number like {example}, or leave it empty") from error


class CheckoutForm(forms.Form):
    """The one page of the checkout. The messages say what to do."""

    email = MailboxFormField(
        label="E-mail",
        max_length=254,
        help_text="For the order confirmation and delivery news",
        error_messages={
            "required": "Enter your e-mail address",
            "invalid": "Enter an e-mail address in the form name@example.com",
        },
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
    )
    country = forms.ChoiceField(
        label="Country",
        error_messages={"required": "Choose a country", "invalid_choice": "Choose a country from the list"},
        widget=forms.Select(attrs={"autocomplete": "country"}),
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
        help_text="With its two letters in front, like BE0123456749",
        widget=forms.TextInput(attrs={"autocomplete": "off", "data-refresh": "1"}),
    )
    billing_name = OneLineField(
        label="Name on the invoice", max_length=150, required=False, widget=_text("billing name")
    )
    billing_line1 = OneLineField(
        label="Street and number of the invoice", max_length=200, required=False, widget=_text("billing address-line1")
    )
    billing_postcode = OneLineField(
        label="Postcode of the invoice", max_length=20, required=False, widget=_text("billing postal-code")
    )
    billing_city = OneLineField(
        label="Town or city of the invoice", max_length=100, required=False, widget=_text("billing address-level2")
    )
    billing_country = forms.ChoiceField(label="Country of the invoice", required=False)
    shipping_code = forms.CharField(max_length=32, error_messages={"required": "Choose a delivery method"})
    save_address = forms.BooleanField(required=False)
    cart_mark = forms.CharField(max_length=64, required=False)
    total = forms.IntegerField(min_value=0, max_value=10**15, required=False)
    due = forms.IntegerField(min_value=0, max_value=10**15, required=False)
    seen_sums = forms.CharField(max_length=20_000, required=False)

    def __init__(self, *args: Any, market: Market, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._choices("country", market.country_choices())
        self._choices("billing_country", [("", "–"), *market.country_choices()])

    def _choices(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101
        field.choices = choices

    def clean_phone(self) -> str:
        return clean_phone(self.cleaned_data["phone"], self.data.get("country", ""))

    def clean_postcode(self) -> str:
        return clean_postcode(self.cleaned_data["postcode"], self.data.get("country", ""))

    def clean_billing_postcode(self) -> str:
        return clean_postcode(self.cleaned_data["billing_postcode"], self.data.get("billing_country", ""))

    def clean_vat_id(self) -> str:
        text = self.cleaned_data["vat_id"]
        try:
            return clean_vat_id(text) if text else ""
        except ValueError as wrong:
            raise ValidationError(str(wrong)) from wrong

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name, words in self._missing(cleaned).items():
            if name not in self.errors:
                self.add_error(name, words)
        return cleaned

    def _missing(self, cleaned: dict[str, Any]) -> dict[str, str]:
        """What has to be there together: an address where something is sent, a whole billing address or none."""
        missing = {}
        if any(not cleaned.get(name) for name in ADDRESS) and needs_address(cleaned.get("shipping_code", "")):
            missing = {name: words for name, words in ADDRESS.items() if not cleaned.get(name)}
        if any(cleaned.get(name) for name in BILLING):
            missing |= {name: words for name, words in BILLING.items() if not cleaned.get(name)}
        return missing

    @property
    def country_asked(self) -> str:
        """The country chosen so far, also while other fields are wrong; the first of the list otherwise."""
        field = self.fields["country"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101
        known = [code for code, _ in field.choices]
        told = self.data.get("country") or self.initial.get("country", "")
        return told if told in known else known[0]

    @property
    def buyer_so_far(self) -> Buyer:
        """What has been told so far, also while fields are wrong."""
        told = self.data or self.initial
        return Buyer(
            country=self.country_asked,
            postcode=str(told.get("postcode", ""))[:20],
            email=str(told.get("email", ""))[:254],
            vat_id=_vat_id_or_nothing(str(told.get("vat_id", ""))),
        )

    def submission(self) -> Submission:
        return Submission(**{field.name: self.cleaned_data[field.name] for field in fields(Submission)})

    def seen(self, ip: str) -> Seen:
        """A form without its hidden fields has seen nothing, so nothing can match."""
        total, due = self.cleaned_data["total"], self.cleaned_data["due"]
        return Seen(
            self.cleaned_data["cart_mark"], -1 if total is None else total, -1 if due is None else due, ip or None
        )


def _vat_id_or_nothing(text: str) -> str:
    try:
        return clean_vat_id(text) if text.strip() else ""
    except ValueError:
        return ""
