"""Template filters for the history of what staff change."""

from typing import Any

from django import template
from django.contrib.admin.models import LogEntry

from catalog.edits.history import parts_of

register = template.Library()


@register.filter
def parts(entry: LogEntry) -> list[dict[str, Any]]:
    """What an entry says: sentences, each with rows of what, before and after."""
    return parts_of(entry)
