"""What shoppers and staff type about orders: shape and ranges; not stock, not prices."""

import re
import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from catalog.forms import mailable
from catalog.markets import Market
from orders.cart import MOST_OF_ONE
from orders.checkout import Seen, Submission
from orders.models import Order

# Country → (what a postcode looks like, what to write): the countries whose rule is simple and certain.
POSTCODES = {
    "AT": (r"\d{4}", "four digits, like 1010"),
    "BE": (r"\d{4}", "four digits, like 9000"),
    "CH": (r"\d{4}", "four digits, like 8001"),
    "DE": (r"\d{5}", "five digits, like 10115"),
    "DK": (r"\d{4}", "four digits, like 2100"),
    "ES": (r"\d{5}", "five digits, like 28013"),
    "FR": (r"\d{5}", "five digits, like 75011"),
    "IT": (r"\d{5}", "five digits, like 00184"),
    "NL": (r"\d{4} ?[A-Za-z]{2}", "four digits and two letters, like 1012 AB"),
    "NO": (r"\d{4}", "four digits, like 0150"),
    "PT": (r"\d{4}-?\d{3}", "seven digits, like 1100-148"),
    "SE": (r"\d{3} ?\d{2}", "five digits, like 111 22"),
}


def one_line(text: str) -> str:
    """Trim, join spaces and refuse what does not belong on an address label."""
    text = unicodedata.normalize("NFC", re.sub(r"\s+", " ", text).strip())
    if any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co") for character in text):
        raise ValidationError("Please leave out characters that cannot be seen.")
    return text


class CartLineForm(forms.Form):
    """Add a product: its option values and how many."""

    product = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    quantity = forms.IntegerField(min_value=1, max_value=MOST_OF_ONE)
    option1 = forms.CharField(required=False, max_length=255, strip=False)
    option2 = forms.CharField(required=False, max_length=255, strip=False)
    option3 = forms.CharField(required=False, max_length=255, strip=False)

    @property
    def values(self) -> tuple[str, str, str]:
        cleaned = self.cleaned_data
        return cleaned["option1"], cleaned["option2"], cleaned["option3"]


class QuantityForm(forms.Form):
    """Change one line of the cart; 0 takes it out."""

    line = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    quantity = forms.IntegerField(min_value=0, max_value=MOST_OF_ONE)


class ReviewForm(forms.Form):
    """What a buyer says of a product."""

    rating = forms.TypedChoiceField(
        coerce=int,
        choices=[(5, "5, very good"), (4, "4, good"), (3, "3, fair"), (2, "2, poor"), (1, "1, bad")],
        error_messages={"required": "Choose from one to five stars"},
    )
    title = forms.CharField(label="In a few words", required=False, max_length=120)
    text = forms.CharField(label="What is it like?", required=False, max_length=4000, widget=forms.Textarea)
    author = forms.CharField(
        label="Your name",
        max_length=80,
        help_text="Shown beside the review.",
        error_messages={"required": "Enter a name"},
    )

    def clean_title(self) -> str:
        return one_line(self.cleaned_data["title"])

    def clean_author(self) -> str:
        return one_line(self.cleaned_data["author"])


