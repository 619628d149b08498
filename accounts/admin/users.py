"""The admin of accounts of customers, and of the groups that promotions are for."""

from typing import Any

from allauth.account.models import EmailAddress
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, AdminUserCreationForm
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.models import User
from accounts.notices import tell_owner
from accounts.roles import ROLES

KEPT = (
    "This account has store credit or other entries that the books need, so it cannot be deleted. "
    "Untick “May log in” to close it."
)


class NewUserForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("email",)


class PasswordForm(AdminPasswordChangeForm):
    """Set or remove the password of an account. Django's texts are HTML and mention other ways to log in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if field := self.fields.get("usable_password"):
            field.label = "Log in with a password"
            field.help_text = "If this is disabled, nobody can log in with a password until staff set one."


class ExistingUserForm(forms.ModelForm):
    """An account of a customer. Its groups are those of customers, because roles are for staff only."""

    class Meta:
        model = User
        fields = ("email", "name", "is_active", "groups")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if groups := self.fields.get("groups"):
            groups.queryset = Group.objects.exclude(name__in=ROLES)  # type: ignore[attr-defined]
            groups.widget = forms.CheckboxSelectMultiple()
            groups.widget.choices = groups.choices  # type: ignore[attr-defined]
            groups.help_text = "For promotions that only some customers get."


class GroupFilter(admin.SimpleListFilter):
    """A filter by group. Django's own also offers accounts without any, and reads all accounts for them."""

    title = "group"
    parameter_name = "group"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(group.pk), group.name) for group in Group.objects.exclude(name__in=ROLES).order_by("name")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        return queryset.filter(groups=int(self.value())) if (self.value() or "").isdecimal() else queryset


@admin.register(User)
class ShopUserAdmin(UserAdmin):
    """Accounts of customers. Staff are on a page of their own."""

    form = ExistingUserForm
    add_form = NewUserForm
    change_password_form = PasswordForm
    ordering = ("email",)
    list_display = ("email", "name", "is_active", "date_joined")
    list_filter = ("is_active", GroupFilter)
    search_fields = ("email", "name")
    readonly_fields = ("date_joined", "last_login")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("email", "name", "is_active", "groups")}),
        ("Dates", {"fields": ("date_joined", "last_login")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "password1", "password2")}),)
    add_form_template = None  # Django's template explains what customers' accounts do not have

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Leave out staff, so that nobody takes over the account of a person with more permissions."""
        return super().get_queryset(request).filter(is_staff=False, is_superuser=False)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Lead back to an account that entries of the books need, and say how to close it instead."""
        user = self.get_object(request, object_id)
        if user and self.has_delete_permission(request, user) and self.get_deleted_objects([user], request)[3]:
            messages.error(request, KEPT)
            return redirect("admin:accounts_user_change", user.pk)
        return super().delete_view(request, object_id, extra_context)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: FBT001  (Django's)
        super().save_model(request, obj, form, change)
        if change and "email" in form.changed_data:
            replace_addresses(obj, form.initial["email"])


def replace_addresses(user: User, old: str) -> None:
    """Remove the account's former e-mail addresses, which could still reset its password, and notify the last one.

    The owner of the new address confirms it by choosing a password through a link sent by e-mail.
    """
    EmailAddress.objects.filter(user=user).delete()
    EmailAddress.objects.create(user=user, email=user.email, primary=True)
    tell_owner("account/email/email_changed", user, {"from_email": old, "to_email": user.email}, old)


class GroupForm(forms.ModelForm):
    class Meta:
        model = Group
        fields = ("name",)

    def clean_name(self) -> str:
        name = self.cleaned_data["name"]
        if name in ROLES:
            raise ValidationError("This is the name of a role. Choose another one.")
        return name


admin.site.unregister(Group)
admin.site.unregister(EmailAddress)


@admin.register(Group)
class CustomerGroupAdmin(admin.ModelAdmin):
    """Groups of customers, for promotions. Roles are not here, because accounts/roles.py says what they may do."""

    form = GroupForm
    search_fields = ("name",)
    ordering = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        return super().get_queryset(request).exclude(name__in=ROLES)


@admin.register(EmailAddress)
class EmailAddressAdmin(admin.ModelAdmin):
    """The addresses of accounts and whether they are confirmed. They change with the account's e-mail address."""

    list_display = ("email", "user", "primary", "verified")
    list_filter = ("primary", "verified")
    list_select_related = ("user",)
    search_fields = ("email", "user__name")
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
