"""The outbox and second factors in the admin. Mail bodies are never shown, because they can contain secret links."""

from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.http import HttpRequest

from accounts.notices import tell_owner
from catalog.admin.base import ReadOnly
from catalog.formats import listed
from shop.models import Mail


@admin.register(Mail)
class MailAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("subject", "to", "status", "priority", "attempts", "last_error", "created_at")
    list_filter = ("status", "priority")
    search_fields = ("subject",)
    search_help_text = "Search by recipient, subject or exact message ID."
    fields = (
        *("subject", "sender", "to", "status", "priority", "attempts", "next_try_at", "last_error"),
        *("created_at", "sent_at", "message_id"),
    )
    show_full_result_count = False

    @admin.display(description="to")
    def to(self, mail: Mail) -> str:
        return listed(mail.recipients)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Mail], search_term: str
    ) -> tuple[QuerySet[Mail], bool]:
        """Find mails whose recipient or subject contains every word, by index, or by Message-ID."""
        if search_term.strip().startswith("<"):
            return queryset.filter(message_id=search_term.strip()), False
        queryset = queryset.annotate(recipient_text=Cast("recipients", TextField()))
        for word in search_term.split()[:8]:
            queryset = queryset.filter(Q(subject__folds=word) | Q(recipient_text__folds=word) | Q(message_id=word))
        return queryset, False


REMOVED = {
    Authenticator.Type.TOTP: "mfa/email/totp_deactivated",
    Authenticator.Type.WEBAUTHN: "mfa/email/webauthn_removed",
}

admin.site.unregister(Authenticator)


@admin.register(Authenticator)
class SecondFactorAdmin(ReadOnly, admin.ModelAdmin):
    """Second factors of accounts. Staff can remove a lost one; secrets are never shown."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type",)
    list_select_related = ("user",)
    search_fields = ("user__email",)
    fields = ("user", "type", "created_at", "last_used_at")
    is_deletable = True

    def delete_model(self, request: HttpRequest, obj: Authenticator) -> None:
        """Delete the factor, and the recovery codes with the last one, and e-mail the account's owner."""
        super().delete_model(request, obj)
        left = Authenticator.objects.filter(user=obj.user)
        if not left.exclude(type=Authenticator.Type.RECOVERY_CODES).exists():
            left.delete()
        if obj.type in REMOVED:
            tell_owner(REMOVED[obj.type], obj.user)
