"""Run an action of the order page: show its form or question, run it, and return to the order."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect

from catalog.admin.base import ask, page, require_permission
from orders.admin.order_page.registry import Action, ActionForm, ActionRefused
from orders.models import Order

FORM_PAGE = "admin/orders/order/action.html"


def action_page(model_admin: admin.ModelAdmin, request: HttpRequest, order_id: int, action: Action) -> HttpResponse:
    """Show the form or question of the action, run it, and return to the order with a message about the outcome.

    The user needs the permission of the action and the permission to view orders, because the page shows the order.
    A submitted form is run even if the order no longer allows the action: `run` recognizes a form that was submitted
    twice, and refuses everything else.
    """
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    require_permission(request, action.permission)
    order = model_admin.get_object(request, str(order_id))
    if not order:
        raise Http404
    is_submitted = request.method == "POST"
    refusal = "" if action.form and is_submitted else action.refusal(order)
    if refusal:
        messages.error(request, refusal)
        return _back_to(order)
    if action.form:
        form = action.form(request.POST if is_submitted else None, order=order)
        return _fill_in(model_admin, request, order, action, form)
    if action.question and not (question := action.question(order, request.user)).is_answered(request):
        return ask(model_admin, request, question)
    if not is_submitted:
        return HttpResponseNotAllowed(["POST"])
    try:
        messages.success(request, action.run(order, request.user.pk, None))
    except ActionRefused as refused:
        messages.error(request, str(refused))
    return _back_to(order)


def _fill_in(
    model_admin: admin.ModelAdmin, request: HttpRequest, order: Order, action: Action, form: ActionForm
) -> HttpResponse:
    if form.is_valid():
        try:
            messages.success(request, action.run(order, request.user.pk, form))
        except ActionRefused as refused:
            form.add_error(None, str(refused))
        else:
            return _back_to(order)
    context = {"form": form, "order": order, "action": action, "title": f"{action.label} {order.number}"}
    return page(model_admin, request, FORM_PAGE, context, 422 if form.errors else 200)


def _back_to(order: Order) -> HttpResponse:
    return redirect("admin:orders_order_change", order.pk)
