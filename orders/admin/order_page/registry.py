"""The registry of the order page: panels, actions and what the timeline is made of."""

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django import forms

from accounts.models import User
from catalog.admin.base import Question
from orders.editing import Edit, version_of
from orders.models import Order


class ActionRefused(Exception):
    """The function of an action refused to run. The message is a sentence for staff, about a field of the form if any."""

    def __init__(self, sentence: str, field: str = "") -> None:
        super().__init__(sentence)
        self.field = field


class Area(StrEnum):
    """Where a panel stands: in the main column, beside another one there, in the column at the side, or closed below."""

    MAIN = "main"
    HALF = "half"
    SIDE = "side"
    TECHNICAL = "technical"


@dataclass(frozen=True)
class Panel:
    """A part of the order page. Its template gets the result of `content(order, user)` as `content`.

    A panel whose content is None is left out. Without `permission`, everybody who may view orders sees the panel.
    `columns` names the fields of Order that it shows: staff can filter the list of orders by the fields that they see.
    """

    name: str
    title: str
    template: str
    position: int
    content: Callable[[Order, User], Any]
    permission: str = ""
    columns: tuple[str, ...] = ()
    area: Area = Area.MAIN

    def is_shown_to(self, user: User) -> bool:
        """Return whether this user may see the panel."""
        return not self.permission or user.has_perm(self.permission)


class ActionForm(forms.Form):
    """The form of an action, for one order. The heading is shown above its fields.

    Its hidden fields say which form it is, so that sending it twice acts once, and which event of the order was the newest
    when the page was opened, so that a change by others is reported before anything is overwritten.
    """

    heading = ""
    button = "Save"
    key = forms.UUIDField(widget=forms.HiddenInput, required=False)
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, order: Order, user: User | None = None, **kwargs: Any) -> None:
        super().__init__(*args, label_suffix="", **kwargs)
        self.order = order
        self.user = user
        if not self.is_bound:
            self.initial |= {"key": uuid.uuid4(), "seen": version_of(order)}

    def edit(self, by: int) -> Edit:
        """Who sends this valid form, and what they have seen."""
        return Edit(by, self.cleaned_data["seen"], self.cleaned_data["key"] or uuid.uuid4())


class Place(StrEnum):
    """Where the button of an action stands.

    The first MAIN one is the main button, and BESIDE ones stand left of it. DANGER ones come last under "More", and PANEL
    ones have a link in a panel only.
    """

    MAIN = "main"
    BESIDE = "beside"
    MORE = "more"
    DANGER = "danger"
    PANEL = "panel"


@dataclass(frozen=True)
class Action:
    """A button of the order page, which calls a function that changes the order.

    `refusal` returns why the order does not allow the action now, or an empty string if it does. The button is shown
    only if it does. `run` gets the order, the id of the user, and the valid form or the question that was answered (None
    without one). It changes the order and returns a sentence about what was done, or raises ActionRefused.

    Its user also needs the permission to view orders, and `other_permissions`. If there is a `form`, staff fill it in
    first. If there is a `question`, they confirm its sentences first; it gets the order and the user, because not everybody
    may see the customer. `template` and `title` are those of the page of the form or question, and `preview` is the
    template of the part of that page that says what the form would do. The name is part of the URL.
    """

    name: str
    label: str
    permission: str
    position: int
    refusal: Callable[[Order], str]
    run: Callable[[Order, int, Any], str]
    form: type[ActionForm] | None = None
    question: Callable[[Order, User], Question] | None = None
    template: str = ""
    preview: str = ""
    title: str = ""
    place: Place = Place.MORE
    icon: str = ""
    other_permissions: tuple[str, ...] = ()

    @property
    def url_name(self) -> str:
        return f"admin:orders_order_{self.name}"

    @property
    def has_page(self) -> bool:
        """Whether the button opens a page, rather than running the action at once."""
        return bool(self.form or self.question)

    def is_allowed_to(self, user: User) -> bool:
        """Return whether this user has the permissions of the action."""
        return user.has_perms([self.permission, *self.other_permissions])


