"""Refunds as staff asked for them, and the limits of roles, in the admin."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils.html import format_html

from catalog.admin.base import ReadOnly, ReadOnlyInline
from catalog.admin.columns import WorkFilter, amount
from catalog.formats import money
from catalog.inputs import AmountField
from catalog.markets import all_markets
from payments import worklists
from payments.models import RefundLimit, RefundLine, RefundRequest


class ToDoFilter(WorkFilter):
    title = "to do"
    parameter_name = "todo"
    work: ClassVar[Any] = {
        "approve": ("waits for approval", worklists.refunds_to_approve),
        "assign": ("to assign to lines", worklists.refunds_to_assign),
    }


class RefundLineInline(ReadOnlyInline):
    model = RefundLine
    fields: ClassVar[Any] = ("line", "quantity", "disposition", amount("total_minor", currency="request.currency"))


@admin.register(RefundRequest)
class RefundRequestAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("order_link", amount("total_minor"), "status", "reason", "target", "asked_by", "asked_at")
    list_display_links = None
    ordering = ("-id",)
    list_filter = (ToDoFilter, "status", "reason")
    list_select_related = ("order", "asked_by")
    search_fields = ("order__number",)
    show_full_result_count = False
    inlines = (RefundLineInline,)
    fields: ClassVar[Any] = (
        *("order", "status", "reason", "note", "target"),
        *(amount("shipping_minor"), amount("goodwill_minor"), amount("tax_minor"), amount("total_minor")),
        *("asked_by", "asked_at", "decided_by", "decided_at", "mailed_at"),
    )

    @admin.display(description="order", ordering="order")
    def order_link(self, request: RefundRequest) -> str:
        url = reverse("admin:orders_order_change", args=[request.order_id])
        return format_html('<a href="{}">{}</a>', url, request.order.number)


class LimitForm(forms.ModelForm):
    """A limit. The amount is typed in the currency of the row."""

    class Meta:
        model = RefundLimit
        fields = ("role", "currency", "amount_minor")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.fields:
            return  # shown to somebody who may not change it
        currencies = sorted({market.currency for market in all_markets().values()})
        self.fields["role"] = forms.ModelChoiceField(Group.objects.order_by("name"))
        self.fields["currency"] = forms.ChoiceField(choices=[(code, code) for code in currencies])
        currency = self.data.get("currency") or self.instance.currency
        self.fields["amount_minor"] = AmountField(
            currency=currency if currency in currencies else currencies[0],
            label="Amount",
            required=False,
            help_text="What may be refunded without a second person. Empty: any amount.",
        )


@admin.register(RefundLimit)
class RefundLimitAdmin(admin.ModelAdmin):
    form = LimitForm
    list_display = ("role", "currency", "shown_amount")
    list_select_related = ("role",)
    ordering = ("currency", "role__name")

    @admin.display(description="without a second person")
    def shown_amount(self, limit: RefundLimit) -> str:
        return "any amount" if limit.amount_minor is None else money(limit.amount_minor, limit.currency)
