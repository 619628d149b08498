"""Erase what the shop keeps about a person besides orders, which the law requires it to keep."""

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from accounts.mailboxes import normalize_mailbox
from catalog.models import StockAlert
from orders.cart.drafts import erase_drafts
from orders.models import Customer


@transaction.atomic
def erase_person(email: str) -> list[str]:
    """Delete notes and tags with their history, checkout drafts and stock alerts of the address; return what was found.

    An account is deleted in the admin, which calls this.
    """
    mailbox = normalize_mailbox(email)
    drafts, found = erase_drafts(mailbox), []
    alerts = StockAlert.objects.filter(email__iexact=mailbox).delete()[0]
    for record in Customer.objects.filter(email=mailbox):
        history = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(Customer))
        history.filter(object_id=str(record.pk)).delete()  # it has the notes and tags from before each change
        record.delete()
        found.append("notes and tags")
    return [*found, *(["checkout drafts"] if drafts else []), *(["stock alerts"] if alerts else [])]
