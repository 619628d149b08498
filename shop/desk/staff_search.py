"""What the desk's search finds among staff. Only those who manage them find them."""

from typing import Any

from django.urls import reverse

from accounts.models import Staff
from catalog.admin.search import MIN_INDEXED, folded_words
from catalog.desk_search import MAX_HITS, Hit, Source


def find_staff(text: str, user: Any) -> list[Hit]:
    """People who work in the shop, by name or e-mail address."""
    if max(map(len, text.split())) < MIN_INDEXED:
        return []
    return [
        Hit(
            person.get_full_name(),
            person.email,
            reverse("admin:accounts_staff_change", args=[person.pk]),
            end="" if person.is_active else "Closed",
        )
        for person in Staff.objects.filter(
            folded_words("name", text) | folded_words("email", text), is_staff=True
        ).order_by("-is_active", "name", "email")[: MAX_HITS + 1]
    ]


SOURCES = (Source("staff", "Staff", "accounts.view_staff", find_staff, "admin:accounts_staff_changelist"),)
