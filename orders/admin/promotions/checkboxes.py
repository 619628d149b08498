"""Countries and delivery methods as checkboxes in groups, which are folded away as long as none is chosen."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from catalog.formats import listed
from catalog.markets import all_markets
from orders.models import ShippingMethod

Groups = list[tuple[str, list[tuple[str, str]]]]


class GroupedCheckboxes(forms.CheckboxSelectMultiple):
    """Checkboxes in groups. The line that opens them names what is chosen, or `nothing` for an empty choice."""

    def __init__(self, nothing: str) -> None:
        super().__init__()
        self.nothing = nothing

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        chosen = {str(part) for part in value or []}
        groups = [
            (title, [(code, label, code in chosen) for code, label in choices]) for title, choices in self.choices
        ]
        labels = [label for _title, choices in groups for _code, label, is_chosen in choices if is_chosen]
        context = {
            "name": name,
            "groups": groups,
            "summary": listed(dict.fromkeys(labels)) if labels else self.nothing,
            "id": (attrs or {}).get("id", ""),
        }
        return render_to_string("admin/orders/promotion/checkboxes.html", context)


class GroupedCodesField(forms.MultipleChoiceField):
    """A list of codes. Stored codes that the shop no longer knows can be kept."""

    def __init__(self, nothing: str, **options: Any) -> None:
        super().__init__(widget=GroupedCheckboxes(nothing), **options)

    def offer(self, groups: Groups, stored: Iterable[str]) -> None:
        """Offer these choices, and the stored codes that are in none of the groups."""
        known = {code for _title, choices in groups for code, _label in choices}
        unknown = [(code, code) for code in stored if code not in known]
        self.choices = [*groups, *([("No longer in the shop", unknown)] if unknown else [])]


def country_groups() -> Groups:
    """The countries that the shop delivers to, by market."""
    markets = all_markets().values()
    return [(market.name if len(markets) > 1 else "", market.country_choices()) for market in markets]


def method_groups() -> Groups:
    """The delivery methods by market: their codes with their names."""
    markets = all_markets()
    groups: dict[str, list[tuple[str, str]]] = {code: [] for code in markets}
    for method in ShippingMethod.objects.order_by("position", "pk"):
        name = method.name if method.is_active else f"{method.name} (switched off)"
        groups.setdefault(method.market, []).append((method.code, name))
    return [
        (markets[code].name if len(markets) > 1 and code in markets else "", choices)
        for code, choices in groups.items()
        if choices
    ]
