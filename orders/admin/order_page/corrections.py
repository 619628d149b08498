"""The actions that correct an order: its address, its e-mail address, and the tracking of its parcels."""

from dataclasses import fields
from typing import Any

from django import forms

from accounts.address_formats import address_format
from accounts.fields import MailboxFormField
from accounts.one_line import OneLineField
from catalog.markets import market_of
from catalog.web_urls import WebURLField
from orders.address_fields import clean_parts, clean_phone, clean_postcode, localize_fields, require
from orders.admin.order_page.permissions import EDIT, SEE_CUSTOMER, SHIP
from orders.admin.order_page.registry import Action, ActionForm, ActionRefused, Place
from orders.editing import (
    NewAddress,
    NewInvoiceAddress,
    address_refusal,
    correct_address,
    correct_email,
    correct_invoice_address,
    invoice_country,
)
from orders.errors import EditRefused
from orders.fulfillment import Tracking, correct_tracking
from orders.models import Order

ADDRESS_PARTS = ("line1", "line2", "postcode", "city", "state")
INVOICE_PARTS = tuple(part.name for part in fields(NewInvoiceAddress))


def _country_name(order: Order, code: str) -> str:
    return market_of(order.market).locale.territories.get(code, code)


class AddressForm(ActionForm):
    """The delivery address of an order, with the fields of its country. The country itself stays."""

    button = "Save the address"

    name = OneLineField(label="Full name", max_length=150, error_messages={"required": "Enter the full name"})
    line1 = OneLineField(max_length=200, required=False)
    line2 = OneLineField(max_length=200, required=False)
    postcode = OneLineField(max_length=20, required=False)
    city = OneLineField(max_length=100, required=False)
    state = OneLineField(max_length=60, required=False)
    phone = OneLineField(label="Phone", max_length=40, required=False)

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, order=order, **kwargs)
        self.format = address_format(order.country)
        localize_fields(self, self.format)
        used = {"line1", "line2", *self.format.parts} if order.has_address else set()
        for part in ADDRESS_PARTS:
            if part not in used:
                del self.fields[part]
        stored = {name: getattr(order, name) for name in ("name", *ADDRESS_PARTS)}
        self.initial = {**stored, "phone": order.shown_phone, **self.initial}

    @property
    def heading(self) -> str:  # type: ignore[override]
        return f"In {_country_name(self.order, self.order.country)}"

    def clean_postcode(self) -> str:
        return clean_postcode(self.cleaned_data["postcode"], self.format.country)

    def clean_phone(self) -> str:
        return clean_phone(self.cleaned_data["phone"], self.format.country)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.order.has_address:
            clean_parts(self, cleaned, self.format)
        return cleaned

    @property
    def address(self) -> NewAddress:
        """The address in the valid form. Parts without a field stay as they are."""
        parts = (*ADDRESS_PARTS, "name", "phone")
        return NewAddress(**{part: self.cleaned_data.get(part, getattr(self.order, part)) for part in parts})


def _correct_address(order: Order, by: int, form: AddressForm) -> str:
    try:
        correct_address(order, form.address, form.edit(by))
    except EditRefused as refused:
        raise ActionRefused(str(refused), refused.field) from refused
    return f"The address of {order.number} is corrected."


class InvoiceAddressForm(ActionForm):
    """The address and the company on the invoice, with the fields of their country. The country itself stays."""

    button = "Save the invoice address"

    company = OneLineField(label="Company", max_length=150, required=False)
    billing_name = OneLineField(
        label="Name for the invoice",
        max_length=150,
        required=False,
        help_text="Leave it and the address empty to use the delivery address.",
    )
    billing_line1 = OneLineField(max_length=200, required=False)
    billing_postcode = OneLineField(max_length=20, required=False)
    billing_city = OneLineField(max_length=100, required=False)
    billing_state = OneLineField(max_length=60, required=False)

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, order=order, **kwargs)
        self.format = address_format(invoice_country(order))
        localize_fields(self, self.format, "billing_")
        for part in ("postcode", "city", "state"):
            if part not in self.format.parts:
                del self.fields[f"billing_{part}"]
        self.initial = {**{name: getattr(order, name) for name in INVOICE_PARTS}, **self.initial}

    @property
    def heading(self) -> str:  # type: ignore[override]
        return f"In {_country_name(self.order, invoice_country(self.order))}"

    def clean_billing_postcode(self) -> str:
        return clean_postcode(self.cleaned_data["billing_postcode"], self.format.country)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if any(cleaned.get(name) for name in INVOICE_PARTS if name != "company"):
            clean_parts(self, cleaned, self.format, "billing_")
            require(self, cleaned, "billing_name", "Enter the name for the invoice")
        return cleaned

    @property
    def address(self) -> NewInvoiceAddress:
        """The address in the valid form."""
        return NewInvoiceAddress(**{name: self.cleaned_data.get(name, "") for name in INVOICE_PARTS})


