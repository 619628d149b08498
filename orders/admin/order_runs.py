"""Runs of an action over many orders: what will happen, the progress, and what became of each order."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path

from catalog.admin.base import ReadOnly, found_or_404, guarded, page, require_permission
from catalog.formats import count_of
from orders.admin.order_page.panels import SEE_CUSTOMER
from orders.admin.states import Badge
from orders.bulk_actions import BulkRefused, bulk_actions, orders_in, start_run
from orders.models import OrderRun, OrderRunRow
from orders.tasks import work_order_runs

BADGES = {
    OrderRunRow.Outcome.WAITING: Badge("Waiting", "open"),
    OrderRunRow.Outcome.DONE: Badge("Done", "ok"),
    OrderRunRow.Outcome.REFUSED: Badge("Not done", "bad"),
}


@admin.register(OrderRun)
class OrderRunAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("__str__", "action_label", "status", "user", "created_at")
    list_filter = ("status",)
    list_select_related = ("user",)
    show_full_result_count = False

    def get_urls(self) -> list:
        return [
            path("<int:run_id>/start/", guarded(self, self.start), name="orders_orderrun_start"),
            *super().get_urls(),
        ]

    @admin.display(description="action", ordering="action")
    def action_label(self, run: OrderRun) -> str:
        action = bulk_actions.get(run.action)
        return action.label if action else run.action

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        """Show the run with its orders."""
        require_permission(request, "orders.view_orderrun")
        run = found_or_404(OrderRun.objects.select_related("user"), object_id)
        action = bulk_actions.get(run.action)
        rows = orders_in(run)
        done = sum(row.outcome != OrderRunRow.Outcome.WAITING for row in rows)
        refused = sum(row.outcome == OrderRunRow.Outcome.REFUSED for row in rows)
        sees_customer = request.user.has_perm(SEE_CUSTOMER)
        may_start = bool(action) and run.status == OrderRun.Status.PLANNED and request.user.has_perm(action.permission)
        context: dict[str, Any] = {
            "title": f"{self.action_label(run)}: {count_of(len(rows), 'order')}",
            "run": run,
            "rows": [
                {
                    "order": row.order,
                    "name": row.order.name if sees_customer else "",
                    "badge": BADGES[OrderRunRow.Outcome(row.outcome)],
                    "text": row.text,
                }
                for row in rows
            ],
            "sentence": action.sentence if may_start and action else "",
            "start": f"{action.label} {count_of(len(rows), 'order')}" if may_start and action else "",
            "is_dangerous": bool(action and action.is_dangerous),
            "is_waiting": run.status == OrderRun.Status.WAITING,
            "is_done": run.status == OrderRun.Status.DONE,
            "done": done,
            "succeeded": done - refused,
            "refused": refused,
            "total": len(rows),
        }
        return page(self, request, "admin/orders/orderrun/change.html", context)

    def start(self, request: HttpRequest, run_id: int) -> HttpResponse:
        """Start a planned run, and return to its page."""
        require_permission(request, "orders.view_orderrun")
        run = get_object_or_404(OrderRun, pk=run_id)
        action = bulk_actions.get(run.action)
        if action:
            require_permission(request, action.permission)
        if request.method == "POST" and action:
            try:
                start_run(run, request.user)
            except BulkRefused as refused:
                messages.error(request, str(refused))
            work_order_runs.delay_on_commit()
        return redirect("admin:orders_orderrun_change", run.pk)
