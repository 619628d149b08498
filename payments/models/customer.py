"""Customers at Stripe, who have the cards that shoppers saved there."""

import uuid

from django.conf import settings
from django.db import models


class StripeCustomer(models.Model):
    """The customer at Stripe of an account. Stripe keeps the saved cards; the shop keeps none.

    The row is committed with its key before Stripe is called, so that a lost answer can be requested again. When the
    account is erased, its customer no longer has a user, and a worker deletes it at Stripe and then here.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="stripe_customer",
    )
    stripe_id = models.CharField("Stripe ID", max_length=255, blank=True, default="")
    livemode = models.BooleanField("live mode", default=False)
    email = models.CharField(max_length=254, help_text="The e-mail address that Stripe knows.")
    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.stripe_id
