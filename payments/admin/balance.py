"""Payouts and balance transactions in the admin: what Stripe moved, kept and paid out, and for which orders."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Count, Q, Sum
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html

from catalog.admin.base import ReadOnly
from catalog.admin.columns import amount
from catalog.formats import NOTHING, moment, money
from orders.admin.order_page.content import Column, table
from payments.models import BalanceTransaction, Payout

MAX_SHOWN = 100  # transactions on the page of a payout; its list has all of them


def order_link(transaction: BalanceTransaction) -> str:
    """Return a link to the order whose money it is, or a dash."""
    if not transaction.payment:
        return NOTHING
    order = transaction.payment.order
    return format_html('<a href="{}">{}</a>', reverse("admin:orders_order_change", args=[order.pk]), order.number)


COLUMNS = (
    Column("Time", lambda row: moment(row.created_at)),
    Column("Type", lambda row: type_of(row)),
    Column("Order", order_link),
    Column("Amount", lambda row: money(row.amount_minor, row.currency), is_number=True),
    Column("Fee", lambda row: money(row.fee_minor, row.currency), is_number=True),
    Column("Net", lambda row: money(row.net_minor, row.currency), is_number=True),
)


def type_of(transaction: BalanceTransaction) -> str:
    return transaction.type.replace("_", " ").capitalize()


class Contents:
    """The sum of a payout's transactions, without the payout itself."""

    def __init__(self, payout: Payout) -> None:
        self.payout = payout

    @cached_property
    def sums(self) -> dict[str, int | None]:
        paid_out = Q(type__startswith="payout")
        return self.payout.balance_transactions.exclude(paid_out).aggregate(count=Count("pk"), net=Sum("net_minor"))

    @property
    def minor(self) -> int:
        return self.sums["net"] or 0

    @property
    def difference_minor(self) -> int:
        return self.payout.amount_minor - self.minor


@admin.register(Payout)
class PayoutAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("stripe_id", amount("amount_minor"), "status", "arrives_on", "created_at")
    list_filter = ("status", "currency")
    search_fields = ("stripe_id__startswith",)
    search_help_text = "The beginning of an ID at Stripe."
    change_form_template = "admin/payments/payout/change_form.html"
    fields: ClassVar[Any] = (
        *("status", amount("amount_minor"), "sum_of_transactions", "difference", "arrives_on", "failure"),
        *("created_at", "stripe_id"),
    )
    readonly_fields = ("sum_of_transactions", "difference")

    @admin.display(description="sum of its transactions")
    def sum_of_transactions(self, payout: Payout) -> str:
        if not payout.is_itemized:
            return "Stripe has not listed them yet."
        contents = Contents(payout)
        return f"{money(contents.minor, payout.currency)} ({contents.sums['count']})"

    @admin.display(description="difference")
    def difference(self, payout: Payout) -> str:
        return money(Contents(payout).difference_minor, payout.currency) if payout.is_itemized else NOTHING

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show a payout with its newest transactions, and a link to all of them."""
        transactions = BalanceTransaction.objects.filter(payout=self.get_object(request, object_id))
        related = transactions.exclude(type__startswith="payout").select_related("payment__order")
        rows = list(related.order_by("-created_at", "-id")[: MAX_SHOWN + 1])
        url = reverse("admin:payments_balancetransaction_changelist") + f"?payout__id__exact={object_id}"
        context = {
            "transactions": table(COLUMNS, rows[:MAX_SHOWN], empty="Stripe has not listed any transaction of it."),
            "all_url": url if len(rows) > MAX_SHOWN else "",
            **(extra_context or {}),
        }
        return super().change_view(request, object_id, form_url, context)


@admin.register(BalanceTransaction)
class BalanceTransactionAdmin(ReadOnly, admin.ModelAdmin):
    list_display = (
        *("created_at", "kind", "order", amount("amount_minor"), amount("fee_minor"), amount("net_minor")),
        "payout",
    )
    list_select_related = ("payment__order", "payout")
    search_fields = ("stripe_id__startswith", "source__startswith")
    search_help_text = "The beginning of an ID at Stripe: of the transaction, or of what caused it."
    fields: ClassVar[Any] = (
        *("kind", "order", "payment", "refund", "payout", amount("amount_minor"), amount("fee_minor")),
        *(amount("net_minor"), "charged", "exchange_rate", "created_at", "available_on", "source", "stripe_id"),
    )
    readonly_fields = ("kind", "order", "charged")

    @admin.display(description="type")
    def kind(self, transaction: BalanceTransaction) -> str:
        return type_of(transaction)

    @admin.display(description="order")
    def order(self, transaction: BalanceTransaction) -> str:
        return order_link(transaction)

    @admin.display(description="before the exchange")
    def charged(self, transaction: BalanceTransaction) -> str:
        if transaction.charged_minor is None:
            return NOTHING
        return money(transaction.charged_minor, transaction.charged_currency)
