"""The action that ships a parcel."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django import forms

from accounts.one_line import OneLineField
from catalog.formats import count_of, money
from catalog.web_urls import WebURLField
from orders.admin.order_page.customer import AddressCard, address_card
from orders.admin.order_page.items import shown_weight
from orders.admin.order_page.parcels import can_be_shipped, locations_of, open_lines_of
from orders.admin.order_page.permissions import SEE_CUSTOMER, SHIP
from orders.admin.order_page.registry import Action, ActionForm, ActionRefused, Place
from orders.charging import Charge, ChargePlan, charging_of
from orders.errors import ShipmentRefused
from orders.fulfillment import NewFulfillment, hold_of, ship
from orders.models import Order, OrderEvent, OrderLine


@dataclass(frozen=True)
class ShipRow:
    """An order line that can go into the parcel, with the field of its quantity and where its units are."""

    line: OrderLine
    field: forms.BoundField
    places: str
    weight: str


FOLLOWS, DROPPED = "follows", "dropped"
REST_CHOICES = [
    (FOLLOWS, "It follows later. Everything is charged now."),
    (DROPPED, "It will not be sent. Only this parcel and the delivery are charged."),
]


class ShipForm(ActionForm):
    """A parcel to ship: a quantity for each open order line, and the carrier."""

    heading = "Items in this parcel"
    button = "Ship this parcel"

    carrier = OneLineField(max_length=60, required=False)
    tracking_number = OneLineField(max_length=100, required=False)
    tracking_url = WebURLField(label="Tracking URL", max_length=500, required=False)

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, order=order, **kwargs)
        self.lines = open_lines_of(order)
        for line in self.lines:
            self.fields[f"line_{line.pk}"] = forms.IntegerField(
                label=line.full_title,
                help_text=f"of {line.open_quantity}",
                min_value=0,
                max_value=line.open_quantity,
                initial=line.open_quantity,
                widget=forms.NumberInput(attrs={"aria-label": f"Units of {line.full_title} in this parcel"}),
            )
        self.charging = charging_of(order)
        self.fields["rest"] = forms.ChoiceField(
            label="What is not in this parcel",
            choices=REST_CHOICES,
            widget=forms.RadioSelect,
            initial=FOLLOWS,
            required=False,
        )
        # The amount that the page has shown. Nothing else may be charged.
        self.fields["charged"] = forms.IntegerField(required=False)

    @property
    def has_rest(self) -> bool:
        """Whether staff choose what happens to units that are not in the parcel."""
        return bool(self.charging) and sum(line.open_quantity for line in self.lines) > 1

    @property
    def drops_rest(self) -> bool:
        """Whether what is not in the parcel will not be sent."""
        return self.is_bound and self.cleaned_data.get("rest") == DROPPED

    @cached_property
    def charge(self) -> ChargePlan | None:
        """What shipping this parcel will charge; None if nothing is left to charge, or the form is not valid."""
        if not self.charging or (self.is_bound and not self.is_valid()):
            return None
        return self.charging.plan(self.order, self.fulfillment if self.is_bound else self._everything, self.drops_rest)

    @property
    def _everything(self) -> NewFulfillment:
        return NewFulfillment({line.pk: line.open_quantity for line in self.lines})

    @property
    def shown_button(self) -> str:
        """The label of the button. The consequences say what it charges."""
        return "Charge and ship this parcel" if self.charging else self.button

    @property
    def rows(self) -> Sequence[ShipRow]:
        """The open lines with their fields."""
        places = locations_of(self.order)
        return [
            ShipRow(
                line,
                self[f"line_{line.pk}"],
                ", ".join(places.get(line.pk, [])),
                shown_weight(line.grams * line.open_quantity) if line.grams else "",
            )
            for line in self.lines
        ]

    @property
    def shipping_fields(self) -> list[forms.BoundField]:
        """The fields of the carrier."""
        return [self[name] for name in ("carrier", "tracking_number", "tracking_url")]

    @property
    def parcel_number(self) -> int:
        return len(self.order.fulfillments.all()) + 1

    @property
    def shipped_before(self) -> str:
        """What went out in earlier parcels: `3 items were shipped in 1 parcel.`"""
        units = sum(line.shipped_quantity for line in self.order.lines.all())
        parcels = count_of(self.parcel_number - 1, "parcel")
        return f"{count_of(units, 'item')} shipped in {parcels}" if units else ""

    @property
    def address(self) -> AddressCard | None:
        """Where the parcel goes, for those who may know."""
        sees_customer = self.user and self.user.has_perm(SEE_CUSTOMER)
        return address_card(self.order, self.user) if self.user and sees_customer else None

    @property
    def consequences(self) -> list[str]:
        """What happens when the parcel is shipped."""
        sees_customer = self.user and self.user.has_perm(SEE_CUSTOMER)
        recipient = self.order.email if sees_customer else "The customer"
        return [
            *(self.charge.sentences if self.charge else ()),
            "The units in the parcel leave the stock of their location.",
            f"{recipient} gets the e-mail “On its way” with these items and the tracking.",
            "Once nothing is left to ship, the order is completed.",
        ]

    @property
    def notes(self) -> list[OrderEvent]:
        """The notes of staff about the order."""
        return list(self.order.events.filter(kind=OrderEvent.Kind.NOTE).exclude(text="").select_related("user"))

    @property
    def fulfillment(self) -> NewFulfillment:
        """The fulfillment that the valid form describes."""
        cleaned = self.cleaned_data
        quantities = {line.pk: cleaned[f"line_{line.pk}"] for line in self.lines}
        key = cleaned["key"] or uuid.uuid4()
        return NewFulfillment(quantities, cleaned["carrier"], cleaned["tracking_number"], cleaned["tracking_url"], key)


def _refusal(order: Order) -> str:
    if can_be_shipped(order):
        charging = charging_of(order)
        return hold_of(order, besides=charging.hold if charging else None)
    return f"{order.number} is {order.get_status_display().lower()}: there is nothing to ship."


def _ship(order: Order, by: int, form: ShipForm) -> str:
    seen = form.cleaned_data["seen"]
    try:
        if form.charging:
            _check_charge(order, form)
            return form.charging.ship(order, Charge(form.fulfillment, form.drops_rest, by, seen))
        ship(order, form.fulfillment, user_id=by, seen=seen)
    except ShipmentRefused as refused:
        raise ActionRefused(str(refused)) from refused
    return f"The parcel of {order.number} was shipped. The customer has been e-mailed."


def _check_charge(order: Order, form: ShipForm) -> None:
    """Raise ActionRefused if the page has shown another amount than is charged now."""
    if not form.charge or form.charge.refusal or form.cleaned_data["charged"] == form.charge.amount_minor:
        return
    amount = money(form.charge.amount_minor, order.currency)
    raise ActionRefused(f"This now charges {amount}. Check what will happen and submit the form again.")


SHIP_ACTION = Action(
    "ship",
    "Ship",
    SHIP,
    10,
    _refusal,
    _ship,
    form=ShipForm,
    template="admin/orders/order/ship.html",
    preview="admin/orders/order/ship_preview.html",
    title="Ship a parcel",
    place=Place.MAIN,
    icon="truck",
)
