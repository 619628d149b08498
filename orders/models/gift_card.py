"""Gift cards and store credit: money that the shop owes to the holder of the code or the user."""

import uuid

from babel.dates import format_date
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.fields import MailboxField


class GiftDetails(models.Model):
    """The gift details of a bought gift card. All may be empty; then the buyer gets the code."""

    recipient_name = models.CharField(max_length=100, blank=True, db_default="", default="")
    recipient_email = MailboxField(max_length=254, blank=True, db_default="", default="")
    sender_name = models.CharField(max_length=100, blank=True, db_default="", default="")
    gift_text = models.CharField(max_length=500, blank=True, db_default="", default="")
    send_on = models.DateField(
        null=True, blank=True, help_text="The day on which the gift card is sent. Empty: as soon as it is paid."
    )

    class Meta:
        abstract = True

    @property
    def gift_note(self) -> str:
        """A sentence about the recipient and the date; empty if the buyer gets the code at once."""
        who = f"For {self.recipient_name}" if self.recipient_name else ""
        if not self.recipient_email:
            return f"{who}, sent to you by e-mail" if who else ""
        when = f" on {format_date(self.send_on, 'd MMMM y', locale='en')}" if self.send_on else ""
        return f"{who or 'Sent'} by e-mail to {self.recipient_email}{when}"


class GiftCard(models.Model):
    """A gift card or store credit with a balance in minor units.

    Only a digest of the code is stored; store credit has a user instead of a code. `balance_minor` is the sum of the
    movements and written by orders/gift_cards.py only.
    """

    class Kind(models.TextChoices):
        CARD = "card", "Gift card"
        CREDIT = "credit", "Store credit"

    kind = models.CharField(max_length=6, choices=Kind.choices, default=Kind.CARD)
    code_hash = models.CharField(max_length=64, unique=True, null=True, blank=True, editable=False)  # noqa: DJ001  (unique where there is one)
    last_characters = models.CharField(max_length=4, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="store_credit"
    )
    currency = models.CharField(max_length=3)
    initial_minor = models.BigIntegerField()
    balance_minor = models.BigIntegerField(default=0)
    expires_at = models.DateTimeField(null=True, blank=True)
    is_active = models.BooleanField(default=True)
    is_test = models.BooleanField(
        "for tests",
        default=False,
        db_default=False,
        editable=False,
        help_text="Whether it was issued in test mode. Such a card pays test orders only, and other cards never do.",
    )
    order_line = models.ForeignKey(
        "orders.OrderLine", on_delete=models.PROTECT, null=True, blank=True, related_name="gift_cards"
    )
    serial = models.PositiveIntegerField(default=1, help_text="Which unit of the order line this card is.")
    note = models.CharField(max_length=200, blank=True)
    sent_at = models.DateTimeField(
        null=True, blank=True, help_text="When the code was e-mailed. Until then, nobody knows the code."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        permissions = [("issue_giftcard", "Can issue gift cards and store credit")]
        constraints = [
            models.CheckConstraint(
                condition=Q(initial_minor__gt=0, balance_minor__gte=0, balance_minor__lte=F("initial_minor")),
                name="gift_card_balance",
            ),
            models.CheckConstraint(
                condition=Q(kind="card", code_hash__isnull=False) | Q(kind="credit", user__isnull=False),
                name="gift_card_has_holder",
            ),
            models.UniqueConstraint(fields=["order_line", "serial"], name="gift_card_line_serial"),
        ]
        indexes = [
            models.Index(
                fields=["order_line"],
                name="gift_card_unsent",
                condition=Q(sent_at=None, is_active=True, order_line__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"Gift card ending in {self.last_characters}" if self.kind == self.Kind.CARD else "Store credit"


class GiftCardMovement(models.Model):
    """One change of a gift card's balance. Rows are never updated or deleted."""

    class Kind(models.TextChoices):
        ISSUED = "issued"
        REDEEMED = "redeemed"
        RELEASED = "released", "Released: the order was not paid"
        REFUNDED = "refunded"
        EXPIRED = "expired"
        VOIDED = "voided", "Voided: its own order was canceled"

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    card = models.ForeignKey(GiftCard, on_delete=models.PROTECT, related_name="movements")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    amount_minor = models.BigIntegerField(help_text="Positive amounts increase the balance.")
    order = models.ForeignKey(
        "orders.Order", on_delete=models.PROTECT, null=True, blank=True, related_name="gift_card_movements"
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

    def __str__(self) -> str:
        return self.get_kind_display()
