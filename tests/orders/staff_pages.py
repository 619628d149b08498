"""The admin's pages of orders, promotions and delivery, as staff send them."""

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import User
from tests.factories import make_user
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
