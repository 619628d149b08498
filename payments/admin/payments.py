"""Payments, refunds, Stripe events and the ledger in the admin, and payments on the order page."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse

from catalog.admin.base import Question, ask
from catalog.admin.columns import amount
from catalog.formats import listed
from catalog.money import format_money
from orders.admin.orders import OrderAdmin, ReadOnlyInline
from orders.models import Order
from payments.cancellation import cancel_order
from payments.errors import CancelRefused, GatewayDown, GatewayRefused, StillProcessing
from payments.models import Journal, Payment, Posting, Refund, StripeEvent
from payments.refunds import left_to_refund


class PaymentInline(ReadOnlyInline):
    model = Payment
    fields = ("method", "status", "captured", "refunded", "card", "flag", "payment_intent_id")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("payments.view_payment")

    @admin.display(description="captured")
    def captured(self, payment: Payment) -> str:
        return format_money(payment.captured_minor, payment.currency)

    @admin.display(description="refunded")
    def refunded(self, payment: Payment) -> str:
        return format_money(payment.refunded_minor, payment.currency)


class PaidOrderAdmin(OrderAdmin):
    """The order page with its payments, and with a button to cancel and refund the order."""

    inlines = (OrderAdmin.inlines[0], PaymentInline, *OrderAdmin.inlines[1:])

    def get_urls(self) -> list[URLPattern]:
        urls = [
            path(
                "<int:order_id>/cancel/",
                self.admin_site.admin_view(self.cancel_view),
                name="orders_order_cancel",
            )
        ]
        return urls + super().get_urls()

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        order = self.get_object(request, object_id)
        may = request.user.has_perm("orders.cancel_order")
        context = {"can_cancel": order is not None and may and _is_cancelable(order), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    def cancel_view(self, request: HttpRequest, order_id: int) -> HttpResponse:
        """Show what is refunded and released, ask for confirmation, and cancel the order."""
        order = self.order_for(request, order_id, "orders.cancel_order")
        if not _is_cancelable(order):
            is_shipped = order.fulfillment_status != Order.FulfillmentStatus.UNFULFILLED
            why = ": a part of it has been shipped" if is_shipped else ""
            messages.error(request, f"{order.number} can no longer be canceled{why}.")
            return redirect(reverse("admin:orders_order_change", args=[order.pk]))
        question = _cancellation(order)
        return self._cancel(request, order) if question.is_answered(request) else ask(self, request, question)

    def _cancel(self, request: HttpRequest, order: Order) -> HttpResponse:
        refunds = listed(_refund_parts(order))
        try:
            cancel_order(order, user_id=request.user.pk)
        except CancelRefused as refused:
            messages.error(request, str(refused))
        except StillProcessing:
            messages.error(
                request, "The shopper's bank is still processing the payment. Try again when it has finished."
            )
        except (GatewayDown, GatewayRefused):
            messages.error(request, "Stripe did not answer, so nothing was changed. Try again in a minute.")
        else:
            messages.success(request, f"{order.number} is canceled. Refund: {refunds}.")
        return redirect(reverse("admin:orders_order_change", args=[order.pk]))


def _refund_parts(order: Order) -> list[str]:
    """Return what the customer gets back, for each way of payment."""
    captured = order.payments.filter(status=Payment.Status.CAPTURED)
    left = sum(left_to_refund(payment) for payment in captured)
    parts = [f"{format_money(left, order.currency)} to the payment method"] if left else []
    if order.tendered_minor:
        parts.append(f"{format_money(order.tendered_minor, order.currency)} to the gift card")
    return parts or ["none, because nothing was paid"]


def _cancellation(order: Order) -> Question:
    lines = [f"{line.quantity} × {line.title} {line.variant_title}".strip() for line in order.lines.all()]
    sentences = [
        f"Order {order.number} of {order.name}, {format_money(order.total_minor, order.currency)}, will be canceled.",
        f"Refund: {listed(_refund_parts(order))}.",
        f"The reserved units become available again: {listed(lines)}.",
        f"{order.email} will be told by e-mail.",
        "This cannot be undone.",
    ]
    back = reverse("admin:orders_order_change", args=[order.pk])
    return Question(f"Cancel {order.number}", sentences, "Cancel the order", back, order.number)


def _is_cancelable(order: Order) -> bool:
    is_live = order.status in (Order.Status.PLACED, Order.Status.CONFIRMED)
    return is_live and order.fulfillment_status == Order.FulfillmentStatus.UNFULFILLED


admin.site.unregister(Order)
admin.site.register(Order, PaidOrderAdmin)


class ReadOnlyAdmin(admin.ModelAdmin):
    """Base class of read-only admin pages."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields or ()


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    list_display = (
        *("order", "method", "status", amount("captured_minor"), amount("refunded_minor")),
        *("flag", "created_at"),
    )
    fields: ClassVar[Any] = (
        *("order", "method", "status", "flag", "gift_card", "card"),
        *(amount("amount_minor"), amount("captured_minor"), amount("refunded_minor"), amount("disputed_minor")),
        *("created_at", "captured_at", "expires_at", "checked_at", "last_error"),
        *("session_id", "payment_intent_id", "charge_id"),
    )
    list_filter = ("status", "flag", "method")
    search_fields = ("order__number", "payment_intent_id", "session_id")
    list_select_related = ("order",)


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin):
    list_display = ("payment__order", amount("amount_minor"), "status", "reason", "created_at")
    list_filter = ("status",)
    list_select_related = ("payment__order",)
    search_fields = ("payment__order__number", "provider_ref")
    fields: ClassVar[Any] = (
        *("payment", amount("amount_minor"), "status", "reason", "user", "created_at"),
        *("attempts", "next_try_at", "last_error", "provider_ref"),
    )


@admin.register(StripeEvent)
class StripeEventAdmin(ReadOnlyAdmin):
    list_display = ("stripe_id", "type", "status", "attempts", "received_at")
    list_filter = ("status", "type")
    search_fields = ("stripe_id", "object_id")
    fields = (
        *("type", "status", "received_at", "attempts", "next_try_at", "last_error"),
        *("stripe_id", "object_id", "account", "livemode"),
    )


class PostingInline(ReadOnlyInline):
    model = Posting
    fields: ClassVar[Any] = ("account", amount("amount_minor", currency="journal.currency", is_signed=True))


@admin.register(Journal)
class JournalAdmin(ReadOnlyAdmin):
    list_display = ("kind", "provider_ref", "order", "currency", "created_at")
    list_filter = ("kind",)
    search_fields = ("provider_ref", "order__number")
    list_select_related = ("order",)
    inlines = (PostingInline,)
