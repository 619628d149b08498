"""The history of orders."""

from django.conf import settings
from django.db import models


class OrderEvent(models.Model):
    """An event in an order's history. Rows are never deleted, and never updated except to remove personal data.

    A change by staff has the values before and after it in `changes`. Only these, and the text of a note, can be emptied.
    """

    class Kind(models.TextChoices):
        PLACED = "placed"
        CONFIRMED = "confirmed"
        SHIPPED = "shipped"
        COMPLETED = "completed"
        CANCELED = "canceled"
        PAYMENT = "payment"
        NOTE = "note"
        EDITED = "edited"
        MAIL = "mail", "E-mail"

    order = models.ForeignKey("orders.Order", on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    text = models.CharField(max_length=300)
    changes = models.JSONField(
        default=list, db_default=[], blank=True, help_text="What was changed: label, value before and value after."
    )
    key = models.UUIDField(
        null=True, unique=True, editable=False, help_text="From the form of staff. The same form sent twice acts once."
    )
    is_public = models.BooleanField(
        "visible to the customer", default=False, help_text="Whether the customer sees it on the order's page."
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(  # the history of the whole shop
                fields=["-created_at", "-id"], condition=models.Q(user__isnull=False), name="order_event_of_staff"
            )
        ]

    def __str__(self) -> str:
        return self.text
