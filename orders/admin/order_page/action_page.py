"""Run an action of the order page: show its form or question, run it, and return to the order."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect, render

from accounts.models import User
from catalog.admin.base import Question, page
from catalog.formats import moment
from orders.admin.order_page.permissions import SEE_CUSTOMER
from orders.admin.order_page.reading import read_lines
from orders.admin.order_page.registry import Action, ActionForm, ActionRefused
from orders.admin.order_page.timeline import shown_change, who_of
from orders.editing import version_of
from orders.errors import OrderChanged
from orders.models import Order, OrderEvent

FORM_PAGE = "admin/orders/order/action.html"
QUESTION_PAGE = "admin/orders/order/question.html"
MAX_DIGITS = 19  # of an id


def action_page(model_admin: admin.ModelAdmin, request: HttpRequest, order_id: int, action: Action) -> HttpResponse:
    """Show the form or question of the action, run it, and return to the order with a message about the outcome.

    The user needs the permissions of the action and the permission to view orders, because the page shows the order.
    A submitted form is run even if the order no longer allows the action: `run` recognizes a form that was submitted
    twice, and refuses everything else.
    """
    if not model_admin.has_view_permission(request) or not action.is_allowed_to(request.user):
        raise PermissionDenied
    order = model_admin.get_object(request, str(order_id))
    if not order:
        raise Http404
    read_lines(order)
    is_submitted = request.method == "POST"
    refusal = "" if action.form and is_submitted else action.refusal(order)
    if refusal:
        messages.error(request, refusal)
        return _back_to(order)
    if action.form:
        return _FormPage(model_admin, request, order, action).answer(action.form)
    question = action.question(order, request.user) if action.question else None
    if question and not question.is_answered(request):
        return _ask(model_admin, request, order, action, question)
    if not is_submitted:
        return HttpResponseNotAllowed(["POST"])
    try:
        messages.success(request, action.run(order, request.user.pk, question))
    except (ActionRefused, OrderChanged) as refused:
        messages.error(request, str(refused))
    return _back_to(order)


class _FormPage:
    """The page of an action's form, for one request."""

    def __init__(self, model_admin: admin.ModelAdmin, request: HttpRequest, order: Order, action: Action) -> None:
        self.model_admin = model_admin
        self.request = request
        self.order = order
        self.action = action

    def answer(self, form_class: type[ActionForm]) -> HttpResponse:
        """Show the form, or run the action with what was submitted."""
        if self.request.method != "POST":
            return self._show(self._form(form_class, None), {})
        form = self._form(form_class, self.request.POST)
        if self._asks_for_preview():
            return self._preview(form)
        if not form.is_valid():
            # It may be invalid because of what others changed, like a quantity that they have shipped.
            events = _events_since(self.order, self.request.POST.get("seen", ""))
            return self._show_again(form_class, events) if events else self._show(form, {})
        try:
            sentence = self.action.run(self.order, self.request.user.pk, form)
        except ActionRefused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
            return self._show(form, {})
        except OrderChanged as changed:
            return self._show_again(form_class, changed.events)
        messages.success(self.request, sentence)
        return _back_to(self.order)

    def _asks_for_preview(self) -> bool:
        """Return whether the form was sent to see what it would do: by its button, or by the script while it is typed."""
        return bool(self.action.preview) and ("preview" in self.request.POST or "X-Fragment" in self.request.headers)

    def _preview(self, form: ActionForm) -> HttpResponse:
        """Show what the form would do, as a part of its page for the script. Nothing is changed."""
        form.is_valid()
        if "X-Fragment" in self.request.headers:
            return render(self.request, self.action.preview, {"form": form, "order": self.order})
        return self._show(form, {})

    def _form(self, form_class: type[ActionForm], data: Mapping[str, Any] | None) -> ActionForm:
        # What the form is about, like one of several parcels, can be chosen by the URL.
        chosen = {name: value for name, value in self.request.GET.items() if name not in ("key", "seen")}
        return form_class(data, order=self.order, user=self.request.user, initial=chosen)

    def _show_again(self, form_class: type[ActionForm], events: list[OrderEvent]) -> HttpResponse:
        """Show what was typed, with what others have changed meanwhile. Sending it again overwrites that."""
        self.order = self.model_admin.get_object(self.request, str(self.order.pk))
        read_lines(self.order)
        data = self.request.POST.copy()
        data["seen"] = str(version_of(self.order))
        form = self._form(form_class, data)
        form.is_valid()
        return self._show(form, {"news": news_of(events, self.request.user)}, status=409)

    def _show(self, form: ActionForm, context: dict[str, Any], status: int = 0) -> HttpResponse:
        order, action = self.order, self.action
        context |= {"form": form, "order": order, "action": action, "title": action.title or action.label}
        template = action.template or FORM_PAGE
        return page(self.model_admin, self.request, template, context, status or (422 if form.errors else 200))


def news_of(events: list[OrderEvent], user: User) -> list[str]:
    """Return what happened in sentences: `Address corrected by Ines, 26 Nov 2026, 12:48 (City: Gent → Ghent)`."""
    return [_sentence(event, sees_customer=user.has_perm(SEE_CUSTOMER)) for event in events]


def _sentence(event: OrderEvent, *, sees_customer: bool) -> str:
    who = who_of(event)
    changes = "; ".join(shown_change(change) for change in event.changes) if sees_customer else ""
    text = f"{event.text} by {who}" if who else event.text
    return f"{text}, {moment(event.created_at)}{f' ({changes})' if changes else ''}"


def _ask(
    model_admin: admin.ModelAdmin, request: HttpRequest, order: Order, action: Action, question: Question
) -> HttpResponse:
    is_outdated = "confirmed" in request.POST
    context = {
        "order": order,
        "action": action,
        "title": question.title,
        "question": question,
        "mark": question.mark,
        "seen": version_of(order),
        "news": news_of(_events_since(order, request.POST.get("seen", "")), request.user),
        "error": "This changed while the page was open. Please check it again." if is_outdated else "",
    }
    return page(model_admin, request, action.template or QUESTION_PAGE, context, 422 if is_outdated else 200)


def _events_since(order: Order, seen: str) -> list[OrderEvent]:
    """Return what happened to the order since this event, the newest on the page that was sent."""
    if not (seen.isascii() and seen.isdigit() and len(seen) < MAX_DIGITS):
        return []
    return list(order.events.filter(pk__gt=seen).select_related("user").order_by("pk"))


def _back_to(order: Order) -> HttpResponse:
    return redirect("admin:orders_order_change", order.pk)
