"""Actions of the order page about offline payments: record what was received, and what was sent back."""

from typing import Any

from django import forms
from django.utils import timezone

from catalog.formats import money
from catalog.inputs import AmountField, DayField
from orders.admin.order_page.registry import Action, ActionForm, ActionRefused, Place
from orders.models import Order
from payments.admin.reading import payments_of
from payments.errors import MoneyRefused
from payments.models import MoneyAccount, Payment, Refund
from payments.offline import NewMoney, awaited_payment, mark_sent, receive_money

RECEIVE = "payments.receive_payment"


def _account_field(payment: Payment | None, label: str) -> forms.ChoiceField:
    is_cash = payment is not None and payment.method == Payment.Method.PICKUP
    initial = MoneyAccount.CASH if is_cash else MoneyAccount.BANK
    return forms.ChoiceField(label=label, choices=MoneyAccount.choices, initial=initial)


class ReceiveForm(ActionForm):
    """Money on the bank statement or in the till. It starts with all that is left to pay."""

    button = "Record payment"
    heading = "As shown on the bank statement"

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, order=order, **kwargs)
        payments_of(order)
        self.payment = awaited_payment(order)
        left = self.payment.left_minor if self.payment else 0
        self.fields["amount"] = AmountField(
            currency=order.currency,
            label=f"Amount ({order.currency})",
            initial=left,
            help_text=f"{money(left, order.currency)} is left to pay. You can record a part; the order waits for the rest.",
        )
        self.fields["received_on"] = DayField(label="Received on", initial=timezone.localdate())
        self.fields["account"] = _account_field(self.payment, "Received in")
        self.fields["reference"] = forms.CharField(label="Reference", max_length=100, required=False)


def _receive(order: Order, by: int, form: ReceiveForm) -> str:
    edit, values = form.edit(by), form.cleaned_data
    if not form.payment:
        raise ActionRefused(_nothing_to_receive(order))
    amount = values["amount"] or 0
    new = NewMoney(amount, values["received_on"], values["account"], values["reference"], edit.key)
    try:
        receive_money(form.payment, new, user_id=by, seen=edit.seen)
    except MoneyRefused as refused:
        raise ActionRefused(str(refused), refused.field) from refused
    order.refresh_from_db()
    return f"{money(amount, order.currency)} recorded. {order.number} is {order.get_status_display().lower()}."


def _nothing_to_receive(order: Order) -> str:
    payments_of(order)
    return "" if awaited_payment(order) else f"No money is expected for {order.number}."


def _refunds_to_send(order: Order) -> list[Refund]:
    """Return the refunds of offline money that wait to be sent."""
    payments = [payment for payment in payments_of(order) if payment.is_offline]
    refunds = [refund for payment in payments for refund in payment.refunds.all()]
    return [refund for refund in refunds if refund.status == Refund.Status.PENDING and not refund.gift_card_id]


class SentForm(ActionForm):
    """A refund that staff have paid out."""

    button = "Mark as sent"

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, order=order, **kwargs)
        self.refunds = {str(refund.pk): refund for refund in _refunds_to_send(order)}
        choices = [(pk, money(refund.amount_minor, refund.currency)) for pk, refund in self.refunds.items()]
        self.fields["refund"] = forms.ChoiceField(
            label="Refund", choices=choices, initial=choices[0][0] if choices else None
        )
        self.fields["sent_on"] = DayField(label="Sent on", initial=timezone.localdate())
        payment = next((refund.payment for refund in self.refunds.values()), None)
        self.fields["account"] = _account_field(payment, "Paid from")
        self.fields["reference"] = forms.CharField(label="Reference", max_length=100, required=False)


def _mark_sent(_order: Order, by: int, form: SentForm) -> str:
    edit, values = form.edit(by), form.cleaned_data
    refund = form.refunds[values["refund"]]
    try:
        mark_sent(
            refund,
            sent_on=values["sent_on"],
            account=values["account"],
            reference=values["reference"],
            user_id=by,
            seen=edit.seen,
        )
    except MoneyRefused as refused:
        raise ActionRefused(str(refused), refused.field) from refused
    return f"The refund of {money(refund.amount_minor, refund.currency)} is marked as sent."


def _nothing_to_send(order: Order) -> str:
    return "" if _refunds_to_send(order) else f"No refund of {order.number} waits to be sent."


OFFLINE_ACTIONS = (
    Action(
        *("receive-money", "Money received", RECEIVE, 20, _nothing_to_receive, _receive),
        form=ReceiveForm,
        place=Place.BESIDE,
        icon="ok",
    ),
    Action(
        *("refund-sent", "Mark refund as sent", RECEIVE, 25, _nothing_to_send, _mark_sent),
        form=SentForm,
        place=Place.BESIDE,
        icon="ok",
    ),
)
