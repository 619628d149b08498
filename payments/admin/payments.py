"""Payments, refunds, Stripe events and the ledger in the admin."""

from typing import Any, ClassVar

from django.contrib import admin

from catalog.admin.base import ReadOnly, ReadOnlyInline
from catalog.admin.columns import ValuesFilter, WorkFilter, amount
from payments import worklists
from payments.models import Journal, Payment, Posting, Refund, StripeEvent


class CheckFilter(WorkFilter):
    title = "to check"
    parameter_name = "check"
    work: ClassVar[Any] = {
        "yes": ("needs a decision", worklists.to_check),
        "expiring": ("authorization about to expire", worklists.expiring),
        "overdue": ("money is overdue", worklists.overdue_payments),
        "part": ("paid in part", worklists.partly_paid),
    }


class StuckFilter(WorkFilter):
    title = "stuck"
    parameter_name = "stuck"
    work: ClassVar[Any] = {"yes": ("failed, or waiting for an hour", worklists.stuck_events)}


class FailedFilter(WorkFilter):
    title = "failed"
    parameter_name = "failed"
    work: ClassVar[Any] = {
        "yes": ("not paid out again", worklists.failed_refunds),
        "send": ("to send to the customer", worklists.refunds_to_send),
    }


@admin.register(Payment)
class PaymentAdmin(ReadOnly, admin.ModelAdmin):
    list_display = (
        *("order", "method", "status", amount("captured_minor"), amount("refunded_minor")),
        *("flag", "created_at"),
    )
    fields: ClassVar[Any] = (
        *("order", "method", "status", "flag", "gift_card", "card"),
        *(amount("authorized_minor"), "capture_before"),
        *(amount("amount_minor"), amount("captured_minor"), amount("refunded_minor"), amount("disputed_minor")),
        *("created_at", "captured_at", "expires_at", "checked_at", "last_error"),
        *("session_id", "payment_intent_id", "charge_id"),
    )
    ordering = ("-id",)
    list_filter = (CheckFilter, "status", "flag", "method")
    search_fields = ("order__number", "payment_intent_id__startswith", "session_id__startswith")
    search_help_text = "Part of an order number, or the beginning of an ID at Stripe."
    list_select_related = ("order",)


@admin.register(Refund)
class RefundAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("order", amount("amount_minor"), "status", "reason", "created_at")
    ordering = ("-id",)
    list_filter = (FailedFilter, "status")
    list_select_related = ("payment__order",)
    search_fields = ("payment__order__number", "provider_ref__startswith")
    search_help_text = "Part of an order number, or the beginning of a reference."
    fields: ClassVar[Any] = (
        *("payment", amount("amount_minor"), "status", "reason", "user", "created_at"),
        *("attempts", "next_try_at", "last_error", "provider_ref"),
    )

    @admin.display(description="order", ordering="payment__order")
    def order(self, refund: Refund) -> str:
        return refund.payment.order.number


@admin.register(StripeEvent)
class StripeEventAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("stripe_id", "type", "status", "attempts", "received_at")
    list_filter = (StuckFilter, "status", ("type", ValuesFilter))
    search_fields = ("stripe_id__startswith", "object_id__startswith")
    search_help_text = "The beginning of an ID at Stripe."
    fields = (
        *("type", "status", "received_at", "attempts", "next_try_at", "last_error"),
        *("stripe_id", "object_id", "account", "livemode"),
    )


class PostingInline(ReadOnlyInline):
    model = Posting
    fields: ClassVar[Any] = ("account", amount("amount_minor", currency="journal.currency", is_signed=True))


@admin.register(Journal)
class JournalAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("kind", "provider_ref", "order", "currency", "created_at")
    ordering = ("-id",)
    list_filter = ("kind",)
    search_fields = ("provider_ref__startswith", "order__number")
    search_help_text = "Part of an order number, or the beginning of a reference."
    list_select_related = ("order",)
    inlines = (PostingInline,)
