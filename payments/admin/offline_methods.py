"""The settings of offline payment methods."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest

from accounts.roles import ROLES
from catalog.admin.store import MarketTextInline, WithMarketTexts
from catalog.markets import all_markets
from payments.models import OfflineMethod, OfflineText


class MethodForm(forms.ModelForm):
    """A method with its customer groups and markets."""

    markets = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="If none is chosen, it is offered in all markets.",
    )

    class Meta:
        model = OfflineMethod
        fields = (
            *("is_on", "name", "description", "instructions", "due_days", "reminder_days", "groups", "markets"),
            "position",
        )
        widgets: ClassVar[Any] = {"groups": forms.CheckboxSelectMultiple}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "markets" in self.fields:
            self.fields["markets"].choices = [(market.code, market.name) for market in all_markets().values()]  # type: ignore[attr-defined]
        if "groups" in self.fields:
            self.fields["groups"].queryset = Group.objects.exclude(name__in=ROLES).order_by("name")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("is_on") and self.instance.needs_group and not cleaned.get("groups"):
            self.add_error("groups", "Choose the groups of customers who may pay by invoice.")
        reminder, due = cleaned.get("reminder_days"), cleaned.get("due_days")
        if reminder and due and reminder >= due:
            self.add_error("reminder_days", "The reminder comes before the due day: choose fewer days.")
        return cleaned


class OfflineTextInline(MarketTextInline):
    model = OfflineText


@admin.register(OfflineMethod)
class OfflineMethodAdmin(WithMarketTexts):
    form = MethodForm
    list_display = ("name", "code", "is_on", "due_days", "reminder_days")
    inlines = (OfflineTextInline,)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
