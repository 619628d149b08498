"""Invitations for staff: sent by e-mail, valid once and for three days, and revocable."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import timedelta

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.emails import account_mail
from accounts.links import shop_link
from accounts.mailboxes import normalize_mailbox
from accounts.models import Invitation, Staff, User
from accounts.staff import StaffRefused, givable_roles

VALID_FOR = timedelta(days=3)
PAUSE = timedelta(minutes=5)  # before an invitation is sent again


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def invite(email: str, roles: Iterable[Group], *, by: User) -> Invitation:
    """Send an invitation with these roles. It replaces an earlier one to the same address. Raises StaffRefused."""
    roles, email = list(roles), normalize_mailbox(email)
    _check_roles(by, [role.name for role in roles])
    if User.objects.filter(email=email, is_staff=True).exists():
        raise StaffRefused("This person is staff already. Change the roles on their page.")
    revoke(Invitation.objects.filter(email=email))
    now = timezone.now()
    invitation = Invitation.objects.create(
        email=email, invited_by=by, sent_at=now, expires_at=now, secret_hash=_hash(secrets.token_urlsafe())
    )
    invitation.roles.set(roles)
    send(invitation)
    return invitation


def _check_roles(by: User, names: Iterable[str]) -> None:
    if not by.is_active or not by.has_perm("accounts.add_staff"):
        raise StaffRefused("You cannot invite staff.")
    if beyond := sorted(set(names) - givable_roles(by)):
        raise StaffRefused(f"You cannot give the role {' or '.join(beyond)}, because it allows more than yours.")


@transaction.atomic
def send(invitation: Invitation) -> None:
    """Send the invitation with a new link, which replaces the former one. Raises StaffRefused if it is not open."""
    secret, now = secrets.token_urlsafe(32), timezone.now()
    is_open = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None).update(
        secret_hash=_hash(secret), sent_at=now, expires_at=now + VALID_FOR
    )
    if not is_open:
        raise StaffRefused("This invitation was accepted or taken back.")
    url = shop_link(reverse("account_invitation", args=[secret]))
    context = {"inviter": invitation.invited_by.get_full_name(), "invitation_url": url}
    account_mail("account/email/staff_invitation", invitation.email, context).send()


@transaction.atomic
def send_again(invitation: Invitation) -> None:
    """Send an open invitation again, with a new link. Raises StaffRefused if it was sent within the last minutes."""
    locked = Invitation.objects.select_for_update(of=("self",)).select_related("invited_by").get(pk=invitation.pk)
    if timezone.now() - locked.sent_at < PAUSE:
        minutes = int(PAUSE.total_seconds() // 60)
        raise StaffRefused(
            f"The invitation was just sent to {locked.email}. You can send it again {minutes} minutes after that."
        )
    send(locked)


def revoke(invitations: QuerySet[Invitation]) -> int:
    """Take back those of the invitations that are open, and return their number."""
    return invitations.filter(accepted_at=None, revoked_at=None).update(revoked_at=timezone.now())


def usable_invitation(secret: str) -> Invitation | None:
    """The invitation that a link was sent for, or None if the link was used, replaced, taken back or is too old."""
    usable = Invitation.objects.filter(accepted_at=None, revoked_at=None, expires_at__gt=timezone.now())
    return usable.select_related("invited_by").filter(secret_hash=_hash(secret)).first()


@transaction.atomic
def accept(secret: str, *, password: str, name: str) -> User | None:
    """Make the person who holds the link staff, with this password. Returns None if the link cannot be used any more.

    Somebody with a customer account keeps it, with the new password and without its second factors and other addresses:
    the link proves who owns the mailbox, not who added a passkey before. Raises StaffRefused if the inviter may no longer
    give these roles, or if the person has become staff meanwhile, whose second factor the link must not replace.
    """
    found = usable_invitation(secret)
    invitation = Invitation.objects.select_for_update().filter(pk=found.pk).first() if found else None
    if invitation is None or not invitation.is_open or invitation.secret_hash != _hash(secret):
        return None
    roles = list(invitation.roles.all())
    _check_roles(invitation.invited_by, [role.name for role in roles])
    if User.objects.filter(email=invitation.email, is_staff=True).exists():
        raise StaffRefused("This person is staff already. Log in, and ask the owner for further roles.")
    user, _ = Staff.objects.get_or_create(email=invitation.email)
    user.name = name or user.name
    user.is_staff = user.is_active = True
    user.set_password(password)
    user.save()
    Authenticator.objects.filter(user_id=user.pk).delete()
    EmailAddress.objects.filter(user_id=user.pk).exclude(email=user.email).delete()
    user.groups.add(*roles)
    EmailAddress.objects.update_or_create(
        user_id=user.pk, email=user.email, defaults={"verified": True, "primary": True}
    )
    invitation.accepted_at = timezone.now()
    invitation.save(update_fields=["accepted_at"])
    return User.objects.get(pk=user.pk)
