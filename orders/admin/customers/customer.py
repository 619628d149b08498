"""People who order in the admin: one list, and one page for each account or guest."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse

from accounts.models import User
from accounts.roles import ROLES
from catalog.admin.base import ReadOnly, guarded, page
from catalog.edits.concurrent import SHOWN_VALUES, ConcurrentEditForm, kept_changes_message
from catalog.edits.history import edits_since, recorded
from orders.admin.customers.people_list import people_page
from orders.admin.order_page.permissions import SEE_CUSTOMER
from orders.admin.states import Badge, PaymentCell, payment_readers, shipping_badge, usual_payment
from orders.models import Customer, Order
from orders.people import (
    MAX_SHOWN_ORDERS,
    Person,
    account_person,
    cards_of,
    credit_of,
    history_of,
    person_of,
    record_of,
)


class NoteForm(ConcurrentEditForm):
    """Notes and tags about a person."""

    class Meta:
        model = Customer
        fields = ("tags", "note")
        widgets = {"note": forms.Textarea(attrs={"rows": 4})}  # noqa: RUF012  (as Django reads it)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial[SHOWN_VALUES] = self.snapshot  # also before there is a row, which somebody else may create

    def clean_tags(self) -> list[str]:
        """Remove spaces around tags, empty tags and repeated ones."""
        return list(dict.fromkeys(tag.strip() for tag in self.cleaned_data["tags"] if tag.strip()))


class GroupsForm(forms.Form):
    """The groups of an account, for promotions."""

    groups = forms.ModelMultipleChoiceField(
        Group.objects.exclude(name__in=ROLES), required=False, widget=forms.CheckboxSelectMultiple
    )


@dataclass(frozen=True)
class OrderRow:
    """One order of the person."""

    order: Order
    url: str
    payment: PaymentCell
    shipping: Badge


def _order_rows(orders: list[Order]) -> list[OrderRow]:
    read = [reader(orders) for reader in payment_readers]
    cells = {order.pk: usual_payment(order) for order in orders} | {
        pk: cell for found in read for pk, cell in found.items()
    }
    return [
        OrderRow(order, reverse("admin:orders_order_change", args=[order.pk]), cells[order.pk], shipping_badge(order))
        for order in orders
    ]


@admin.register(Customer)
class CustomerAdmin(ReadOnly, admin.ModelAdmin):
    """Staff who may see customers. The pages need the permission to see the customers of orders, too."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_view_permission(request, obj) and request.user.has_perm(SEE_CUSTOMER)

    def get_urls(self) -> list[URLPattern]:
        return [
            path("", guarded(self, self.changelist_view), name="orders_customer_changelist"),
            path("account/<int:pk>/", guarded(self, self.account_view), name="orders_customer_account"),
            path("order/<int:pk>/", guarded(self, self.order_view), name="orders_customer_order"),
            path("<path:object_id>/history/", guarded(self, self.history_view), name="orders_customer_history"),
            path("<path:object_id>/change/", guarded(self, self.record_view), name="orders_customer_change"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        self._require(request)
        query = request.GET
        people = people_page(
            query.get("tab", ""), query.get("q", ""), after=query.get("after", ""), before=query.get("before", "")
        )
        return page(self, request, "admin/orders/customer/change_list.html", {"title": "Customers", "people": people})

    def account_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The page of an account. Staff are not customers, unless they order."""
        self._require(request)
        account = get_object_or_404(User, pk=pk)
        person = account_person(account)
        if account.is_staff and not person.orders().exists():
            raise Http404
        return self._person_view(request, person)

    def order_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The page of the person who placed an order. Its URL has no e-mail address, because URLs are in logs."""
        self._require(request)
        person = person_of(get_object_or_404(Order.objects.select_related("user"), pk=pk))
        if person.account and request.method == "GET":
            return redirect("admin:orders_customer_account", person.account.pk)
        return self._person_view(request, person)

    def record_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Redirect from notes about a person to the person."""
        self._require(request)
        record = get_object_or_404(Customer, pk=object_id) if object_id.isdecimal() else None
        account = User.objects.filter(email=record.email).first() if record else None
        if account:
            return redirect("admin:orders_customer_account", account.pk)
        order = Order.objects.filter(email=record.email).order_by("-placed_at").first() if record else None
        return (
            redirect("admin:orders_customer_order", order.pk) if order else redirect("admin:orders_customer_changelist")
        )

    def _require(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    def _person_view(self, request: HttpRequest, person: Person) -> HttpResponse:
        may_change = request.user.has_perm("orders.change_customer")
        form, groups_form = NoteForm(instance=person.record), self._groups_form(request, person)
        if request.method == "POST":
            if not may_change:
                raise PermissionDenied
            form = self._save(request, person, groups_form)
            if form.is_valid() and (groups_form is None or groups_form.is_valid()):
                messages.success(request, "The notes were saved.")
                return redirect(request.path)
        has_errors = form.errors or (groups_form is not None and groups_form.errors)
        status = 422 if has_errors else 200
        orders = person.orders().order_by("-placed_at", "-pk").defer("receipt")
        context = {
            "title": self._name_of(person),
            "person": person,
            "form": form,
            "groups_form": groups_form,
            "may_change": may_change,
            "history": history_of(person),
            "credit": credit_of(person),
            "cards": cards_of(person) if request.user.has_perm("orders.view_giftcard") else [],
            "rows": _order_rows(list(orders[:MAX_SHOWN_ORDERS])),
            "orders_url": reverse("admin:orders_order_changelist"),
            "addresses": list(person.account.addresses.all()[:10]) if person.account else [],
            "record": person.record,
        }
        return page(self, request, "admin/orders/customer/person.html", context, status)

    def _name_of(self, person: Person) -> str:
        if person.account and person.account.name:
            return person.account.name
        latest = person.orders().order_by("-placed_at").values_list("name", flat=True).first()
        return latest or person.email

    def _groups_form(self, request: HttpRequest, person: Person) -> GroupsForm | None:
        """The form for groups, for accounts of customers and staff who may change accounts."""
        if not person.account or person.account.is_staff or not request.user.has_perm("accounts.change_user"):
            return None
        initial = {"groups": person.account.groups.exclude(name__in=ROLES)}
        return GroupsForm(request.POST if request.method == "POST" else None, initial=initial)

    @transaction.atomic
    def _save(self, request: HttpRequest, person: Person, groups_form: GroupsForm | None) -> NoteForm:
        """Save notes, tags and groups with their history, if the forms are valid."""
        record = record_of(person)
        form = NoteForm(request.POST, instance=record)
        form.edits_since = lambda subject, since: edits_since(request, subject, since)  # type: ignore[assignment]
        if not form.is_valid() or (groups_form and not groups_form.is_valid()):
            return form
        with recorded(request, record):
            form.save()
        if message := kept_changes_message([form]):
            messages.warning(request, message)
        if groups_form and groups_form.has_changed():
            account = person.account
            assert account is not None  # noqa: S101
            with recorded(request, account):
                account.groups.set(groups_form.cleaned_data["groups"])
        return form
