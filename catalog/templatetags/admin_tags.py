"""Template filters and tags of the admin's pages."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django import template
from django.contrib.admin.helpers import InlineAdminFormSet
from django.forms import BoundField
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

from catalog.capped_counts import shown_count

register = template.Library()
register.filter(shown_count)
MINUTE, HOUR, DAY = 60, 3_600, 86_400  # seconds
MAX_HOURS = 48  # older moments are told in days


@register.simple_tag
def icon(name: str, size: str = "") -> SafeString:
    """An icon of static/img/admin-icons.svg; `s` is small. A word must stand beside it or name its button."""
    url = f"{static('img/admin-icons.svg')}#i-{name}"
    css_class = f"i {size}".strip()
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}"/></svg>', css_class, url)


@register.filter
def ago(moment: datetime | None) -> str:
    """The time since a moment in one unit: `just now`, `7 min ago`, `4 h ago`, `2 days ago`."""
    if moment is None:
        return ""
    seconds = max(0, int((timezone.now() - moment).total_seconds()))
    if seconds < MINUTE:
        return "just now"
    if seconds < HOUR:
        return f"{seconds // MINUTE} min ago"
    if seconds < MAX_HOURS * HOUR:
        return f"{seconds // HOUR} h ago"
    return f"{seconds // DAY} days ago"


@register.filter
def label_of(field: Any) -> SafeString:
    """The <label> of a form field, without the colon that Django adds."""
    return field.label_tag(label_suffix="")


@register.filter
def named(field: BoundField) -> SafeString:
    """A field of a table, whose name is otherwise only in the head of its column."""
    return field.as_widget(attrs={"aria-label": capfirst(str(field.label))})


@register.filter
def inline_settings(formset: InlineAdminFormSet) -> str:
    """The settings of Django's script for rows of related objects, without capitals inside a sentence."""
    settings = json.loads(formset.inline_formset_data())
    settings["options"]["addText"] = f"Add another {formset.opts.verbose_name}"
    return json.dumps(settings)


@register.filter
def labelled(cells: Iterable[SafeString], headers: list[dict[str, Any]]) -> Iterator[SafeString]:
    """The cells of a row of Django's change list, each with the name of its column for the cards on phones."""
    for cell, header in zip(cells, headers, strict=False):
        is_checkbox = "<input" in header["text"]  # the first column, where a list has actions
        label = "" if is_checkbox else escape(capfirst(header["text"]))
        yield mark_safe(cell.replace("<td", f'<td data-l="{label}"', 1))  # noqa: S308  (Django escaped the cell)
