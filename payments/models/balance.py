"""What Stripe says about the money that it holds for the shop: its balance transactions, and payouts to the bank."""

from django.db import models
from django.db.models import F, Q


class Payout(models.Model):
    """A payout from Stripe to the shop's bank account, in minor units. A negative one was taken from the account."""

    class Status(models.TextChoices):
        PENDING = "pending"
        IN_TRANSIT = "in_transit"
        PAID = "paid"
        FAILED = "failed"
        CANCELED = "canceled"

    stripe_id = models.CharField("Stripe ID", max_length=255, unique=True)
    status = models.CharField(max_length=20, choices=Status.choices)
    amount_minor = models.BigIntegerField("amount")
    currency = models.CharField(max_length=3)
    arrives_on = models.DateField()
    failure = models.CharField(max_length=300, blank=True)
    is_itemized = models.BooleanField(
        default=False, help_text="Whether its balance transactions are known. Stripe lists those of automatic payouts."
    )
    created_at = models.DateTimeField(help_text="When Stripe made it.")

    class Meta:
        ordering = ["-created_at", "-id"]
        default_permissions = ("view",)
        indexes = [models.Index(fields=["-created_at"], name="payout_time")]

    def __str__(self) -> str:
        return self.stripe_id

    @property
    def is_returned(self) -> bool:
        """Whether the money is in Stripe's balance again."""
        return self.status in (self.Status.FAILED, self.Status.CANCELED)


class BalanceTransaction(models.Model):
    """A movement of the shop's balance at Stripe, in minor units of the balance's currency. Stripe never changes one."""

    stripe_id = models.CharField("Stripe ID", max_length=255, unique=True)
    type = models.CharField(max_length=60)
    source = models.CharField(
        max_length=255,
        blank=True,
        db_index=True,
        help_text="The charge, refund, dispute or payout that moved the money.",
    )
    amount_minor = models.BigIntegerField("amount")
    fee_minor = models.BigIntegerField("fee", default=0)
    net_minor = models.BigIntegerField("net")
    currency = models.CharField(max_length=3)
    charged_minor = models.BigIntegerField(
        "in the currency of the order",
        null=True,
        blank=True,
        help_text="What the charge, refund or dispute moved in its own currency, if Stripe exchanged it.",
    )
    charged_currency = models.CharField(max_length=3, blank=True)
    exchange_rate = models.DecimalField(max_digits=18, decimal_places=9, null=True, blank=True)
    payment = models.ForeignKey(
        "payments.Payment", on_delete=models.PROTECT, null=True, blank=True, related_name="balance_transactions"
    )
    refund = models.ForeignKey(
        "payments.Refund", on_delete=models.PROTECT, null=True, blank=True, related_name="balance_transactions"
    )
    payout = models.ForeignKey(
        Payout, on_delete=models.PROTECT, null=True, blank=True, related_name="balance_transactions"
    )
    available_on = models.DateTimeField()
    created_at = models.DateTimeField(help_text="When Stripe made it.")

    class Meta:
        ordering = ["-created_at", "-id"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                condition=Q(net_minor=F("amount_minor") - F("fee_minor")), name="balance_transaction_net"
            )
        ]
        indexes = [models.Index(fields=["-created_at"], name="balance_transaction_time")]

    def __str__(self) -> str:
        return self.stripe_id
