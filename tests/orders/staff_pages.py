"""The admin's pages of orders, promotions and delivery, as staff send them."""

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group, Permission
from django.test import Client

from accounts.models import User
from orders.models import Order
from tests.factories import (
    make_user,
)
from tests.reading import errors_of


def staff(client: Client, *roles: str, is_superuser: bool = False) -> User:
    """Log in as staff with these roles."""
    user = make_user(is_staff=True, is_superuser=is_superuser)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    user.groups.set(Group.objects.filter(name__in=roles))
    client.force_login(user)
    return user


def add(client: Client, model: str, form: dict) -> list[str]:
    """The errors on the page; empty if it was saved."""
    return errors_of(client.post(f"/admin/orders/{model}/add/", form))


def page_of(order: Order) -> str:
    return f"/admin/orders/order/{order.pk}/change/"


def logged_in(client, *codenames: str):
    """Log in a member of staff who may view orders and has these permissions."""
    user = make_user(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_order", *codenames]))
    client.force_login(user)
    return user


def titles_of(client, order: Order) -> list[str]:
    return [shown.panel.title for shown in client.get(page_of(order)).context["panels"]]
