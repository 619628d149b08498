"""The admin of staff: the list with invitations, roles as checkboxes, and inviting somebody."""

from typing import Any

from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from accounts.forms import mailbox_field
from accounts.invitations import invite, revoke, send_again
from accounts.models import Invitation, Staff
from accounts.roles import ROLES, SUMMARIES
from accounts.staff import StaffRefused, check_change, givable_roles, may_manage, roles_of, set_roles

FACTORS = {Authenticator.Type.TOTP: "App", Authenticator.Type.WEBAUTHN: "Passkey"}


class RolesField(forms.ModelMultipleChoiceField):
    """The roles as checkboxes, each with what it may do."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, **options: Any) -> None:
        super().__init__(Group.objects.filter(name__in=ROLES), **options)

    def label_from_instance(self, role: Group) -> str:
        return f"{role.name}: {SUMMARIES[role.name]}"


class StaffForm(forms.ModelForm):
    """A member of staff with the roles. `by` is the person who edits."""

    by: Any = None
    roles = RolesField(required=False)

    class Meta:
        model = Staff
        fields = ("name", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "roles" in self.fields:
            self.initial["roles"] = list(Group.objects.filter(name__in=roles_of(self.instance)))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "roles" in cleaned:
            names = [role.name for role in cleaned["roles"]]
            try:
                check_change(self.instance, names, is_active=cleaned.get("is_active", False), by=self.by)
            except StaffRefused as refused:
                self.add_error("roles", str(refused))
        return cleaned


class InvitationForm(forms.Form):
    """Whom to invite, and with which roles. Only roles that the person who invites may give are offered."""

    email = mailbox_field("E-mail address of the new person")
    roles = RolesField(error_messages={"required": "Choose at least one role."})

    def __init__(self, *args: Any, givable: set[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["roles"].queryset = Group.objects.filter(name__in=givable)  # type: ignore[attr-defined]
        self.fields["email"].error_messages["required"] = "Enter the e-mail address of the new person."


@admin.register(Staff)
class StaffAdmin(admin.ModelAdmin):
    """Staff are invited, not added. They leave by losing the permission to log in, because the history names them."""

    form = StaffForm
    list_display = ("person", "role_names", "second_factor", "last_login", "is_active")
    search_fields = ("name", "email")
    ordering = ("-is_active", "name", "email")
    fields = ("email", "name", "roles", "is_active")
    readonly_fields = ("email",)
    change_list_template = "admin/accounts/staff/change_list.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("invitation/<int:pk>/send/", view(require_POST(self.send_again)), name="accounts_staff_send"),
            path("invitation/<int:pk>/revoke/", view(require_POST(self.take_back)), name="accounts_staff_revoke"),
        ]
        return own + super().get_urls()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Staff]:
        return super().get_queryset(request).filter(is_staff=True).prefetch_related("groups", "authenticator_set")

    def has_change_permission(self, request: HttpRequest, obj: Staff | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or may_manage(request.user, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Staff | None = None) -> bool:
        return False

    @admin.display(description="person", ordering="name")
    def person(self, member: Staff) -> SafeString:
        return format_html("{}<br><small>{}</small>", member.get_full_name(), member.email)

    @admin.display(description="roles")
    def role_names(self, member: Staff) -> str:
        held = roles_of(member)
        return ", ".join(name for name in ROLES if name in held) or "none"

    @admin.display(description="second factor")
    def second_factor(self, member: Staff) -> SafeString:
        kinds = {factor.type for factor in member.authenticator_set.all()}
        names = " and ".join(label for kind, label in FACTORS.items() if kind in kinds)
        return format_html('<span class="badge {}">{}</span>', "ok" if names else "bad", names or "Missing")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002
        form = super().get_form(request, obj, change=change, **kwargs)
        form.by = request.user
        return form

    def save_model(self, request: HttpRequest, obj: Staff, form: Any, change: bool) -> None:  # noqa: FBT001
        """Save the person and the roles. Losing the permission to log in ends all sessions."""
        if "is_active" in form.changed_data and not obj.is_active:
            obj.login_generation += 1
        super().save_model(request, obj, form, change)
        if "roles" in form.cleaned_data:
            set_roles(obj, [role.name for role in form.cleaned_data["roles"]])

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        invitations = Invitation.objects.filter(accepted_at=None, revoked_at=None)
        context = {
            "title": "Staff and roles",
            "invitations": invitations.select_related("invited_by").prefetch_related("roles"),
            "roles": [(name, SUMMARIES[name]) for name in ROLES],
            "may_invite": self.has_add_permission(request),
        }
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Invite somebody by e-mail."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = InvitationForm(request.POST or None, givable=givable_roles(request.user))
        if request.method == "POST" and form.is_valid():
            former = Invitation.objects.filter(email=form.cleaned_data["email"], accepted_at=None, revoked_at=None)
            replaced = " The former invitation no longer works." if former.exists() else ""
            try:
                invitation = invite(form.cleaned_data["email"], form.cleaned_data["roles"], by=request.user)
            except StaffRefused as refused:
                form.add_error("email", str(refused))
            else:
                self._record(
                    request, invitation, "Invited, with the roles " + ", ".join(map(str, invitation.roles.all()))
                )
                messages.success(request, f"The invitation was sent to {invitation.email}.{replaced}")
                return redirect("admin:accounts_staff_changelist")
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Invite somebody",
            "form": form,
            "button": "Send the invitation",
        }
        status = 422 if form.errors else 200
        return TemplateResponse(request, "admin/catalog/plain_form.html", context, status=status)

    def send_again(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Send an open invitation again, with a new link."""
        invitation = self._open_invitation(request, pk)
        try:
            send_again(invitation)
        except StaffRefused as refused:
            messages.error(request, str(refused))
        else:
            self._record(request, invitation, "Sent again.")
            messages.success(
                request, f"The invitation was sent to {invitation.email} again. The former link no longer works."
            )
        return redirect("admin:accounts_staff_changelist")

    def take_back(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Take back an open invitation."""
        invitation = self._open_invitation(request, pk)
        revoke(Invitation.objects.filter(pk=invitation.pk))
        self._record(request, invitation, "Taken back.")
        messages.success(request, f"The invitation of {invitation.email} was taken back.")
        return redirect("admin:accounts_staff_changelist")

    def _open_invitation(self, request: HttpRequest, pk: int) -> Invitation:
        if not self.has_add_permission(request):
            raise PermissionDenied
        return get_object_or_404(Invitation, pk=pk, accepted_at=None, revoked_at=None)

    def _record(self, request: HttpRequest, invitation: Invitation, sentence: str) -> None:
        LogEntry.objects.log_actions(request.user.pk, [invitation], CHANGE, sentence, single_object=True)


@admin.register(Invitation)
class InvitationAdmin(admin.ModelAdmin):
    """All invitations, for the record. The page of staff shows those that wait."""

    list_display = ("email", "invited_by", "sent_at", "expires_at", "accepted_at", "revoked_at")
    list_select_related = ("invited_by",)
    search_fields = ("email",)
    fields = ("email", "roles", "invited_by", "created_at", "sent_at", "expires_at", "accepted_at", "revoked_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
