"""Users, their addresses and devices, and the counters of login failures and throttling."""

from typing import Any

from django.apps import apps
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import Group, Permission, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.functional import cached_property

from accounts.address_formats import PARTS, address_format
from accounts.fields import MailboxField
from accounts.mailboxes import normalize_mailbox


class UserManager(BaseUserManager["User"]):
    """Creates users with normalized e-mail addresses."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=normalize_mailbox(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create a superuser with a confirmed address.

        No confirmation is needed from somebody who can run commands on the server, where e-mail may not work yet.
        """
        user = self.create_user(email, password, **{"is_staff": True, "is_superuser": True, **fields})
        addresses = apps.get_model("account", "EmailAddress").objects.using(self._db)
        addresses.create(user=user, email=user.email, verified=True, primary=True)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=username or "")


class User(AbstractBaseUser, PermissionsMixin):
    """A person who can log in with an e-mail address. There is one user per mailbox."""

    email = MailboxField("e-mail address", max_length=254, unique=True)
    name = models.CharField("full name", max_length=150, blank=True)
    is_staff = models.BooleanField("may open the admin", default=False)
    is_active = models.BooleanField("may log in", default=True)
    date_joined = models.DateTimeField(default=timezone.now, editable=False)
    login_generation = models.PositiveIntegerField(
        default=0, editable=False, help_text="Sessions of an earlier generation have ended."
    )

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: list[str] = []
    objects = UserManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="user_email_unique",
                violation_error_message="There is already an account with this address.",
            )
        ]
        indexes = [models.Index(fields=["-date_joined", "-id"], name="user_newest")]

    def __str__(self) -> str:
        return self.email

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """End sessions when the password changes, as Django does, and when `login_generation` changes."""
        base = super()._get_session_auth_hash(secret=secret)  # type: ignore[misc]
        return f"{base}.{self.login_generation}" if self.login_generation else base

    @cached_property
    def _perm_cache(self) -> set[str]:
        """The permissions of this person and of all roles, with one query, where Django would read each apart.

        Django's backend fills an attribute of this name, and uses what it finds there.
        """
        own, by_role = Permission.objects.filter(user=self), Permission.objects.filter(group__user=self)
        rows = Permission.objects.order_by() if self.is_superuser else own.order_by().union(by_role.order_by())
        names = rows.values_list("content_type__app_label", "codename")
        return {f"{app}.{codename}" for app, codename in names}

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name.partition(" ")[0] or self.email


class Staff(User):
    """A user who may open the admin. What each may do follows from the roles."""

    class Meta:
        proxy = True
        verbose_name = "staff member"
        verbose_name_plural = "staff"
        default_permissions = ("add", "change", "view")

    objects = UserManager()


class Invitation(models.Model):
    """An invitation to become staff, sent by e-mail. Only a hash of its secret is stored. Written by accounts/invitations.py."""

    email = MailboxField("e-mail address", max_length=254)
    roles = models.ManyToManyField(Group, related_name="+")
    secret_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                condition=models.Q(accepted_at=None, revoked_at=None),
                name="invitation_open_once",
                violation_error_message="This address has an invitation already.",
            )
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def is_open(self) -> bool:
        return self.accepted_at is None and self.revoked_at is None

    @property
    def has_expired(self) -> bool:
        return self.is_open and self.expires_at <= timezone.now()


class Address(models.Model):
    """A postal address in a customer's address book. One address is the default."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="addresses")
    name = models.CharField("full name", max_length=150)
    company = models.CharField(max_length=150, blank=True)
    line1 = models.CharField("street and number", max_length=200)
    line2 = models.CharField("flat, building or company", max_length=200, blank=True)
    postcode = models.CharField(max_length=20, blank=True)
    city = models.CharField("town or city", max_length=100, blank=True)
    state = models.CharField(
        max_length=60,
        blank=True,
        default="",
        db_default="",
        help_text="State, province, county or emirate, as a label prints it.",
    )
    country = models.CharField(max_length=2)
    phone = models.CharField(max_length=40, blank=True)
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-is_default", "-id"]
        verbose_name_plural = "addresses"
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=models.Q(is_default=True), name="address_one_default_per_user"
            )
        ]

    def __str__(self) -> str:
        return ", ".join(self.printed_lines)

    @property
    def printed_lines(self) -> list[str]:
        """The lines of a label, without the country."""
        return address_format(self.country).printed({part: getattr(self, part) for part in PARTS})


class KnownDevice(models.Model):
    """A browser and network that an account was used from. Only a hash of them is stored."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="known_devices")
    key = models.CharField(max_length=64)
    seen_at = models.DateTimeField(auto_now=True, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="known_device_once")]

    def __str__(self) -> str:
        return f"device of {self.user_id}"


class LoginFailures(models.Model):
    """The failed logins to one account from one network, and the end of the delay."""

    key = models.CharField(max_length=64, primary_key=True)
    failures = models.PositiveIntegerField(default=0)
    blocked_until = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.failures} failures"


class ThrottleCounter(models.Model):
    """The number of actions under one key within one time window."""

    key = models.CharField(max_length=200)
    window_start = models.DateTimeField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "window_start"], name="throttle_key_window")]
        indexes = [models.Index(fields=["window_start"])]

    def __str__(self) -> str:
        return f"{self.key}: {self.count}"


class Turn(models.Model):
    """A lock on something that an account may do only once at a time. It expires at `held_until`."""

    key = models.CharField(max_length=64, primary_key=True)
    held_until = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.key
