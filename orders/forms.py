"""Forms of shoppers and staff about orders. They check format and range, not stock or prices."""

import re

from django import forms

from accounts.fields import MailboxFormField
from accounts.one_line import OneLineField
from catalog.forms import StockAlertForm
from orders.cart import MAX_LINE_QUANTITY
from orders.models import Order


class CartLineForm(forms.Form):
    """Add a product to the cart: its option values and a quantity."""

    product = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    quantity = forms.IntegerField(min_value=1, max_value=MAX_LINE_QUANTITY)
    option1 = forms.CharField(required=False, max_length=255, strip=False)
    option2 = forms.CharField(required=False, max_length=255, strip=False)
    option3 = forms.CharField(required=False, max_length=255, strip=False)

    @property
    def values(self) -> tuple[str, str, str]:
        cleaned = self.cleaned_data
        return cleaned["option1"], cleaned["option2"], cleaned["option3"]


class QuantityForm(forms.Form):
    """Change the quantity of one cart line; 0 removes the line."""

    line = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    quantity = forms.IntegerField(min_value=0, max_value=MAX_LINE_QUANTITY)


class CartNoteForm(forms.Form):
    """A note for the shop, and a gift message for the recipient."""

    note = OneLineField(required=False, max_length=500)
    gift_message = OneLineField(required=False, max_length=500)


class ReviewForm(forms.Form):
    """A buyer's review of a product."""

    rating = forms.TypedChoiceField(
        coerce=int,
        choices=[(5, "5, very good"), (4, "4, good"), (3, "3, fair"), (2, "2, poor"), (1, "1, bad")],
        error_messages={"required": "Choose one to five stars"},
    )
    title = OneLineField(label="In a few words", required=False, max_length=120)
    text = forms.CharField(
        label="What is it like?", required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 6})
    )
    author = OneLineField(
        label="Your name",
        max_length=80,
        help_text="Shown with the review.",
        error_messages={"required": "Enter a name"},
    )


class MailboxAlertForm(StockAlertForm):
    """The e-mail address for a back-in-stock alert. All spellings of a mailbox count as one."""

    email = MailboxFormField()


class FindOrderForm(forms.Form):
    """Find an order by its number and e-mail address, without an account."""

    number = OneLineField(
        label="Order number",
        max_length=24,
        help_text="It is in the subject of every e-mail about your order, like HS-7K3M9QXA",
        error_messages={"required": "Enter the order number"},
    )
    email = MailboxFormField(
        label="E-mail",
        max_length=254,
        error_messages={
            "required": "Enter the e-mail address of the order",
            "invalid": "Enter an e-mail address",
        },
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
    )

    def find(self) -> Order | None:
        """Return the order with this number and e-mail address, or None."""
        number = re.sub(r"\s", "", self.cleaned_data["number"]).upper()
        return Order.objects.filter(number=number, email=self.cleaned_data["email"]).first()
