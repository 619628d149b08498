"""The actions of the order page about authorized payments: charge now, release, and choose when the card is charged."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.urls import reverse

from accounts.models import User
from catalog.admin.base import Question
from catalog.formats import day, money
from catalog.models import Capture
from orders.admin.order_page.registry import Action, ActionForm, ActionRefused, Place
from orders.models import Order
from payments.admin.reading import payments_of
from payments.authorizations import authorized_payment
from payments.capture_choice import change_capture, choice_refusal
from payments.capturing import capture_now, plan_capture, release
from payments.errors import CaptureRefused, GatewayDown, GatewayRefused, StillProcessing
from payments.models import Payment

CAPTURE = "payments.capture_order"
NO_ANSWER = "Stripe did not answer. The shop keeps asking; reload this page in a minute."


def _nothing_held(order: Order) -> str:
    held = [payment for payment in payments_of(order) if payment.status == Payment.Status.AUTHORIZED]
    return "" if held else f"No payment of {order.number} is authorized."


def _nothing_to_charge(order: Order) -> str:
    if refusal := _nothing_held(order):
        return refusal
    try:
        plan_capture(order)
    except CaptureRefused as refused:
        return str(refused)
    return ""


def _ask_charge(order: Order, _user: User) -> Question:
    plan = plan_capture(order)
    amount = money(plan.amount_minor, order.currency)
    sentences = [f"{amount} is charged to {plan.payment.shown_method}, before anything is shipped."]
    if plan.released_minor:
        released = money(plan.released_minor, order.currency)
        sentences.append(f"The bank releases its hold of the other {released}.")
    sentences.append("A payment can be charged only once. Later refunds are paid back.")
    return _question(order, f"Charge {order.number} now", sentences, f"Charge {amount}")


def _question(order: Order, title: str, sentences: list[str], button: str) -> Question:
    url = reverse("admin:orders_order_change", args=[order.pk])
    return Question(title, sentences, button, url, order.number)


def _charge(order: Order, by: int, _question: Question) -> str:
    try:
        request = capture_now(order, user_id=by)
    except CaptureRefused as refused:
        raise ActionRefused(str(refused)) from refused
    except GatewayDown as down:
        raise ActionRefused(NO_ANSWER) from down
    return f"{money(request.amount_minor, order.currency)} of {order.number} was charged."


def _ask_release(order: Order, _user: User) -> Question:
    return _question(order, f"Release the payment of {order.number}", list(_release_sentences(order)), "Release it")


def _release_sentences(order: Order) -> Iterator[str]:
    payment = authorized_payment(order)
    if payment:
        until = f" until {day(payment.capture_before)}" if payment.capture_before else ""
        amount = money(payment.authorized_minor, payment.currency)
        yield f"The bank holds {amount} on {payment.shown_method}{until}. It releases its hold, and the customer is not charged."
    yield "The order is not canceled, but it cannot ship without a payment. Cancel it if it will not be sent."
    yield "This cannot be undone: only the customer can authorize a payment."


def _release(order: Order, by: int, _question: Question) -> str:
    try:
        release(order, user_id=by, reason="released by staff")
    except CaptureRefused as refused:
        raise ActionRefused(str(refused)) from refused
    except GatewayDown as down:
        raise ActionRefused(NO_ANSWER) from down
    return f"The payment of {order.number} was released. The customer was not charged."


class CaptureForm(ActionForm):
    """When the card is charged, while the order is not paid."""

    capture = forms.ChoiceField(
        label="Charge the card",
        choices=Capture.choices,
        widget=forms.RadioSelect,
        help_text="If the customer has the payment page open, it is closed. The order page leads to a new one.",
    )

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, order=order, **kwargs)
        self.initial.setdefault("capture", order.capture)


def _change(order: Order, by: int, form: CaptureForm) -> str:
    try:
        changed = change_capture(order, form.cleaned_data["capture"], user_id=by, seen=form.cleaned_data["seen"])
    except CaptureRefused as refused:
        raise ActionRefused(str(refused)) from refused
    except StillProcessing as processing:
        raise ActionRefused("The customer's bank is processing the payment.") from processing
    except (GatewayDown, GatewayRefused) as failed:
        raise ActionRefused("Stripe did not answer, so nothing was changed. Try again in a minute.") from failed
    return f"{changed.number} is charged {changed.get_capture_display()[0].lower()}{changed.get_capture_display()[1:]}."


AUTHORIZATION_ACTIONS = (
    Action("charge", "Charge now", CAPTURE, 45, _nothing_to_charge, _charge, question=_ask_charge, icon="ok"),
    Action(
        *("release", "Release the payment", CAPTURE, 95, _nothing_held, _release),
        question=_ask_release,
        place=Place.DANGER,
        icon="x",
    ),
    Action(
        *("capture", "Change when it is charged", CAPTURE, 46, choice_refusal, _change),
        form=CaptureForm,
    ),
)
