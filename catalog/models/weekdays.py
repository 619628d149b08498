"""A model field for weekdays, stored as numbers from 0 (Monday) to 6 (Sunday)."""

from typing import Any

from django import forms
from django.contrib.postgres.fields import ArrayField
from django.db import models

WEEKDAYS = [
    (0, "Monday"),
    (1, "Tuesday"),
    (2, "Wednesday"),
    (3, "Thursday"),
    (4, "Friday"),
    (5, "Saturday"),
    (6, "Sunday"),
]
MONDAY_TO_FRIDAY = (0, 1, 2, 3, 4)


def monday_to_friday() -> list[int]:
    """The usual working days, as the default of a model field."""
    return list(MONDAY_TO_FRIDAY)


class WeekdaysField(ArrayField):
    """A list of weekdays, shown as checkboxes."""

    def __init__(self, **options: Any) -> None:
        options["base_field"] = models.PositiveSmallIntegerField(choices=WEEKDAYS)
        super().__init__(**options)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, path, args, options = super().deconstruct()
        del options["base_field"]
        return name, path, args, options

    def formfield(self, **options: Any) -> forms.Field:
        options = {"label": self.verbose_name.capitalize(), "help_text": self.help_text, **options}
        return forms.TypedMultipleChoiceField(
            coerce=int,
            choices=WEEKDAYS,
            widget=forms.CheckboxSelectMultiple,
            required=not self.blank,
            label=options["label"],
            help_text=options["help_text"],
            initial=self.get_default(),
        )


def weekday_names(days: list[int]) -> str:
    """The weekdays as part of a sentence: `Monday to Friday`, `Mondays and Tuesdays`."""
    numbers = sorted(set(days))
    names = dict(WEEKDAYS)
    if len(numbers) > 2 and numbers == list(range(numbers[0], numbers[-1] + 1)):
        return f"{names[numbers[0]]} to {names[numbers[-1]]}"
    plural = [f"{names[number]}s" for number in numbers]
    return " and ".join([", ".join(plural[:-1]), plural[-1]]) if len(plural) > 1 else "".join(plural)
