"""The outbox of e-mails, and the heartbeat of the workers."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from catalog.markets import market_of
from payments.reports.all_reports import REPORTS


class Mail(models.Model):
    """An e-mail in the outbox, written in the transaction that causes it and delivered by a worker."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        SENT = "sent"
        DEAD = "dead", "Refused for good"

    class Priority(models.IntegerChoices):
        """Lower numbers are sent first, so that a password reset does not wait behind many other e-mails."""

        ACCOUNT = 1
        ORDER = 2
        BULK = 3

    message_id = models.CharField("message ID", max_length=255, unique=True)
    sender = models.CharField(max_length=320)
    recipients = models.JSONField()
    subject = models.CharField(max_length=500)
    body = models.TextField(
        blank=True, help_text="The whole message; dropped on delivery where it may hold a secret, else after 90 days."
    )
    priority = models.PositiveSmallIntegerField(choices=Priority.choices, default=Priority.ORDER)
    keeps_text = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Keep the text after delivery: it contains no gift card's code and no login link.",
    )
    status = models.CharField(max_length=6, choices=Status.choices, default=Status.QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField()
    last_error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = "e-mail"
        indexes = [
            models.Index(fields=["priority", "next_try_at"], name="mail_waiting", condition=Q(status="queued")),
            models.Index(fields=["created_at"], name="mail_dead", condition=Q(status="dead")),
        ]

    def __str__(self) -> str:
        return self.subject


class Heartbeat(models.Model):
    """When a worker was last alive, and when the audit last ran and how many problems it found."""

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()
    problems = models.PositiveIntegerField(default=0, db_default=0)

    def __str__(self) -> str:
        return f"{self.name}: {self.at:%Y-%m-%d %H:%M:%S}"


class ReportMail(models.Model):
    """A report that one member of staff gets by e-mail, weekly or monthly."""

    class Every(models.TextChoices):
        WEEK = "week", "Every week"
        MONTH = "month", "Every month"

    report = models.CharField(max_length=20)
    market = models.CharField(max_length=16)
    every = models.CharField("how often", max_length=5, choices=Every.choices, default=Every.WEEK)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    sent_until = models.DateField(null=True, blank=True, help_text="The last day of the last report that was sent.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        permissions = [("manage_reportmail", "Can choose which reports others get by e-mail")]
        constraints = [
            models.UniqueConstraint(
                fields=["report", "market", "every", "user"],
                name="report_mail_once",
                violation_error_message="This report is already sent to this person.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.title} to {self.user}"

    @property
    def title(self) -> str:
        return REPORTS[self.report].title if self.report in REPORTS else self.report

    @property
    def sentence(self) -> str:
        """How often it is sent, about which market, and to whom."""
        return f"{self.get_every_display()}, {market_of(self.market).name}, to {self.user}"
