"""The outbox in the admin: what went, what waits, and why. Texts stay closed: they may hold links to reset passwords."""

from typing import Any

from allauth.mfa.base.internal.flows import delete_dangling_recovery_codes
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.http import HttpRequest

from accounts.notices import tell_owner
from catalog.formats import listed
from shop.models import Mail


@admin.register(Mail)
class MailAdmin(admin.ModelAdmin):
    list_display = ("subject", "to", "status", "priority", "attempts", "last_error", "created_at", "sent_at")
    list_filter = ("status", "priority")
    search_fields = ("subject",)
    search_help_text = "Search by recipient, subject or exact message ID."
    fields = (
        *("subject", "sender", "to", "status", "priority", "attempts", "next_try_at", "last_error"),
        *("created_at", "sent_at", "message_id"),
    )
    readonly_fields = fields
    show_full_result_count = False

    @admin.display(description="to")
    def to(self, mail: Mail) -> str:
        return listed(mail.recipients)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Mail], search_term: str
    ) -> tuple[QuerySet[Mail], bool]:
        """Mails by every word of recipient or subject: each by its index."""
        if search_term.strip().startswith("<"):
            return queryset.filter(message_id=search_term.strip()), False
        queryset = queryset.annotate(recipient_text=Cast("recipients", TextField()))
        for word in search_term.split()[:8]:
            queryset = queryset.filter(Q(subject__folds=word) | Q(recipient_text__folds=word) | Q(message_id=word))
        return queryset, False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


REMOVED = {
    Authenticator.Type.TOTP: "mfa/email/totp_deactivated",
    Authenticator.Type.WEBAUTHN: "mfa/email/webauthn_removed",
}

admin.site.unregister(Authenticator)


@admin.register(Authenticator)
class SecondFactorAdmin(admin.ModelAdmin):
    """Second factors of accounts: removed here when somebody has lost theirs; their secrets are shown to nobody."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type",)
    list_select_related = ("user",)
    search_fields = ("user__email",)
    fields = ("user", "type", "created_at", "last_used_at")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def delete_model(self, request: HttpRequest, obj: Authenticator) -> None:
        """Remove the recovery codes with the last factor that they stand in for, and tell the account's owner."""
        super().delete_model(request, obj)
        delete_dangling_recovery_codes(obj.user)
        if obj.type in REMOVED:
            tell_owner(REMOVED[obj.type], obj.user)
