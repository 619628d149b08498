"""Who may give which role. Nobody gives a role that allows more than their own roles do, and one owner always remains."""

from collections.abc import Iterable

from django.contrib.auth.models import Group, Permission
from django.db.models import Q, QuerySet

from accounts.models import Staff, User
from accounts.roles import ROLES

OWNER = "Owner"


class StaffRefused(Exception):
    """A change of staff that is not allowed. The text is for the person who tried."""


def roles() -> list[Group]:
    """All roles, in the order of the table."""
    groups = {group.name: group for group in Group.objects.filter(name__in=ROLES)}
    return [groups[name] for name in ROLES if name in groups]


def roles_of(user: User) -> set[str]:
    """The names of the user's roles. A superuser is an owner."""
    held = {group.name for group in user.groups.all() if group.name in ROLES}
    return held | {OWNER} if user.is_superuser else held


def givable_roles(user: User) -> set[str]:
    """The names of the roles that this user may give and take: those that allow nothing beyond the user's own permissions."""
    if user.is_superuser:
        return set(ROLES)
    own = user.get_all_permissions()
    rows = Permission.objects.filter(group__name__in=ROLES).values_list(
        "group__name", "content_type__app_label", "codename"
    )
    beyond = {role for role, app, codename in rows if f"{app}.{codename}" not in own}
    return set(ROLES) - beyond


def may_manage(user: User, member: User) -> bool:
    """Whether the user may change this member of staff, whose roles must all be ones that the user may give."""
    return roles_of(member) <= givable_roles(user)


def check_change(member: Staff, new_roles: Iterable[str], *, is_active: bool, by: User) -> None:
    """Raise StaffRefused if this change is not allowed. Call it in the transaction that makes the change.

    Locks the role of owners until COMMIT, so that two owners cannot remove each other at the same time.
    """
    new_roles = set(new_roles)
    before = roles_of(User.objects.get(pk=member.pk))
    if beyond := sorted((before ^ new_roles) - givable_roles(by)):
        raise StaffRefused(
            f"You cannot give or take the role {' or '.join(beyond)}, because it allows more than yours."
        )
    Group.objects.select_for_update().get(name=OWNER)
    leaves = OWNER in before and not (OWNER in new_roles and is_active)
    if leaves and not _other_owners(member).exists():
        raise StaffRefused("This is the last owner. Make somebody else an owner first.")


def _other_owners(member: Staff) -> QuerySet[User]:
    is_owner = Q(is_superuser=True) | Q(groups__name=OWNER)
    return User.objects.filter(is_owner, is_staff=True, is_active=True).exclude(pk=member.pk)


def set_roles(member: Staff, new_roles: Iterable[str]) -> None:
    """Give a member of staff exactly these roles. Groups that are no roles stay."""
    new_roles = set(new_roles)
    others = [group for group in member.groups.all() if group.name not in ROLES]
    member.groups.set([*others, *Group.objects.filter(name__in=new_roles)])
    if member.is_superuser and OWNER not in new_roles:
        member.is_superuser = False
        member.save(update_fields=["is_superuser"])
