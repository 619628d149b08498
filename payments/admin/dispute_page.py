"""Disputes in the admin: their list, the panel of the order page, and the page on which staff answer one."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html

from accounts.models import User
from catalog.admin.base import ReadOnly
from catalog.admin.columns import WorkFilter, amount
from catalog.formats import NOTHING, moment, money
from orders.admin.order_page import Panel
from orders.admin.order_page.content import TABLE, Column, Table, table
from orders.admin.order_page.permissions import SEE_CUSTOMER
from orders.admin.order_page.registry import Action, ActionForm, ActionRefused, Place
from orders.models import Order
from payments import worklists
from payments.admin.reading import disputes_of
from payments.disputes import answer
from payments.errors import DisputeRefused, GatewayDown, GatewayRefused
from payments.evidence import LABELS, LONG, MAX_CHARACTERS, evidence_of
from payments.models import Dispute

SEE_DISPUTES, ANSWER = "payments.view_dispute", "payments.answer_dispute"


class ToDoFilter(WorkFilter):
    title = "to do"
    parameter_name = "todo"
    work: ClassVar[Any] = {
        "answer": ("to answer", worklists.disputes_to_answer),
        "open": ("not decided", worklists.open_disputes),
    }


@admin.register(Dispute)
class DisputeAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("order_link", amount("amount_minor"), "status", "reason", "answer_by", "opened_at")
    list_display_links = None
    list_filter = (ToDoFilter, "status")
    list_select_related = ("payment__order",)
    search_fields = ("payment__order__number", "stripe_id")
    show_full_result_count = False
    fields: ClassVar[Any] = (
        *("payment", "status", "reason", amount("amount_minor"), amount("withdrawn_minor")),
        *("answer_by", "answered_at", "answered_by", "opened_at", "closed_at", "stripe_id"),
    )

    @admin.display(description="order", ordering="payment__order")
    def order_link(self, dispute: Dispute) -> str:
        order = dispute.payment.order
        return format_html('<a href="{}">{}</a>', reverse("admin:orders_order_change", args=[order.pk]), order.number)


COLUMNS = (
    Column("Opened", lambda dispute: moment(dispute.opened_at)),
    Column("Amount", lambda dispute: money(dispute.amount_minor, dispute.currency), is_number=True),
    Column("Reason", lambda dispute: dispute.reason.replace("_", " ").capitalize()),
    Column("Status", lambda dispute: dispute.get_status_display()),
    Column("Answer by", lambda dispute: moment(dispute.answer_by) if dispute.is_to_answer else NOTHING),
    Column("Answered", lambda dispute: moment(dispute.answered_at) if dispute.answered_at else NOTHING),
)


def _disputes(order: Order, _user: User) -> Table | None:
    return table(COLUMNS, disputes_of(order), empty="") if disputes_of(order) else None


class AnswerForm(ActionForm):
    """The texts of the evidence, filled with what the shop knows."""

    button = "Send this to the bank"

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, order=order, **kwargs)
        known = evidence_of(order)
        self.disputes = [dispute for dispute in disputes_of(order) if dispute.is_to_answer]
        for name, label in LABELS.items():
            widget = forms.Textarea(attrs={"rows": 5}) if name in LONG else forms.TextInput()
            self.fields[name] = forms.CharField(
                label=label, required=False, max_length=MAX_CHARACTERS, initial=known[name], widget=widget
            )

    @property
    def heading(self) -> str:  # type: ignore[override]
        if not self.disputes:
            return ""
        dispute = self.disputes[0]
        due = f" Answer by {moment(dispute.answer_by)}." if dispute.answer_by else ""
        return f"Dispute of {money(dispute.amount_minor, dispute.currency)}, {dispute.reason.replace('_', ' ')}.{due}"

    @property
    def evidence(self) -> dict[str, str]:
        """The texts of the valid form."""
        return {name: self.cleaned_data[name] for name in LABELS}


def _nothing_to_answer(order: Order) -> str:
    is_open = any(dispute.is_to_answer for dispute in disputes_of(order))
    return "" if is_open else f"No dispute of {order.number} is to be answered."


def _answer(_order: Order, by: int, form: AnswerForm) -> str:
    if not form.disputes:
        raise ActionRefused("This dispute was answered already, or is closed.")
    try:
        answer(form.disputes[0], form.evidence, user_id=by)
    except DisputeRefused as refused:
        raise ActionRefused(str(refused)) from refused
    except GatewayRefused as refused:
        raise ActionRefused(f"Stripe did not accept the answer: {refused}") from refused
    except GatewayDown as down:
        raise ActionRefused("Stripe did not answer. Try again in a minute; the bank gets it once.") from down
    return "The evidence was sent. The bank decides within some weeks, and the order says how."


DISPUTES = Panel("disputes", "Disputes", TABLE, 50, _disputes, permission=SEE_DISPUTES)
ANSWER_ACTION = Action(
    "answer-dispute",
    "Answer the dispute",
    ANSWER,
    5,
    _nothing_to_answer,
    _answer,
    form=AnswerForm,
    place=Place.BESIDE,
    icon="warn",
    other_permissions=(SEE_CUSTOMER,),
)
