"""The inbox of Stripe events."""

from django.db import models
from django.db.models import Q


class StripeEvent(models.Model):
    """A signed event from Stripe, stored once. It is only a hint: the worker asks Stripe for the current state."""

    class Status(models.TextChoices):
        NEW = "new"
        DONE = "done"
        IGNORED = "ignored"
        FAILED = "failed"

    stripe_id = models.CharField("Stripe ID", max_length=255, unique=True)
    type = models.CharField(max_length=100)
    account = models.CharField(max_length=255, blank=True)
    livemode = models.BooleanField("live mode")
    object_id = models.CharField("object ID", max_length=255, blank=True, db_index=True)
    body = models.TextField(blank=True, help_text="As received from Stripe. Deleted after 90 days.")
    status = models.CharField(max_length=7, choices=Status.choices, default=Status.NEW)
    attempts = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField()
    last_error = models.CharField(max_length=300, blank=True)
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "Stripe event"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["next_try_at"], name="event_waiting", condition=Q(status="new")),
            models.Index(fields=["received_at"], name="event_failed", condition=Q(status="failed")),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.stripe_id}"
