"""The action that ships a parcel."""

import uuid
from typing import Any

from django import forms

from accounts.one_line import OneLineField
from orders.admin.order_page.registry import Action, ActionForm, ActionRefused
from orders.errors import ShipmentRefused
from orders.fulfillment import NewFulfillment, ship
from orders.models import Order


class ShipForm(ActionForm):
    """A parcel to ship: a quantity for each open order line, and the carrier."""

    heading = "What is in the parcel"
    button = "Ship this parcel"

    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    carrier = OneLineField(max_length=60, required=False)
    tracking_number = OneLineField(max_length=100, required=False)
    tracking_url = forms.URLField(label="Tracking URL", max_length=500, required=False, assume_scheme="https")

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, order=order, **kwargs)
        self.lines = [line for line in order.lines.all() if line.open_quantity and not line.is_gift_card]
        for line in self.lines:
            self.fields[f"line_{line.pk}"] = forms.IntegerField(
                label=f"{line.title} {line.variant_title}".strip(),
                help_text=f"of {line.open_quantity}",
                min_value=0,
                max_value=line.open_quantity,
                initial=line.open_quantity,
            )

    @property
    def fulfillment(self) -> NewFulfillment:
        """The fulfillment that the valid form describes."""
        cleaned = self.cleaned_data
        quantities = {line.pk: cleaned[f"line_{line.pk}"] for line in self.lines}
        return NewFulfillment(
            quantities, cleaned["carrier"], cleaned["tracking_number"], cleaned["tracking_url"], cleaned["key"]
        )


def _refusal(order: Order) -> str:
    is_open = any(line.needs_shipping and line.open_quantity for line in order.lines.all())
    if order.status == Order.Status.CONFIRMED and is_open:
        return ""
    return f"{order.number} is {order.get_status_display().lower()}: there is nothing to ship."


def _ship(order: Order, by: int, form: ShipForm) -> str:
    try:
        ship(order, form.fulfillment, user_id=by)
    except ShipmentRefused as refused:
        raise ActionRefused(str(refused)) from refused
    return f"The parcel of {order.number} was shipped. The customer has been e-mailed."


SHIP = Action("ship", "Ship", "orders.ship_order", 10, _refusal, _ship, form=ShipForm)
