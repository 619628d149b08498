"""What the order list does besides listing: actions for many orders, exports and saved views."""

from collections.abc import Callable
from functools import partial

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.http import url_has_allowed_host_and_scheme

from catalog.admin.base import require_permission
from catalog.pages import INTERNAL, page
from orders.admin.order_list.change_list import EXPORT
from orders.admin.order_list.export import export_lines
from orders.admin.order_page.panels import SEE_CUSTOMER
from orders.bulk_actions import BulkRefused, bulk_actions, plan_run
from orders.models import Order, OrderRun, SavedView
from orders.saved_views import ViewRefused, delete_view, normalized, save_view
from orders.tasks import work_order_runs

LIST = "admin:orders_order_changelist"
MAX_DIGITS = 19  # of an id


def list_urls(model_admin: admin.ModelAdmin) -> list[URLPattern]:
    """The URLs below the order list."""
    pages = {
        "bulk/": (bulk, "bulk"),
        "export/": (export, "export"),
        "views/": (save, "save_view"),
        "views/<int:view_id>/delete/": (delete, "delete_view"),
    }
    return [
        path(route, model_admin.admin_site.admin_view(partial(view, model_admin)), name=f"orders_order_{name}")
        for route, (view, name) in pages.items()
    ]


def bulk(model_admin: admin.ModelAdmin, request: HttpRequest) -> HttpResponse:
    """Export the selected orders, or plan the chosen action for them and continue on the page of its run."""
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    ids = [
        int(value)
        for value in request.POST.getlist("order")
        if value.isascii() and value.isdigit() and len(value) < MAX_DIGITS
    ]
    name = request.POST.get("action", "")
    if name == "export":
        return _csv(request, Order.objects.filter(pk__in=ids))
    action = bulk_actions.get(name)
    if not action:
        messages.error(request, "Choose what to do with the orders.")
        return _back(request)
    require_permission(request, action.permission)
    try:
        run = plan_run(action, ids, request.user)
    except BulkRefused as refused:
        messages.error(request, str(refused))
        return _back(request)
    if run.status == OrderRun.Status.WAITING:
        work_order_runs.delay_on_commit()
    return redirect("admin:orders_orderrun_change", run.pk)


@page(INTERNAL, throttle="export")
def export(model_admin: admin.ModelAdmin, request: HttpRequest) -> HttpResponse:
    """Export all orders that the list shows with the same parameters."""
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    return _csv(request, model_admin.get_changelist_instance(request).matching)


def _csv(request: HttpRequest, orders: QuerySet[Order]) -> HttpResponse:
    require_permission(request, EXPORT)
    lines = export_lines(orders, sees_customers=request.user.has_perm(SEE_CUSTOMER))
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="orders.csv"'
    return response


def save(model_admin: admin.ModelAdmin, request: HttpRequest) -> HttpResponse:
    """Save the view of the list that the form was shown with."""
    query = normalized(request.POST.get("query", ""))

    def verb() -> str:
        view = save_view(
            request.user, request.POST.get("name", ""), query, is_shared=bool(request.POST.get("is_shared"))
        )
        return f"The view “{view.name}” was saved."

    return _change_view(model_admin, request, verb)


def delete(model_admin: admin.ModelAdmin, request: HttpRequest, view_id: int) -> HttpResponse:
    """Delete a saved view."""

    def verb() -> str:
        view = get_object_or_404(SavedView, pk=view_id)
        delete_view(request.user, view)
        return f"The view “{view.name}” was deleted."

    return _change_view(model_admin, request, verb)


def _change_view(model_admin: admin.ModelAdmin, request: HttpRequest, verb: Callable[[], str]) -> HttpResponse:
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        messages.success(request, verb())
    except ViewRefused as refused:
        messages.error(request, str(refused))
    return _back(request)


def _back(request: HttpRequest) -> HttpResponse:
    """Return to the list as it was."""
    back = request.POST.get("back", "")
    is_ours = back.startswith("?") and back.isprintable() and url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    response = redirect(LIST)
    if is_ours:
        response["Location"] += back
    return response
