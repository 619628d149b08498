"""Disputes: shoppers who ask their bank to take a payment back."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class Dispute(models.Model):
    """A dispute of a payment, as Stripe reports it. Amounts are in minor units.

    While it is open or lost, Stripe has taken the amount away (`withdrawn_minor`); an inquiry takes nothing.
    """

    class Status(models.TextChoices):
        """Stripe's names: https://docs.stripe.com/api/disputes/object#dispute_object-status"""

        INQUIRY = "warning_needs_response", "Inquiry: answer it"
        INQUIRY_REVIEW = "warning_under_review", "Inquiry: with the bank"
        INQUIRY_CLOSED = "warning_closed", "Inquiry closed"
        NEEDS_RESPONSE = "needs_response", "Answer it"
        UNDER_REVIEW = "under_review", "With the bank"
        WON = "won"
        LOST = "lost"
        PREVENTED = "prevented"

    OPEN = (Status.INQUIRY, Status.INQUIRY_REVIEW, Status.NEEDS_RESPONSE, Status.UNDER_REVIEW)
    TO_ANSWER = (Status.INQUIRY, Status.NEEDS_RESPONSE)

    stripe_id = models.CharField("Stripe ID", max_length=255, unique=True)
    payment = models.ForeignKey("payments.Payment", on_delete=models.PROTECT, related_name="disputes")
    status = models.CharField(max_length=32, choices=Status.choices)
    reason = models.CharField(max_length=60, blank=True, help_text="As the bank gives it, like fraudulent.")
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField("amount")
    withdrawn_minor = models.BigIntegerField("taken away by Stripe", default=0)
    answer_by = models.DateTimeField(null=True, blank=True, help_text="The last moment for evidence.")
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
    )
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        default_permissions = ("view",)
        permissions = [("answer_dispute", "Can answer disputes")]
        constraints = [
            models.CheckConstraint(name="dispute_amounts", condition=Q(amount_minor__gt=0, withdrawn_minor__gte=0))
        ]
        indexes = [
            models.Index(
                fields=["answer_by"],
                name="dispute_to_answer",
                condition=Q(status__in=["warning_needs_response", "needs_response"]),
            )
        ]

    def __str__(self) -> str:
        return f"Dispute {self.get_status_display()}"

    @property
    def is_open(self) -> bool:
        return self.status in self.OPEN

    @property
    def is_to_answer(self) -> bool:
        return self.status in self.TO_ANSWER
