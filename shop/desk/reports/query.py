"""The form above a report: its market, period, steps and comparison."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django import forms
from django.utils import timezone

from catalog.inputs import DayField, DayInput
from catalog.markets import all_markets, default_market
from payments.books import currencies
from payments.reports.periods import MAX_DAYS, ONE_DAY, Period, Step
from payments.reports.tables import Query

DEFAULT_PERIOD = "30"


def _month(today: date) -> Period:
    return Period(today.replace(day=1), today)


def _last_month(today: date) -> Period:
    last = today.replace(day=1) - ONE_DAY
    return Period(last.replace(day=1), last)


# Value in the URL → label and period.
PERIODS: dict[str, tuple[str, Callable[[date], Period]]] = {
    "1": ("Today", lambda today: Period(today, today)),
    "7": ("7 days", lambda today: Period.last_days(7, today)),
    "30": ("30 days", lambda today: Period.last_days(30, today)),
    "90": ("90 days", lambda today: Period.last_days(90, today)),
    "month": ("This month", _month),
    "last-month": ("Last month", _last_month),
    "year": ("This year", lambda today: Period(today.replace(month=1, day=1), today)),
    "last-year": (
        "Last year",
        lambda today: Period(date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)),
    ),
}
BEFORE, YEAR, NONE = "before", "year", "none"


class PeriodForm(forms.Form):
    """A period: typed, or chosen by name. Without an answer it is the last thirty days."""

    default = DEFAULT_PERIOD

    p = forms.ChoiceField(
        required=False, choices=[(key, label) for key, (label, _) in PERIODS.items()], widget=forms.HiddenInput
    )
    first = DayField(label="From", required=False, widget=DayInput(attrs={"class": "w-d"}))
    last = DayField(label="Until", required=False, widget=DayInput(attrs={"class": "w-d"}))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("first"), cleaned.get("last")
        if bool(first) != bool(last) and not self.errors:
            raise forms.ValidationError("Enter both days, or none.")
        if first and last and first > last:
            raise forms.ValidationError("The first day is after the last one.")
        if first and last and (last - first).days >= MAX_DAYS:
            raise forms.ValidationError("A report covers ten years at most.")
        return cleaned

    @property
    def period(self) -> Period:
        """The typed period, or the chosen one, or the default."""
        cleaned = self.cleaned_data if self.is_valid() else {}
        if cleaned.get("first"):
            return Period(cleaned["first"], cleaned["last"])
        return PERIODS[cleaned.get("p") or self.default][1](timezone.localdate())

    @property
    def chosen(self) -> str:
        """The period that is chosen by name; empty if days were typed."""
        cleaned = self.cleaned_data if self.is_valid() else {}
        return "" if cleaned.get("first") else cleaned.get("p") or self.default


class BooksForm(PeriodForm):
    """A period and a currency of the books. Without an answer it is the last month in the default market's currency."""

    default = "last-month"

    currency = forms.ChoiceField(required=False, widget=forms.Select(attrs={"class": "w-s"}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["currency"].choices = [(currency, currency) for currency in currencies()]  # type: ignore[attr-defined]

    @property
    def chosen_currency(self) -> str:
        cleaned = self.cleaned_data if self.is_valid() else {}
        return cleaned.get("currency") or default_market().currency


class QueryForm(PeriodForm):
    """What a report is about. Without an answer it is about the last thirty days in the default market."""

    market = forms.ChoiceField(required=False, widget=forms.Select(attrs={"class": "w-m"}))
    by = forms.ChoiceField(
        label="By",
        required=False,
        widget=forms.Select(attrs={"class": "w-s"}),
        choices=[(step.value, f"By {step.value}") for step in Step],
    )
    compare = forms.ChoiceField(
        label="Compare",
        required=False,
        widget=forms.Select(attrs={"class": "w-m"}),
        choices=[(BEFORE, "With the time before"), (YEAR, "With the year before"), (NONE, "With nothing")],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["market"].choices = [(market.code, market.name) for market in all_markets().values()]  # type: ignore[attr-defined]

    @property
    def query(self) -> Query:
        cleaned = self.cleaned_data if self.is_valid() else {}
        market = all_markets().get(cleaned.get("market") or "") or default_market()
        return Query(market, self.period, Step(cleaned.get("by") or Step.DAY))

    @property
    def compared(self) -> Period | None:
        """The period to compare with; None if nothing is compared."""
        cleaned = self.cleaned_data if self.is_valid() else {}
        choice = cleaned.get("compare") or BEFORE
        return {BEFORE: self.period.before, YEAR: self.period.year_before}.get(choice)
