"""The registry of the order page's panels and actions."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms

from accounts.models import User
from catalog.admin.base import Question
from orders.models import Order


class ActionRefused(Exception):
    """The function of an action refused to run. The message is a sentence for staff."""


@dataclass(frozen=True)
class Panel:
    """A part of the order page. Its template gets the result of `content(order)` as `content`.

    Without `permission`, everybody who may view orders sees the panel. `columns` names the fields of Order that it
    shows: staff can filter the list of orders by the fields that they see. Panels share a row unless they are wide.
    """

    name: str
    title: str
    template: str
    position: int
    content: Callable[[Order], Any]
    permission: str = ""
    columns: tuple[str, ...] = ()
    is_wide: bool = False
    is_collapsed: bool = False

    def is_shown_to(self, user: User) -> bool:
        """Return whether this user may see the panel."""
        return not self.permission or user.has_perm(self.permission)


class ActionForm(forms.Form):
    """The form of an action, for one order. The heading is shown above its fields."""

    heading = ""
    button = "Save"

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order = order


@dataclass(frozen=True)
class Action:
    """A button of the order page, which calls a function that changes the order.

    `refusal` returns why the order does not allow the action now, or an empty string if it does. The button is shown
    only if it does. `run` gets the order, the id of the user and the valid form (None without one). It changes the
    order and returns a sentence about what was done, or raises ActionRefused.

    Its user also needs the permission to view orders. If there is a `form`, staff fill it in first. If there is a
    `question`, they confirm its sentences first; it gets the order and the user, because not everybody may see the
    customer. The name is part of the URL.
    """

    name: str
    label: str
    permission: str
    position: int
    refusal: Callable[[Order], str]
    run: Callable[[Order, int, Any], str]
    form: type[ActionForm] | None = None
    question: Callable[[Order, User], Question] | None = None
    is_secondary: bool = False

    @property
    def has_page(self) -> bool:
        """Whether the button opens a page, rather than running the action at once."""
        return bool(self.form or self.question)


@dataclass(frozen=True)
class ShownPanel:
    """A panel with its content for one order."""

    panel: Panel
    content: Any


class OrderPage:
    """All panels and actions, by name."""

    def __init__(self) -> None:
        self.panels: dict[str, Panel] = {}
        self.actions: dict[str, Action] = {}

    def add(self, *parts: Panel | Action) -> None:
        """Add panels and actions. Raise ValueError if a name is already in use."""
        for part in parts:
            existing: dict[str, Any] = self.panels if isinstance(part, Panel) else self.actions
            if part.name in existing:
                raise ValueError(f"The order page already has a part called {part.name!r}.")
            existing[part.name] = part

    def panels_for(self, user: User) -> list[Panel]:
        """Return the panels that this user may see, sorted by position."""
        allowed = [panel for panel in self.panels.values() if panel.is_shown_to(user)]
        return sorted(allowed, key=lambda panel: panel.position)

    def shown_to(self, user: User, order: Order) -> list[ShownPanel]:
        """Return the panels that this user may see, with their content for the order."""
        return [ShownPanel(panel, panel.content(order)) for panel in self.panels_for(user)]

    def actions_for(self, user: User, order: Order) -> list[Action]:
        """Return the actions that this user may take and the order allows, sorted by position."""
        allowed = [action for action in self.actions.values() if user.has_perm(action.permission)]
        offered = [action for action in allowed if not action.refusal(order)]
        return sorted(offered, key=lambda action: action.position)

    def columns_for(self, user: User) -> list[str]:
        """Return the fields of Order that the page shows to this user."""
        return [column for panel in self.panels_for(user) for column in panel.columns]


order_page = OrderPage()
