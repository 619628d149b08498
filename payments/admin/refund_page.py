"""The action of the order page that refunds units, delivery or an amount, with what will happen stated first."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django import forms

from accounts.models import User
from catalog.formats import count_of, money
from catalog.inputs import AmountField
from catalog.models import Location
from orders.admin.order_page.permissions import SEE_CUSTOMER
from orders.admin.order_page.registry import Action, ActionForm, ActionRefused, Place
from orders.errors import ReversalRefused
from orders.models import Disposition, Order, OrderLine
from orders.reversal import UnitsBack, left_of, left_of_shipping
from payments.admin.reading import payments_of
from payments.errors import RefundRefused
from payments.models import RefundRequest
from payments.refund_plans import (
    RefundChoice,
    RefundPlan,
    left_of_order,
    limit_of,
    needs_approval,
    owed_of,
    plan_refund,
)
from payments.refund_requests import ask_refund

REFUND = "payments.refund_order"
SENT_CHOICES = [(choice.value, choice.label) for choice in (Disposition.RESTOCK, Disposition.WRITE_OFF)]
SENT_CHOICES.append((Disposition.KEPT.value, Disposition.KEPT.label))
REASONS = [choice for choice in RefundRequest.Reason.choices if choice[0] != RefundRequest.Reason.AT_STRIPE]


@dataclass(frozen=True)
class RefundRow:
    """Units of a line that can be refunded: its sent ones or the others, with the fields of the form."""

    line: OrderLine
    state: str
    field: forms.BoundField
    disposition: forms.BoundField | None


class UnitsForm(ActionForm):
    """A quantity for the sent and for the other units of each line, and the delivery cost."""

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, order=order, **kwargs)
        self._parts: list[tuple[OrderLine, bool]] = []
        for line in order.lines.all():
            for is_sent in (True, False):
                if left := left_of(line, is_sent=is_sent):
                    self._add_part(line, left, is_sent=is_sent)
        left_shipping = left_of_shipping(order)
        self.fields["shipping"] = AmountField(
            currency=order.currency,
            label=f"Delivery to refund ({order.currency})",
            required=False,
            disabled=not left_shipping,
            help_text=f"At most {money(left_shipping, order.currency)}." if left_shipping else "Nothing is left of it.",
        )
        locations = list(Location.objects.order_by("priority", "pk"))
        self.fields["location"] = forms.ChoiceField(
            label="Units go back into stock at",
            choices=[(location.pk, location.name) for location in locations],
            required=False,
            widget=forms.Select if len(locations) > 1 else forms.HiddenInput,
            initial=locations[0].pk if locations else None,
        )

    def _add_part(self, line: OrderLine, left: int, *, is_sent: bool) -> None:
        name = _name(line, is_sent=is_sent)
        label = f"{'Sent' if is_sent else 'Unsent'} units of {line.full_title} to refund"
        self.fields[name] = forms.IntegerField(
            label=line.full_title,
            help_text=f"of {left}",
            min_value=0,
            max_value=left,
            required=False,
            initial=0,
            widget=forms.NumberInput(attrs={"aria-label": label}),
            error_messages={"max_value": f"Only {left} of {line.full_title} can be refunded."},
        )
        if is_sent and line.needs_shipping:
            choices = SENT_CHOICES if line.is_stocked and line.variant_id else SENT_CHOICES[1:]
            self.fields[f"{name}_back"] = forms.ChoiceField(
                choices=choices,
                required=False,
                widget=forms.Select(attrs={"aria-label": f"What happens to {line.full_title}"}),
            )
        self._parts.append((line, is_sent))

    @property
    def rows(self) -> Iterator[RefundRow]:
        """The units that can be refunded, with their fields."""
        for line, is_sent in self._parts:
            name = _name(line, is_sent=is_sent)
            disposition = self[f"{name}_back"] if f"{name}_back" in self.fields else None
            yield RefundRow(line, _state(line, is_sent=is_sent), self[name], disposition)

    @property
    def units(self) -> tuple[UnitsBack, ...]:
        """The units of the valid form."""
        return tuple(self._units())

    def _units(self) -> Iterator[UnitsBack]:
        for line, is_sent in self._parts:
            name = _name(line, is_sent=is_sent)
            if quantity := self.cleaned_data.get(name):
                fate = self.cleaned_data.get(f"{name}_back") or (Disposition.KEPT if is_sent else Disposition.NOT_SENT)
                yield UnitsBack(line.pk, quantity, Disposition(fate))

    @property
    def location_id(self) -> int | None:
        """Where units of the valid form go back into stock."""
        return int(self.cleaned_data["location"]) if self.cleaned_data.get("location") else None


def _name(line: OrderLine, *, is_sent: bool) -> str:
    return f"{'sent' if is_sent else 'open'}_{line.pk}"


def _state(line: OrderLine, *, is_sent: bool) -> str:
    if line.is_gift_card:
        return "Gift card: it can no longer be used"
    if not line.needs_shipping:
        return "Download"
    return f"{line.unrefunded_sent} sent" if is_sent else f"{line.open_quantity} not sent: will not be sent"


class RefundForm(UnitsForm):
    """What to refund, where the money goes, and why."""

    button = "Refund"

    reason = forms.ChoiceField(label="Reason, as the customer reads it", choices=REASONS)
    note = forms.CharField(label="Note for the team", max_length=500, required=False)
    has_mail = forms.BooleanField(
        label="E-mail the customer when the money has gone back", required=False, initial=True
    )

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, order=order, **kwargs)
        self.fields["target"] = target_field(order)
        self.fields["goodwill"] = AmountField(
            currency=order.currency,
            label=f"Goodwill, for no item ({order.currency})",
            required=False,
            help_text="For trouble caused. Sales and tax stay as they are.",
        )

    @property
    def left(self) -> str:
        """How much can still be refunded."""
        return money(left_of_order(self.order), self.order.currency)

    @property
    def amount_fields(self) -> list[forms.BoundField]:
        return [self["shipping"], self["goodwill"]]

    @property
    def reason_fields(self) -> list[forms.BoundField]:
        return [self["reason"], self["note"]]

    @property
    def choice(self) -> RefundChoice:
        """What the valid form says."""
        cleaned = self.cleaned_data
        return RefundChoice(
            units=self.units,
            shipping_minor=cleaned.get("shipping") or 0,
            goodwill_minor=cleaned.get("goodwill") or 0,
            target=cleaned["target"],
            reason=cleaned["reason"],
            note=cleaned["note"],
            has_mail=cleaned["has_mail"],
            location_id=self.location_id,
            key=cleaned["key"] or uuid.uuid4(),
        )

    @cached_property
    def plan(self) -> RefundPlan | str:
        """What the form comes to, or why it cannot be refunded."""
        if not self.is_bound or not self.is_valid():
            return ""
        try:
            return plan_refund(self.order, self.choice)
        except (RefundRefused, ReversalRefused) as refused:
            return str(refused)

    @property
    def refusal(self) -> str:
        """Why the form cannot be refunded as it is; empty if it can."""
        return self.plan if isinstance(self.plan, str) else ""

    @property
    def outcome(self) -> "Outcome | None":
        """What will happen, if the form can be refunded."""
        if isinstance(self.plan, str) or not self.user:
            return None
        return outcome_of(self.order, self.plan, self.choice, self.user)


def target_field(order: Order, initial: str = RefundRequest.Target.SAME) -> forms.ChoiceField:
    """Return the field for where the money goes. Store credit needs an account."""
    return forms.ChoiceField(
        label="Pay back to", choices=list(_targets(order)), widget=forms.RadioSelect, initial=initial
    )


def _targets(order: Order) -> Iterator[tuple[str, str]]:
    yield RefundRequest.Target.SAME.value, "The way it was paid"
    yield RefundRequest.Target.GIFT_CARD.value, "A new gift card, e-mailed at once"
    if order.user_id:
        yield RefundRequest.Target.CREDIT.value, "Store credit, on the customer's account at once"


@dataclass(frozen=True)
class OutcomeRow:
    """A row of amounts. `is_sum` draws a line above it."""

    name: str
    amount: str
    is_sum: bool = False


@dataclass(frozen=True)
class Outcome:
    """What a refund gives back, to what, and what follows from it."""

    rows: Sequence[OutcomeRow]
    targets: Sequence[OutcomeRow]
    sentences: Sequence[str]
    warning: str
    button: str


def outcome_of(order: Order, plan: RefundPlan, choice: RefundChoice, user: User) -> Outcome:
    """Return what will happen if this user asks for the refund."""
    total = money(plan.total_minor, order.currency)
    is_above = needs_approval(user, order, plan.total_minor)
    return Outcome(
        rows=list(_rows(order, plan)),
        targets=list(_target_rows(order, plan, choice)),
        sentences=[*_release_sentences(order, plan), *_sentences(order, choice, user)],
        warning=_limit_sentence(user, order) if is_above else "",
        button=f"Ask to refund {total}" if is_above else f"Refund {total}",
    )


def _rows(order: Order, plan: RefundPlan) -> Iterator[OutcomeRow]:
    for back in plan.reversal.lines:
        yield OutcomeRow(f"{back.quantity} × {back.line.full_title}", money(back.total_minor, order.currency))
    if plan.reversal.shipping_minor:
        yield OutcomeRow("Delivery", money(plan.reversal.shipping_minor, order.currency))
    if plan.goodwill_minor:
        yield OutcomeRow("Goodwill", money(plan.goodwill_minor, order.currency))
    yield OutcomeRow("To refund", money(plan.total_minor, order.currency), is_sum=True)


def _target_rows(order: Order, plan: RefundPlan, choice: RefundChoice) -> Iterator[OutcomeRow]:
    if choice.target != RefundRequest.Target.SAME:
        name = RefundRequest.Target(choice.target).label
        yield OutcomeRow(f"To {name[0].lower()}{name[1:]}", money(plan.paid_back_minor, order.currency))
    else:
        for share in plan.shares:
            yield OutcomeRow(f"To {share.payment.shown_method}", money(share.amount_minor, order.currency))
    if plan.released_minor:
        yield OutcomeRow("Never charged", money(plan.released_minor, order.currency))
    yield OutcomeRow("Tax taken back", money(plan.reversal.tax_minor, order.currency))


def _release_sentences(order: Order, plan: RefundPlan) -> Iterator[str]:
    if plan.released_minor:
        released = money(plan.released_minor, order.currency)
        yield f"{released} of this has not been charged yet, so the customer will be charged that much less."
    if plan.released_minor and plan.released_minor == owed_of(order):
        yield "Nothing is left to charge, so the authorization is released."


def _sentences(order: Order, choice: RefundChoice, user: User) -> Iterator[str]:
    lines = {line.pk: line for line in order.lines.all()}
    for back in choice.units:
        yield f"{count_of(back.quantity, 'unit')} of {lines[back.line_id].full_title}: {_fate(lines[back.line_id], back)}."
    recipient = order.email if user.has_perm(SEE_CUSTOMER) else "The customer"
    if choice.has_mail:
        yield f"{recipient} gets the e-mail “Your refund” once the money has gone back."
    else:
        yield "The customer gets no e-mail."


def _fate(line: OrderLine, back: UnitsBack) -> str:
    if line.is_gift_card:
        return "can no longer be used"
    return Disposition(back.disposition).label.lower()


def _limit_sentence(user: User, order: Order) -> str:
    limit = limit_of(user, order.currency) or 0
    return (
        f"You may refund up to {money(limit, order.currency)} without a second person. This refund waits until somebody "
        "else approves it. The customer hears nothing until then."
    )


def refund_refusal(order: Order) -> str:
    """Return why nothing of the order can be refunded; empty if something can."""
    if not order.is_paid:
        return f"{order.number} is {order.get_status_display().lower()}: there is nothing to refund."
    is_left = any(payment.captured_minor > payment.refunded_minor for payment in payments_of(order))
    is_left = is_left or owed_of(order) > 0
    return "" if is_left else f"Everything that was paid for {order.number} has been refunded."


def _refund(order: Order, by: int, form: RefundForm) -> str:
    user = User.objects.get(pk=by)
    try:
        request = ask_refund(order, form.choice, user, seen=form.cleaned_data["seen"])
    except (RefundRefused, ReversalRefused) as refused:
        raise ActionRefused(str(refused)) from refused
    amount = money(request.total_minor, request.currency)
    if request.is_waiting:
        return f"The refund of {amount} waits for somebody else to approve it."
    if request.released_minor == request.total_minor:
        return f"The refund of {amount} is booked: the customer will not be charged for it."
    return f"The refund of {amount} is booked, and the money is on its way."


REFUND_ACTION = Action(
    "refund",
    "Refund",
    REFUND,
    50,
    refund_refusal,
    _refund,
    form=RefundForm,
    template="admin/orders/order/refund.html",
    preview="admin/orders/order/refund_preview.html",
    place=Place.BESIDE,
    icon="back",
)
