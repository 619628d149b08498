"""Disputes in the admin: their list, the panel of the order page, and the page on which staff answer one."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from accounts.models import User
from catalog.admin.base import ReadOnly, found_or_404
from catalog.admin.columns import WorkFilter, amount
from catalog.edits.history import record_action
from catalog.formats import NOTHING, moment, money
from orders.admin.order_page import Panel
from orders.admin.order_page.content import TABLE, Column, Table, table
from orders.admin.order_page.permissions import SEE_CUSTOMER, SEE_EVIDENCE
from orders.admin.order_page.registry import Action, ActionForm, ActionRefused, Place
from orders.models import Order
from payments import worklists
from payments.admin.reading import disputes_of
from payments.disputes import answer
from payments.errors import DisputeRefused, GatewayDown, GatewayRefused
from payments.evidence import LABELS, LONG, MAX_CHARACTERS, evidence_of
from payments.evidence_pack import folder_of, pack
from payments.models import Dispute

# The evidence has the customer's name, addresses and IP address.
EVIDENCE = ("payments.view_dispute", SEE_CUSTOMER, SEE_EVIDENCE)
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
    list_display_links = ("opened_at",)
    change_form_template = "admin/payments/dispute/change_form.html"
    list_filter = (ToDoFilter, "status")
    list_select_related = ("payment__order",)
    search_fields = ("payment__order__number", "stripe_id__startswith")
    show_full_result_count = False
    fields: ClassVar[Any] = (
        *("payment", "status", "reason", amount("amount_minor"), amount("withdrawn_minor")),
        *("answer_by", "answered_at", "answered_by", "opened_at", "closed_at", "stripe_id"),
    )

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.evidence_view)
        return [path("<int:dispute_id>/evidence/", view, name="payments_dispute_evidence"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        user: Any = request.user
        context = {"has_evidence": user.has_perms(EVIDENCE), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    def evidence_view(self, request: HttpRequest, dispute_id: int) -> HttpResponse:
        """Send the evidence of a dispute as a file, and record who got it: it has the customer's data."""
        user: Any = request.user
        if not user.has_perms(EVIDENCE):
            raise PermissionDenied
        dispute = found_or_404(Dispute.objects.select_related("payment__order__terms"), str(dispute_id))
        record_action(request, dispute, "Downloaded the evidence.")
        response = HttpResponse(pack(dispute), content_type="application/zip")
        response["Content-Disposition"] = f'attachment; filename="{folder_of(dispute)}.zip"'
        return response

    @admin.display(description="order", ordering="payment__order")
    def order_link(self, dispute: Dispute) -> str:
        order = dispute.payment.order
        return format_html('<a href="{}">{}</a>', reverse("admin:orders_order_change", args=[order.pk]), order.number)


def _link(dispute: Dispute) -> str:
    url = reverse("admin:payments_dispute_change", args=[dispute.pk])
    return format_html('<a href="{}">{}</a>', url, moment(dispute.opened_at))


COLUMNS = (
    Column("Opened", lambda dispute: _link(dispute)),
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
    other_permissions=(SEE_CUSTOMER, SEE_EVIDENCE),
)
