"""Who ordered, and where it goes. Only for staff who may see customers."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q
from django.urls import reverse

from accounts.models import User
from catalog.formats import count_of, money
from catalog.markets import market_of
from orders.admin.order_page.permissions import EDIT
from orders.editing import address_refusal
from orders.models import Order
from orders.people import value_sum


@dataclass(frozen=True)
class CustomerCard:
    """The customer of an order, and what else the customer has ordered. `url` leads to the customer's page."""

    name: str
    initials: str
    email: str
    phone: str
    orders: str
    url: str
    account: str
    shop_url: str
    email_url: str
    company: str


@dataclass(frozen=True)
class AddressCard:
    """The delivery address and the invoice address. The URLs of the forms are empty if they
    cannot be corrected, or not by this user."""

    heading: str
    lines: Sequence[str]
    billing: Sequence[str]
    note: str
    gift_message: str
    edit_url: str
    billing_url: str

    @property
    def copied(self) -> str:
        """The address in one line, for the clipboard."""
        return ", ".join(self.lines)


def customer_card(order: Order, user: User) -> CustomerCard:
    """Return the customer, with the number and value of all orders that are not canceled."""
    can_edit = user.has_perm(EDIT)
    may_open = user.has_perm("orders.view_customer")
    return CustomerCard(
        name=order.name,
        initials="".join(word[0] for word in order.name.split()[:2]).upper(),
        email=order.email,
        phone=order.shown_phone,
        orders=_orders(order),
        url=reverse("admin:orders_customer_order", args=[order.pk]) if may_open else "",
        account="Has an account" if order.user_id else "Ordered without an account",
        shop_url=order.get_absolute_url(),
        email_url=reverse("admin:orders_order_email", args=[order.pk]) if can_edit else "",
        company=", ".join(part for part in (order.company, order.vat_id) if part),
    )


def _orders(order: Order) -> str:
    same = Q(customer_key=order.customer_key) if order.customer_key else Q(pk=order.pk)
    if order.user_id:
        same |= Q(user=order.user_id)
    others = Order.objects.filter(same, currency=order.currency).exclude(status=Order.Status.CANCELED)
    found = others.aggregate(count=Count("pk"), total=value_sum())
    return f"{count_of(found['count'], 'order')} · {money(found['total'] or 0, order.currency)} in all"


def address_card(order: Order, user: User) -> AddressCard:
    """Return the addresses of the order, and the customer's note and gift message."""
    names = market_of(order.market).locale.territories
    billing = [*order.billing_lines, names.get(order.billing_country, order.billing_country)]
    can_edit = user.has_perm(EDIT) and not address_refusal(order)
    return AddressCard(
        heading="Delivery" if order.has_address else ("Picks it up" if order.is_pickup else "Nothing is sent by post"),
        lines=[*order.printed_lines, names.get(order.country, order.country)],
        billing=billing if order.billing_name else [],
        note=order.note,
        gift_message=order.gift_message,
        edit_url=reverse("admin:orders_order_address", args=[order.pk]) if can_edit else "",
        billing_url=reverse("admin:orders_order_billing", args=[order.pk]) if can_edit else "",
    )
