"""Actions of the order page about one refund: approve or decline it, pay it out again, and assign it to lines."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django import forms

from accounts.models import User
from catalog.formats import money
from orders.admin.order_page.registry import Action, ActionForm, ActionRefused, Place
from orders.errors import ReversalRefused
from orders.models import Order
from payments.admin.reading import failed_refunds, requests_to_assign, waiting_requests
from payments.admin.refund_facts import facts_of
from payments.admin.refund_page import REFUND, UnitsForm, target_field
from payments.errors import RefundRefused
from payments.models import Refund, RefundRequest
from payments.refund_plans import RefundChoice
from payments.refund_requests import approve, assign, decline, pay_again

APPROVE = "payments.approve_refund"


def chosen_in(form: ActionForm, name: str) -> Any:
    """Return the id in a hidden field, as it was sent or as the URL says it."""
    return form.data.get(name) if form.is_bound else form.initial.get(name)


def one_of(rows: Mapping[str, Any]) -> forms.ChoiceField:
    """Return the hidden field that says which of these rows, by id, the form is about."""
    return forms.ChoiceField(choices=[(pk, pk) for pk in rows], widget=forms.HiddenInput)


class DecisionForm(ActionForm):
    """One of the waiting refunds of the order, with what it gives back."""

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, order=order, **kwargs)
        self.requests = {str(request.pk): request for request in self.waiting(order)}
        self.fields["request"] = one_of(self.requests)
        chosen = self.requests.get(str(chosen_in(self, "request"))) or next(iter(self.requests.values()), None)
        self.chosen = chosen
        if chosen:
            self.initial["request"] = chosen.pk

    def waiting(self, order: Order) -> Sequence[RefundRequest]:
        """The refunds that can be decided."""
        return waiting_requests(order)

    @property
    def request_row(self) -> RefundRequest:
        """The refund that the valid form is about."""
        return self.requests[self.cleaned_data["request"]]

    @property
    def heading(self) -> str:  # type: ignore[override]
        return f"Refund of {money(self.chosen.total_minor, self.chosen.currency)}" if self.chosen else ""

    @property
    def facts(self) -> list[str]:
        """What the refund gives back and why, in sentences."""
        return facts_of(self.chosen) if self.chosen else []


class ApproveForm(DecisionForm):
    button = "Approve and pay it out"


class DeclineForm(DecisionForm):
    button = "Decline this refund"


def _decide(decision: Callable[[RefundRequest, User], RefundRequest], done: str) -> Callable[..., str]:
    def run(_order: Order, by: int, form: DecisionForm) -> str:
        try:
            request = decision(form.request_row, User.objects.get(pk=by))
        except (RefundRefused, ReversalRefused) as refused:
            raise ActionRefused(str(refused)) from refused
        return f"The refund of {money(request.total_minor, request.currency)} is {done}."

    return run


def _nothing_waits(order: Order) -> str:
    return "" if waiting_requests(order) else f"No refund of {order.number} waits for approval."


class PayAgainForm(ActionForm):
    """A failed refund, and where its money goes now."""

    button = "Pay it out again"

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, order=order, **kwargs)
        self.refunds = {str(refund.pk): refund for refund in failed_refunds(order)}
        self.fields["refund"] = one_of(self.refunds)
        chosen = self.refunds.get(str(chosen_in(self, "refund"))) or next(iter(self.refunds.values()), None)
        self.chosen: Refund | None = chosen
        if chosen:
            self.initial["refund"] = chosen.pk
        self.fields["target"] = target_field(order, RefundRequest.Target.GIFT_CARD)

    @property
    def heading(self) -> str:  # type: ignore[override]
        if not self.chosen:
            return ""
        return f"A refund of {money(self.chosen.amount_minor, self.chosen.currency)} failed"


def _pay_again(_order: Order, by: int, form: PayAgainForm) -> str:
    failed = form.refunds[form.cleaned_data["refund"]]
    try:
        pay_again(failed, form.cleaned_data["target"], User.objects.get(pk=by))
    except RefundRefused as refused:
        raise ActionRefused(str(refused)) from refused
    return f"{money(failed.amount_minor, failed.currency)} is paid out again."


def _nothing_failed(order: Order) -> str:
    return "" if failed_refunds(order) else f"No refund of {order.number} has failed."


class AssignForm(UnitsForm):
    """Which units and delivery a refund made at Stripe was for."""

    button = "Assign the refund"

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, order=order, **kwargs)
        self.requests = {str(row.pk): row for row in requests_to_assign(order)}
        self.fields["request"] = one_of(self.requests)
        chosen = self.requests.get(str(chosen_in(self, "request"))) or next(iter(self.requests.values()), None)
        self.chosen = chosen
        if chosen:
            self.initial["request"] = chosen.pk

    @property
    def amount(self) -> str:
        """What was refunded."""
        return money(self.chosen.total_minor, self.chosen.currency) if self.chosen else ""


def _assign(_order: Order, by: int, form: AssignForm) -> str:
    request = form.requests[form.cleaned_data["request"]]
    choice = RefundChoice(
        units=form.units, shipping_minor=form.cleaned_data.get("shipping") or 0, location_id=form.location_id
    )
    try:
        assign(request, choice, User.objects.get(pk=by))
    except (RefundRefused, ReversalRefused) as refused:
        raise ActionRefused(str(refused)) from refused
    return f"The refund of {money(request.total_minor, request.currency)} is assigned to lines."


def _nothing_to_assign(order: Order) -> str:
    return "" if requests_to_assign(order) else f"No refund of {order.number} is to be assigned to lines."


DECISION_PAGE = "admin/orders/order/refund_decision.html"
DECISIONS = (
    Action(
        *("approve-refund", "Approve the refund", APPROVE, 40, _nothing_waits, _decide(approve, "approved")),
        form=ApproveForm,
        template=DECISION_PAGE,
        place=Place.BESIDE,
        icon="ok",
    ),
    Action(
        *("decline-refund", "Decline the refund", REFUND, 45, _nothing_waits, _decide(decline, "declined")),
        form=DeclineForm,
        template=DECISION_PAGE,
        place=Place.MORE,
        icon="x",
    ),
    Action(
        *("pay-again", "Pay out a failed refund again", REFUND, 55, _nothing_failed, _pay_again),
        form=PayAgainForm,
        place=Place.BESIDE,
        icon="back",
    ),
    Action(
        *("assign-refund", "Assign a refund to lines", REFUND, 60, _nothing_to_assign, _assign),
        form=AssignForm,
        template="admin/orders/order/refund_assign.html",
        place=Place.BESIDE,
        icon="edit",
    ),
)
