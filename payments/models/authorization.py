"""What Stripe is asked to do with an authorized payment: capture an amount, or release all of it."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class AuthorizationRequest(models.Model):
    """One thing to do with an authorized payment. The row is written before Stripe is called with its key.

    A capture can have a parcel, which is recorded as shipped once the money is there, and units that will not be sent,
    which are taken back of the sale then. Stripe captures a payment once and releases the rest.
    """

    class Action(models.TextChoices):
        CAPTURE = "capture"
        RELEASE = "release"

    class Status(models.TextChoices):
        REQUESTED = "requested"
        DONE = "done"
        REFUSED = "refused"

    payment = models.ForeignKey("payments.Payment", on_delete=models.PROTECT, related_name="authorization_requests")
    action = models.CharField(max_length=7, choices=Action.choices)
    amount_minor = models.BigIntegerField(default=0)
    reason = models.CharField(max_length=100, blank=True)
    parcel = models.JSONField(
        default=dict,
        blank=True,
        help_text="The quantities by order line, the carrier and the tracking; empty without one.",
    )
    parcel_key = models.UUIDField(null=True, blank=True, editable=False, help_text="Of the form that ships the parcel.")
    dropped = models.JSONField(
        default=list, blank=True, help_text="Order lines and how many of their units are not sent."
    )
    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    key_attempt = models.PositiveIntegerField(default=0, editable=False)
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.REQUESTED)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        help_text="Empty: the shop's own rule asked for it.",
    )
    attempts = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(default=timezone.now)
    last_error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        default_permissions = ()
        permissions = [("capture_order", "Can charge and release authorized payments")]
        constraints = [
            models.UniqueConstraint(
                fields=["payment"], condition=Q(status="requested"), name="authorization_one_request"
            ),
            models.CheckConstraint(
                condition=Q(action="capture", amount_minor__gt=0) | Q(action="release", amount_minor=0),
                name="authorization_request_amount",
            ),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], name="authorization_unsettled", condition=Q(status="requested")),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} {self.get_status_display()}"

    @property
    def is_open(self) -> bool:
        return self.status == self.Status.REQUESTED

    @property
    def is_capture(self) -> bool:
        return self.action == self.Action.CAPTURE

    @property
    def idempotency_key(self) -> str:
        """The key of the next request to Stripe. It changes after each failure, which Stripe would repeat."""
        return f"{self.key}-{self.key_attempt}" if self.key_attempt else str(self.key)
