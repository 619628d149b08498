"""Carts, their lines, and drafts of the checkout form."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from orders.models.gift_card import GiftDetails


class Cart(models.Model):
    """A cart, found by the token in the shopper's cookie or by the user. An ordered cart only leads to its order."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    token = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="carts"
    )
    market = models.CharField(max_length=16, default="main")
    currency = models.CharField(max_length=3)
    country = models.CharField(max_length=2, blank=True, help_text="The country of delivery, if the shopper chose one.")
    codes = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    gift_cards = models.ManyToManyField("orders.GiftCard", blank=True, related_name="+")
    note = models.CharField(max_length=500, blank=True)
    gift_message = models.CharField(max_length=500, blank=True)
    version = models.PositiveIntegerField(default=1, help_text="Increases with every change of the lines.")
    ordered_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user"], condition=Q(ordered_at=None), name="cart_one_open_per_user")
        ]
        indexes = [models.Index(fields=["created_at"], name="cart_started")]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def is_open(self) -> bool:
        return self.ordered_at is None


class CartLine(GiftDetails):
    """A quantity of one variant. Prices are not stored here.

    A removed line is kept for a while, so that the shopper can restore it. Gift cards with different gift details are
    separate lines: `personal_key` is a digest of the details, and empty for all other lines.
    """

    class State(models.TextChoices):
        ACTIVE = "active"
        SAVED = "saved", "Saved for later"
        REMOVED = "removed"

    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, related_name="lines")
    variant = models.ForeignKey("catalog.Variant", on_delete=models.CASCADE, related_name="+")
    quantity = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=7, choices=State.choices, default=State.ACTIVE)
    seen_minor = models.BigIntegerField(null=True, blank=True, help_text="The unit price when the line was added.")
    personal_key = models.CharField(max_length=64, blank=True, db_default="", default="", editable=False)
    asked_quantity = models.PositiveIntegerField(
        null=True, blank=True, help_text="The quantity that the shopper asked for, if fewer units were available."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["cart", "variant", "personal_key"], name="cart_line_variant"),
            models.CheckConstraint(condition=Q(quantity__range=(1, 99)), name="cart_line_quantity"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.variant_id}"


class CheckoutDraft(models.Model):
    """What the shopper typed at the checkout, kept until the order is paid. Deleted with the cart."""

    cart = models.OneToOneField(Cart, on_delete=models.CASCADE, related_name="draft", primary_key=True)
    fields = models.JSONField(default=dict)
    told_customer = models.CharField(
        max_length=64,
        blank=True,
        help_text="A digest of the e-mail address whose limits the shopper was told about when an order was refused.",
    )
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"Draft of cart {self.cart_id}"