def _correct_invoice_address(order: Order, by: int, form: InvoiceAddressForm) -> str:
    try:
        correct_invoice_address(order, form.address, form.edit(by))
    except EditRefused as refused:
        raise ActionRefused(str(refused), refused.field) from refused
    return f"The invoice address of {order.number} is corrected."


class EmailForm(ActionForm):
    """The e-mail address of an order."""

    heading = "Further e-mails go to this address. Gift cards that were sent already stay with whoever got them"
    button = "Save the e-mail address"

    email = MailboxFormField(label="E-mail")

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, order=order, **kwargs)
        self.initial = {"email": order.email, **self.initial}

    @property
    def may_issue_codes(self) -> bool:
        return self.user is not None and self.user.has_perm("orders.issue_giftcard")


def _correct_email(order: Order, by: int, form: EmailForm) -> str:
    email = form.cleaned_data["email"]
    try:
        correct_email(order, email, form.edit(by), may_move_codes=form.may_issue_codes)
    except EditRefused as refused:
        raise ActionRefused(str(refused), refused.field) from refused
    return f"Further e-mails of {order.number} go to {email}."


class TrackingForm(ActionForm):
    """The carrier and the tracking of one parcel."""

    button = "Save the tracking"

    parcel = forms.ChoiceField(widget=forms.HiddenInput)
    carrier = OneLineField(max_length=60, required=False)
    tracking_number = OneLineField(max_length=100, required=False)
    tracking_url = WebURLField(label="Tracking URL", max_length=500, required=False)

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, order=order, **kwargs)
        self.parcels = {str(parcel.pk): parcel for parcel in order.fulfillments.all()}
        self.fields["parcel"].choices = [(pk, pk) for pk in self.parcels]
        chosen = self.parcels.get(str(self["parcel"].value())) or list(self.parcels.values())[-1]
        self.number = list(self.parcels).index(str(chosen.pk)) + 1
        names = ("carrier", "tracking_number", "tracking_url")
        self.initial = {**self.initial, "parcel": chosen.pk, **{name: getattr(chosen, name) for name in names}}

    @property
    def heading(self) -> str:  # type: ignore[override]
        return f"Parcel {self.number}"

    @property
    def tracking(self) -> Tracking:
        """The tracking in the valid form."""
        cleaned = self.cleaned_data
        return Tracking(cleaned["carrier"], cleaned["tracking_number"], cleaned["tracking_url"])


def _tracking_refusal(order: Order) -> str:
    return "" if order.fulfillments.all() else f"No parcel of {order.number} has been shipped."


def _correct_tracking(order: Order, by: int, form: TrackingForm) -> str:
    try:
        correct_tracking(form.parcels[form.cleaned_data["parcel"]], form.tracking, form.edit(by))
    except EditRefused as refused:
        raise ActionRefused(str(refused), refused.field) from refused
    return f"The tracking of parcel {form.number} is corrected. The customer has not been told; send the e-mail again."


ADDRESS_ACTION = Action(
    "address",
    "Correct the address",
    EDIT,
    30,
    address_refusal,
    _correct_address,
    form=AddressForm,
    icon="edit",
    other_permissions=(SEE_CUSTOMER,),
)
INVOICE_ADDRESS_ACTION = Action(
    "billing",
    "Correct the invoice address",
    EDIT,
    35,
    address_refusal,
    _correct_invoice_address,
    form=InvoiceAddressForm,
    icon="page",
    other_permissions=(SEE_CUSTOMER,),
)
EMAIL_ACTION = Action(
    "email",
    "Correct the e-mail address",
    EDIT,
    40,
    lambda _order: "",
    _correct_email,
    form=EmailForm,
    icon="edit",
    other_permissions=(SEE_CUSTOMER,),
)
TRACKING_ACTION = Action(
    "tracking",
    "Correct the tracking",
    SHIP,
    45,
    _tracking_refusal,
    _correct_tracking,
    form=TrackingForm,
    place=Place.PANEL,
    icon="truck",
)
