"""The admin of users: staff and customers."""

from typing import Any

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.http import HttpRequest

from accounts.models import User
from accounts.notices import tell_owner


class NewUserForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("email",)


class ExistingUserForm(UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"


@admin.register(User)
class ShopUserAdmin(UserAdmin):
    form = ExistingUserForm
    add_form = NewUserForm
    ordering = ("email",)
    list_display = ("email", "name", "is_staff", "is_active", "date_joined")
    list_filter = ("is_staff", "is_superuser", "is_active", "groups")
    search_fields = ("email", "name")
    readonly_fields = ("date_joined", "last_login")
    fieldsets = (
        (None, {"fields": ("email", "name", "password")}),
        ("Permissions", {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
        ("Dates", {"fields": ("date_joined", "last_login")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "usable_password", "password1", "password2")}),)

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
