"""Ways to pay without the payment provider: what shoppers are told, and the money that staff received."""

import uuid

from django.conf import settings
from django.contrib.auth.models import Group
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from catalog.markets import market_of


class OfflineMethod(models.Model):
    """An offline payment method. The three rows are created after the first migrate, all switched off."""

    class Code(models.TextChoices):
        TRANSFER = "transfer", "Bank transfer"
        INVOICE = "invoice", "Invoice"
        PICKUP = "pickup", "Cash at pick-up"

    code = models.CharField("kind", max_length=8, choices=Code.choices, unique=True, editable=False)
    is_on = models.BooleanField("offered at the checkout", default=False)
    name = models.CharField(max_length=60, help_text="As shoppers read it.")
    description = models.CharField(max_length=200, blank=True, help_text="One sentence beside the choice.")
    instructions = models.TextField(
        max_length=1000,
        blank=True,
        help_text="How to pay, such as the bank account. The amount, the day and the order number are shown with it.",
    )
    due_days = models.PositiveSmallIntegerField(
        "days to pay", default=14, validators=[MinValueValidator(1), MaxValueValidator(90)]
    )
    reminder_days = models.PositiveSmallIntegerField(
        "days from the reminder to the due day",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(60)],
        help_text="Empty: no reminder is sent.",
    )
    markets = ArrayField(
        models.CharField(max_length=16), default=list, blank=True, help_text="Empty: offered in all markets."
    )
    groups = models.ManyToManyField(
        Group,
        blank=True,
        related_name="+",
        verbose_name="customer groups",
        help_text="Only signed-in customers of these groups can choose it. An invoice needs at least one.",
    )
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        default_permissions = ("view", "change")
        verbose_name = "payment method"

    def __str__(self) -> str:
        return self.name or self.get_code_display()

    @property
    def confirms_at_once(self) -> bool:
        """Whether an order is confirmed before it is paid, because both sides agreed on that."""
        return self.code != self.Code.TRANSFER

    @property
    def needs_group(self) -> bool:
        """Whether only customers of certain groups may choose it."""
        return self.code == self.Code.INVOICE


class OfflineText(models.Model):
    """What a way to pay is called in one market. An empty text falls back to that of the method."""

    method = models.ForeignKey(OfflineMethod, on_delete=models.CASCADE, related_name="texts")
    market = models.CharField(max_length=16)
    name = models.CharField(max_length=60, blank=True)
    description = models.CharField(max_length=200, blank=True)
    instructions = models.TextField(max_length=1000, blank=True)

    class Meta:
        ordering = ["market"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["method", "market"], name="offline_text_market")]

    def __str__(self) -> str:
        return market_of(self.market).name


class MoneyAccount(models.TextChoices):
    """Where money that staff receive or send is. The values are accounts of the books."""

    BANK = "bank", "Bank account"
    CASH = "cash", "Cash"


class ReceivedMoney(models.Model):
    """Money for a payment that staff have seen on the bank account or in the till. Rows are never changed or deleted."""

    payment = models.ForeignKey("payments.Payment", on_delete=models.PROTECT, related_name="received")
    amount_minor = models.BigIntegerField()
    received_on = models.DateField()
    reference = models.CharField(max_length=100, blank=True, help_text="As shown on the bank statement.")
    account = models.CharField(max_length=4, choices=MoneyAccount.choices)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_constraint=False
    )
    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        default_permissions = ("view",)
        verbose_name = "received money"
        verbose_name_plural = "received money"
        constraints = [models.CheckConstraint(condition=Q(amount_minor__gt=0), name="received_positive")]

    def __str__(self) -> str:
        return f"{self.get_account_display()}, {self.received_on}"