class CheckoutForm(forms.Form):
    """The one page of the checkout. The messages say what to do."""

    email = forms.EmailField(
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
    name = forms.CharField(
        label="Full name",
        max_length=150,
        error_messages={"required": "Enter the name of the person who receives the parcel"},
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    line1 = forms.CharField(
        label="Street and number",
        max_length=200,
        error_messages={"required": "Enter a street and number, like Kraanlei 12"},
        widget=forms.TextInput(attrs={"autocomplete": "address-line1"}),
    )
    line2 = forms.CharField(
        label="Flat, building or company",
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "address-line2"}),
    )
    postcode = forms.CharField(
        label="Postcode",
        max_length=20,
        error_messages={"required": "Enter a postcode"},
        widget=forms.TextInput(attrs={"autocomplete": "postal-code"}),
    )
    city = forms.CharField(
        label="Town or city",
        max_length=100,
        error_messages={"required": "Enter a town or city"},
        widget=forms.TextInput(attrs={"autocomplete": "address-level2"}),
    )
    phone = forms.CharField(
        label="Phone",
        max_length=40,
        required=False,
        help_text="Only used by the courier if they cannot find you",
        widget=forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel"}),
    )
    shipping_code = forms.CharField(max_length=32, error_messages={"required": "Choose a delivery method"})
    cart_mark = forms.CharField(max_length=64, required=False)
    total = forms.IntegerField(min_value=0, max_value=10**15, required=False)

    def __init__(self, *args: Any, market: Market, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = market.country_choices()
        field = self.fields["country"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101
        field.choices = choices

    def clean_name(self) -> str:
        return one_line(self.cleaned_data["name"])

    def clean_line1(self) -> str:
        return one_line(self.cleaned_data["line1"])

    def clean_line2(self) -> str:
        return one_line(self.cleaned_data["line2"])

    def clean_city(self) -> str:
        return one_line(self.cleaned_data["city"])

    def clean_phone(self) -> str:
        phone = one_line(self.cleaned_data["phone"])
        if phone and not re.fullmatch(r"[+\d][\d ()/.-]{4,38}", phone):
            raise ValidationError("Enter a phone number with digits, like +32 9 000 00 00, or leave it empty")
        return phone

    def clean_email(self) -> str:
        return mailable(self.cleaned_data["email"])

    def clean_postcode(self) -> str:
        postcode = one_line(self.cleaned_data["postcode"]).upper()
        pattern, words = POSTCODES.get(self.data.get("country", ""), (r".{2,}", "its letters and digits"))
        if not re.fullmatch(pattern, postcode):
            raise ValidationError(f"Enter a postcode with {words}")
        return postcode

    @property
    def country_asked(self) -> str:
        """The country chosen so far, also while other fields are wrong; the first of the list otherwise."""
        field = self.fields["country"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101
        known = [code for code, _ in field.choices]
        told = self.data.get("country") or self.initial.get("country", "")
        return told if told in known else known[0]

    def submission(self) -> Submission:
        cleaned = self.cleaned_data
        names = ("email", "country", "name", "line1", "postcode", "city", "shipping_code", "line2", "phone")
        return Submission(**{name: cleaned[name] for name in names})

    def seen(self, ip: str) -> Seen:
        """A form without its hidden fields has seen nothing, so nothing can match."""
        total = self.cleaned_data["total"]
        return Seen(self.cleaned_data["cart_mark"], -1 if total is None else total, ip or None)


class FindOrderForm(forms.Form):
    """Find an order without an account."""

    number = forms.CharField(
        label="Order number",
        max_length=24,
        help_text="It stands in the subject of every mail, like HS-7K3M9QXA",
        error_messages={"required": "Enter the order number"},
    )
    email = forms.EmailField(
        label="E-mail",
        max_length=254,
        error_messages={
            "required": "Enter the e-mail address of the order",
            "invalid": "Enter an e-mail address",
        },
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
    )

    def find(self) -> Order | None:
        number = re.sub(r"\s", "", self.cleaned_data["number"]).upper()
        return Order.objects.filter(number=number, email=self.cleaned_data["email"].lower()).first()


class ShipForm(forms.Form):
    """A parcel, as staff describe it: a quantity for each line that is still open."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    carrier = forms.CharField(max_length=60, required=False)
    tracking_number = forms.CharField(max_length=100, required=False)
    tracking_url = forms.URLField(max_length=500, required=False, assume_scheme="https")

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines = [line for line in order.lines.all() if line.open_quantity]
        for line in self.lines:
            self.fields[f"line_{line.pk}"] = forms.IntegerField(
                label=f"{line.title} {line.variant_title}".strip(),
                help_text=f"of {line.open_quantity}",
                min_value=0,
                max_value=line.open_quantity,
                initial=line.open_quantity,
            )

    def quantities(self) -> dict[int, int]:
        return {line.pk: self.cleaned_data[f"line_{line.pk}"] for line in self.lines}
