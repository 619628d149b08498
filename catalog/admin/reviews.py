"""The admin of reviews, for moderation and replies."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from catalog.admin.columns import ValuesFilter
from catalog.edits.history import difference, record_action
from catalog.listings.reviews import moderate
from catalog.models import Review


@admin.register(Review)
class ReviewAdmin(admin.ModelAdmin):
    """Staff can publish, reject and answer reviews, but not change them."""

    list_display = ("product", "rating", "title", "author", "is_verified", "status", "created_at")
    list_filter = ("status", ("rating", ValuesFilter), "is_verified")
    list_select_related = ("product",)
    search_fields = ("product__title", "title", "text")
    actions = ("publish", "reject")
    readonly_fields = (
        "product",
        "status",
        "rating",
        "title",
        "text",
        "author",
        "is_verified",
        "purchase",
        "created_at",
    )
    fields = (*readonly_fields, "reply")

    @admin.action(description="Publish", permissions=["change"])
    def publish(self, request: HttpRequest, queryset: QuerySet[Review]) -> None:
        self._moderate(request, queryset, Review.Status.PUBLISHED)

    @admin.action(description="Reject", permissions=["change"])
    def reject(self, request: HttpRequest, queryset: QuerySet[Review]) -> None:
        self._moderate(request, queryset, Review.Status.REJECTED)

    def _moderate(self, request: HttpRequest, queryset: QuerySet[Review], status: Review.Status) -> None:
        reviews = list(queryset.exclude(status=status))
        changed = moderate([review.pk for review in reviews], status)
        label = str(Review.Status(status).label)
        for review in reviews:
            before = str(review.get_status_display())
            record_action(request, review, f"{label.capitalize()}.", [difference("Status", before, label)])
        self.message_user(request, f"{changed} review{'' if changed == 1 else 's'} {status}.")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
