"""The version of the rules that prices depend on."""

import uuid

from django.contrib.postgres.functions import RandomUUID
from django.db import models


class RulesMark(models.Model):
    """A random id, written when a pricing rule changes. The set of all marks is the version of the rules (decision 33).

    Only triggers write marks: each change of a rule deletes the marks that no other transaction is deleting, and adds one.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False)

    class Meta:
        default_permissions = ()  # no page shows marks

    def __str__(self) -> str:
        return str(self.id)
