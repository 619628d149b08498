"""Imports and bulk edits, and the history of changes of products."""

from django.conf import settings
from django.db import models


class Run(models.Model):
    """One import or bulk edit of many products. If a worker dies while applying it, it stays waiting for the next one.

    `source` (the file or the form's data), `plan` and `undo` are compressed. Only catalog/importing/runs.py reads and
    writes them.
    """

    class Kind(models.TextChoices):
        IMPORT = "import"
        BULK = "bulk", "Bulk edit"

    class Status(models.TextChoices):
        PLANNED = "planned"
        WAITING = "waiting", "Waiting for a worker"
        APPLIED = "applied"
        UNDOING = "undoing", "Waiting to be undone"
        UNDONE = "undone", "Undone"
        FAILED = "failed"

    kind = models.CharField(max_length=6, choices=Kind.choices)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.PLANNED)
    name = models.CharField(max_length=255, help_text="The name of the file, or a summary of the edit.")
    source = models.BinaryField(
        default=bytes, help_text="The file or form that it was planned from. Removed when it is applied."
    )
    plan = models.BinaryField(default=bytes)
    undo = models.BinaryField(default=bytes)
    counts = models.JSONField(default=dict, help_text="The numbers of new, changed, unchanged and refused products.")
    error = models.CharField(max_length=500, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_constraint=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    applied_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["id"], name="run_waiting", condition=models.Q(status__in=["waiting", "undoing"]))
        ]
        permissions = [("apply_run", "Can apply and undo changes of many products")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}: {self.name}"


class RunProgress(models.Model):
    """The progress of a run. A separate row, because the run's row is locked while a worker applies it."""

    run = models.OneToOneField(Run, on_delete=models.CASCADE, primary_key=True, related_name="progress")
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "run progress"

    def __str__(self) -> str:
        return f"{self.done} of {self.total}"


class Change(models.Model):
    """One change of a product, with each field before and after. Never updated and never deleted."""

    product = models.ForeignKey("catalog.Product", on_delete=models.PROTECT, related_name="changes")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_constraint=False
    )
    run = models.ForeignKey(
        Run, on_delete=models.DO_NOTHING, null=True, blank=True, related_name="+", db_constraint=False
    )
    source = models.CharField(max_length=40, help_text="What made the change: admin, import, bulk edit or undo.")
    differences = models.JSONField(help_text="Rows of [label, before, after].")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["product", "-id"]),
            models.Index(fields=["-created_at", "-id"], name="change_newest"),
            models.Index(fields=["user", "-created_at", "-id"], name="change_of_person"),
        ]

    def __str__(self) -> str:
        return f"{self.source}: {len(self.differences)} changes"
