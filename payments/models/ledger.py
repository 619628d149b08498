"""The ledger: double-entry and append-only."""

from django.db import models


class Journal(models.Model):
    """One financial event, whose postings sum to zero. Rows are never updated or deleted."""

    class Kind(models.TextChoices):
        SALE = "sale"
        CAPTURE = "capture"
        REFUND = "refund"
        REFUND_FAILED = "refund_failed"
        CANCEL = "cancel"
        REVERSAL = "reversal", "Part of a sale taken back"
        GOODWILL = "goodwill"
        DISPUTE = "dispute", "Taken away or given back in a dispute"
        DISPUTE_LOST = "dispute_lost"
        GIFT_ISSUED = "gift_issued", "Gift card given"
        GIFT_EXPIRED = "gift_expired", "Gift card expired"
        FEE = "fee", "Fee of Stripe"
        PAYOUT = "payout"
        PAYOUT_FAILED = "payout_failed", "Payout returned"
        SET_ASIDE = "set_aside", "Money without an order"
        EXCHANGE = "exchange", "Exchanged by Stripe"

    kind = models.CharField(max_length=13, choices=Kind.choices)
    provider_ref = models.CharField(
        "reference",
        max_length=255,
        help_text="What the journal records, once for each kind: the ID of a charge or a refund, or an order number.",
    )
    order = models.ForeignKey("orders.Order", on_delete=models.PROTECT, null=True, blank=True, related_name="journals")
    payment = models.ForeignKey(
        "payments.Payment", on_delete=models.PROTECT, null=True, blank=True, related_name="journals"
    )
    currency = models.CharField(max_length=3)
    taxes = models.JSONField(
        default=list,
        help_text="The tax by rate that a sale books. What takes a sale back has negative amounts.",
    )
    is_test = models.BooleanField(
        default=False, db_default=False, help_text="Booked for a test order or in test mode. Reports leave it out."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["kind", "provider_ref"], name="journal_once")]
        indexes = [models.Index(fields=["created_at"], name="journal_time")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.provider_ref}".strip()


class Posting(models.Model):
    """An entry of a journal on one account, in minor units: debits are positive, credits negative."""

    class Account(models.TextChoices):
        STRIPE = "stripe", "Money at Stripe"
        DISPUTED = "disputed", "Held back in disputes"
        DISPUTES = "disputes", "Lost in disputes"
        RECEIVABLE = "receivable", "Owed by shoppers"
        SALES = "sales", "Sales, net"
        SHIPPING = "shipping", "Delivery charged, net"
        TAX = "tax", "Tax to hand on"
        GIFT_CARDS = "gift_cards", "Owed to holders of gift cards"
        GOODWILL = "goodwill", "Given away"
        BREAKAGE = "breakage", "Expired gift cards"
        FEES = "fees", "Fees of Stripe"
        BANK = "bank", "Bank account"
        CASH = "cash", "Cash"
        UNASSIGNED = "unassigned", "Money without an order"
        EXCHANGE = "exchange", "Exchange between currencies"

    journal = models.ForeignKey(Journal, on_delete=models.PROTECT, related_name="postings")
    account = models.CharField(max_length=10, choices=Account.choices)
    amount_minor = models.BigIntegerField()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["journal", "account"], name="posting_account_once")]

    def __str__(self) -> str:
        return self.get_account_display()
