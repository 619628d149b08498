"""What staff note about a person who orders, with or without an account."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.fields import MailboxField


class Customer(models.Model):
    """Notes and tags about a person, by e-mail address. There is a row only for people about whom staff noted something."""

    email = MailboxField("e-mail address", max_length=254, unique=True)
    tags = ArrayField(
        models.CharField(max_length=40),
        default=list,
        blank=True,
        help_text="Separate them by commas: trade, press. Only staff see them.",
    )
    note = models.TextField(max_length=4000, blank=True, help_text="Only staff see it.")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        default_permissions = ("view", "change")

    def __str__(self) -> str:
        return self.email
