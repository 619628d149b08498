"""What the shop knows about a person besides orders is erased: with the account, or for a guest by a command."""

import io

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.management import CommandError, call_command

from catalog.models import StockAlert
from orders.models import CheckoutDraft, Customer, Order
from tests.factories import make_cart, make_order, make_user, make_variant
from tests.orders.staff_pages import staff

pytestmark = pytest.mark.django_db


def remember(email: str) -> None:
    """Notes with a history, a checkout draft and a stock alert of this address."""
    record = Customer.objects.create(email=email, note="Calls often", tags=["trade"])
    LogEntry.objects.log_actions(make_user(is_staff=True).pk, [record], CHANGE, "Calls often")
    CheckoutDraft.objects.create(cart=make_cart(make_variant()), fields={"email": email})
    StockAlert.objects.create(variant=make_variant(), email=email)


def remembered() -> list[int]:
    """How many rows of each kind there are."""
    history = LogEntry.objects.filter(content_type__model="customer")
    return [rows.count() for rows in (Customer.objects, history, CheckoutDraft.objects, StockAlert.objects)]


def test_deleting_an_account_erases_notes_tags_drafts_and_alerts_and_keeps_the_order(client):
    account = make_user("anna@example.com")
    order = make_order(email="anna@example.com")
    for email in ("anna@example.com", "bea@example.com"):
        remember(email)
    staff(client, "Owner")
    client.post(f"/admin/accounts/user/{account.pk}/delete/", {"post": "yes"})
    assert remembered() == [1, 1, 1, 1]
    assert Customer.objects.get().email == "bea@example.com"
    assert Order.objects.get().pk == order.pk


def test_a_guest_is_erased_by_a_command_that_says_what_it_found():
    remember("anna@example.com")
    for words in ("Erased: notes and tags, checkout drafts, stock alerts.", "Nothing is stored about"):
        output = io.StringIO()
        call_command("erase_person", "Anna@Example.com", stdout=output)
        assert words in output.getvalue()
    assert remembered() == [0, 0, 0, 0]
    make_user("anna@example.com")
    with pytest.raises(CommandError, match="has an account"):
        call_command("erase_person", "anna@example.com")
