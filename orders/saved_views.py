"""Views of the order list that staff save for themselves or for everybody."""

from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import QueryDict

from accounts.models import User
from orders.errors import OrderRefused
from orders.models import SavedView

MAX_VIEWS = 20  # of one user
SHARE = "orders.share_savedview"
SEE_CUSTOMER = "orders.see_customer_order"


class ViewRefused(OrderRefused):
    """The view cannot be saved. The message is a sentence for staff."""


def views_for(user: User) -> QuerySet[SavedView]:
    """The user's own views and those that are shared.

    Shared views with a search are for staff who may see customers, because what was searched for can be a name.
    """
    shared = Q(is_shared=True)
    if not user.has_perm(SEE_CUSTOMER):
        shared &= ~Q(query__regex=r"(^|&)q=")
    return SavedView.objects.filter(Q(owner=user) | shared)


def save_view(user: User, name: str, query: str, *, is_shared: bool) -> SavedView:
    """Save the query under this name; a view of the user with the same name is replaced.

    Raise ViewRefused if the name is missing, there are too many, or the user may not share views.
    """
    name = " ".join(name.split())
    if not name:
        raise ViewRefused("Enter a name for the view.")
    if len(name) > SavedView._meta.get_field("name").max_length:
        raise ViewRefused("Enter a name of at most 40 characters.")
    if is_shared and not user.has_perm(SHARE):
        raise ViewRefused("You may not share views.")
    if len(query) > SavedView._meta.get_field("query").max_length:
        raise ViewRefused("This view has too many conditions to be saved.")
    own = SavedView.objects.filter(owner=user)
    if own.exclude(name=name).count() >= MAX_VIEWS:
        raise ViewRefused(f"You have {MAX_VIEWS} saved views. Delete one first.")
    view, _is_new = own.update_or_create(owner=user, name=name, defaults={"query": query, "is_shared": is_shared})
    return view


def delete_view(user: User, view: SavedView) -> None:
    """Delete the view. Raise ViewRefused unless it is the user's own, or shared and the user may share views."""
    if view.owner_id != user.pk and not (view.is_shared and user.has_perm(SHARE)):
        raise ViewRefused("This view belongs to somebody else.")
    view.delete()


def normalized(query: str) -> str:
    """The query with its parameters in a fixed order, so that equal views are equal texts."""
    return urlencode(sorted(QueryDict(query).items()))
