"""The outbox: e-mails are stored in the caller's transaction and delivered by a worker, at least once."""

import email
import email.message
import email.policy
import logging
import smtplib
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from catalog.emails import KEEP_HEADER, PRIORITY_HEADER, Priority
from shop.celery import wake_on_commit
from shop.models import Mail

log = logging.getLogger(__name__)
CLAIM = timedelta(minutes=2)  # how long a worker may take for one e-mail before another worker tries it
MAX_RETRY_DELAY = timedelta(hours=1)
MAILBOX = "shop.mail.mailbox.MailboxBackend"  # the demo's page of sent e-mails, which reads their bodies


class OutboxBackend(BaseEmailBackend):
    """Store messages in the caller's transaction instead of sending them. A Message-ID is stored once."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        rows = [self._row(message) for message in email_messages if message.recipients()]
        Mail.objects.bulk_create(rows, ignore_conflicts=True)
        wake_on_commit("shop.tasks.send_mail")
        return len(rows)

    def _row(self, message: EmailMessage) -> Mail:
        message_id = (
            message.extra_headers.get("Message-ID") or f"<{uuid.uuid4().hex}@{urlsplit(settings.SHOP_URL).hostname}>"
        )
        message.extra_headers["Message-ID"] = message_id
        stored = message.message()
        priority = Priority(stored.get(PRIORITY_HEADER, Priority.ORDER))
        keeps_text = KEEP_HEADER in stored
        for header in (PRIORITY_HEADER, KEEP_HEADER):
            del stored[header]
        return Mail(
            message_id=message_id,
            sender=message.from_email,
            recipients=message.recipients(),
            subject=message.subject[:500],
            body=stored.as_bytes().decode(),
            priority=Mail.Priority[priority.name],
            keeps_text=keeps_text,
            next_try_at=timezone.now(),
        )


class ParsedMessage(email.message.EmailMessage):
    """A parsed message that Django's SMTP backend can serialize."""

    def as_bytes(self, unixfrom: bool = False, policy: Any = None, *, linesep: str = "\n") -> bytes:
        return super().as_bytes(unixfrom, policy=(policy or self.policy).clone(linesep=linesep))


class StoredMessage(EmailMessage):
    """A message from the outbox, which a delivery backend sends exactly as it was stored."""

    def __init__(self, mail: Mail) -> None:
        super().__init__(subject=mail.subject, from_email=mail.sender, to=mail.recipients)
        self.stored = mail

    def message(self) -> ParsedMessage:
        return parsed(self.stored)


def parsed(mail: Mail) -> ParsedMessage:
    """Return the stored e-mail as a message object."""
    return email.message_from_bytes(mail.body.encode(), _class=ParsedMessage, policy=email.policy.SMTP)


def claim_next() -> Mail | None:
    """Claim the most urgent e-mail that is due, or return None.

    Other workers leave it alone for two minutes; after that, a crashed worker's e-mail is tried again.
    """
    now = timezone.now()
    with transaction.atomic():
        waiting = Mail.objects.filter(status=Mail.Status.QUEUED, next_try_at__lte=now)
        mail = waiting.order_by("priority", "next_try_at").select_for_update(skip_locked=True).first()
        if mail:
            Mail.objects.filter(pk=mail.pk).update(next_try_at=now + CLAIM, attempts=F("attempts") + 1)
            mail.attempts += 1
    return mail


def deliver(mail: Mail) -> bool:
    """Send a claimed e-mail, and return whether it was sent. Temporary errors are retried, permanent ones are not."""
    try:
        get_connection(settings.MAIL_DELIVERY_BACKEND).send_messages([StoredMessage(mail)])
    except Exception as error:  # noqa: BLE001  (one e-mail that cannot be sent must not stop the others)
        _put_back(mail, error)
        return False
    # The order's address may have been corrected meanwhile, so store to which one it was sent.
    sent = {"status": Mail.Status.SENT, "sent_at": timezone.now(), "last_error": "", "recipients": mail.recipients}
    if not mail.keeps_text and settings.MAIL_DELIVERY_BACKEND != MAILBOX:
        sent["body"] = ""
    Mail.objects.filter(pk=mail.pk).update(**sent)
    return True


def _put_back(mail: Mail, error: Exception) -> None:
    pause = min(MAX_RETRY_DELAY, timedelta(seconds=10 * 2 ** min(mail.attempts, 12)))
    status = Mail.Status.DEAD if _is_lasting(error) else Mail.Status.QUEUED
    log.warning(
        "Mail %s was not sent by %s:%s (EMAIL_URL): %r",
        mail.message_id,
        settings.EMAIL_HOST,
        settings.EMAIL_PORT,
        error,
    )
    Mail.objects.filter(pk=mail.pk).update(
        status=status, next_try_at=timezone.now() + pause, last_error=repr(error)[:300]
    )


def _is_lasting(error: Exception) -> bool:
    """Return whether the server refused this e-mail permanently (5xx for its recipients, sender or content)."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(500 <= code < 600 for code, _ in error.recipients.values())
    if isinstance(error, smtplib.SMTPSenderRefused | smtplib.SMTPDataError):
        return 500 <= error.smtp_code < 600
    return False


def send_waiting(limit: int = 100) -> int:
    """Try to send every e-mail that is due, the urgent ones first; return how many were sent."""
    sent = 0
    for _ in range(limit):
        mail = claim_next()
        if not mail:
            break
        sent += deliver(mail)
    return sent


def old_bodies(days: int) -> QuerySet[Mail]:
    """E-mails older than `days` that are sent or dead and still have a body, recipients or a subject."""
    old = Mail.objects.filter(created_at__lt=timezone.now() - timedelta(days=days)).exclude(status=Mail.Status.QUEUED)
    return old.exclude(body="", recipients=[], subject="")


def drop_bodies(mails: QuerySet[Mail]) -> int:
    """Delete body, recipients and subject of these e-mails, keeping ids and times; return how many."""
    return mails.update(body="", recipients=[], subject="")