@dataclass(frozen=True)
class ShownPanel:
    """A panel with its content for one order."""

    panel: Panel
    content: Any


@dataclass(frozen=True)
class TimelineEntry:
    """Something that happened to an order. `said` is the text of a note; `look` colours the dot (ok, warn)."""

    at: datetime
    text: str
    who: str = ""
    said: str = ""
    changes: Sequence[str] = ()
    look: str = ""
    url: str = ""


TimelineSource = Callable[[Order, User], Iterable[TimelineEntry]]


@dataclass(frozen=True)
class Layout:
    """The panels of a page by area. Panels of half the width stand in one row of `main` with the next one."""

    main: Sequence[Sequence[ShownPanel]]
    side: Sequence[ShownPanel]
    technical: Sequence[ShownPanel]


@dataclass(frozen=True)
class ActionBar:
    """The buttons of a page. Only one is the main one."""

    main: Action | None
    beside: Sequence[Action]
    more: Sequence[Action]
    danger: Sequence[Action]

    @property
    def has_menu(self) -> bool:
        return bool(self.more or self.danger)


class OrderPage:
    """All panels and actions, by name, and the sources of the timeline."""

    def __init__(self) -> None:
        self.panels: dict[str, Panel] = {}
        self.actions: dict[str, Action] = {}
        self.timeline_sources: list[TimelineSource] = []

    def add(self, *parts: Panel | Action) -> None:
        """Add panels and actions. Raise ValueError if a name is already in use."""
        for part in parts:
            existing: dict[str, Any] = self.panels if isinstance(part, Panel) else self.actions
            if part.name in existing:
                raise ValueError(f"The order page already has a part called {part.name!r}.")
            existing[part.name] = part

    def add_timeline(self, source: TimelineSource) -> None:
        """Add what an app knows to have happened to an order."""
        self.timeline_sources.append(source)

    def panels_for(self, user: User) -> list[Panel]:
        """Return the panels that this user may see, sorted by position."""
        allowed = [panel for panel in self.panels.values() if panel.is_shown_to(user)]
        return sorted(allowed, key=lambda panel: panel.position)

    def shown_to(self, user: User, order: Order) -> list[ShownPanel]:
        """Return the panels that this user may see, with their content for the order."""
        shown = [ShownPanel(panel, panel.content(order, user)) for panel in self.panels_for(user)]
        return [panel for panel in shown if panel.content is not None]

    def actions_for(self, user: User, order: Order) -> list[Action]:
        """Return the actions that this user may take and the order allows, sorted by position."""
        allowed = [action for action in self.actions.values() if action.is_allowed_to(user)]
        offered = [action for action in allowed if not action.refusal(order)]
        return sorted(offered, key=lambda action: action.position)

    def columns_for(self, user: User) -> list[str]:
        """Return the fields of Order that the page shows to this user."""
        return [column for panel in self.panels_for(user) for column in panel.columns]


def layout(shown: Sequence[ShownPanel]) -> Layout:
    """Divide the panels among the areas of the page."""
    rows: list[list[ShownPanel]] = []
    for part in shown:
        if part.panel.area not in (Area.MAIN, Area.HALF):
            continue
        is_second_half = part.panel.area == Area.HALF and rows and len(rows[-1]) == 1
        if is_second_half and rows[-1][0].panel.area == Area.HALF:
            rows[-1].append(part)
        else:
            rows.append([part])
    side, technical = ([part for part in shown if part.panel.area == area] for area in (Area.SIDE, Area.TECHNICAL))
    return Layout(rows, side, technical)


def action_bar(actions: Sequence[Action]) -> ActionBar:
    """Divide the actions among the buttons of the page. The first that can be the main one is it."""
    main = next((action for action in actions if action.place == Place.MAIN), None)
    more = [action for action in actions if action.place in (Place.MAIN, Place.MORE) and action is not main]
    beside, danger = ([action for action in actions if action.place == place] for place in (Place.BESIDE, Place.DANGER))
    return ActionBar(main, beside, more, danger)


order_page = OrderPage()
