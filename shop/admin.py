"""The outbox in the admin: what went, what waits, and why. Texts stay closed: they may hold links to reset passwords."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from shop.models import Mail


@admin.register(Mail)
class MailAdmin(admin.ModelAdmin):
    list_display = ("subject", "recipients", "status", "priority", "attempts", "last_error", "created_at", "sent_at")
    list_filter = ("status", "priority")
    search_fields = ("subject", "message_id")
    exclude = ("body",)
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
