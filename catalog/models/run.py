"""Changes of many products at once, as rows: planned, looked at, carried out, taken back; and who changed what."""

from django.conf import settings
from django.db import models


class Run(models.Model):
    """One planned change of many products: an import, a bulk edit. A worker that dies leaves it waiting for the next.

    `source` (a file, or what was typed), `plan` and `undo` are compressed; only catalog/importing/runs.py reads and
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
    name = models.CharField(max_length=255, help_text="The file's name, or what the edit does.")
    source = models.BinaryField(default=bytes, help_text="What it was planned from, until it is applied.")
    plan = models.BinaryField(default=bytes)
    undo = models.BinaryField(default=bytes)
    counts = models.JSONField(default=dict, help_text="New, changed, unchanged and skipped products.")
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
    """How far a run is. Its own row, because the run's row is locked while a worker is on it."""

    run = models.OneToOneField(Run, on_delete=models.CASCADE, primary_key=True, related_name="progress")
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "run progress"

    def __str__(self) -> str:
        return f"{self.done} of {self.total}"


class Change(models.Model):
    """What somebody changed about a product: before and after of every field. Never updated, never deleted."""

    product = models.ForeignKey("catalog.Product", on_delete=models.PROTECT, related_name="changes")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_constraint=False
    )
    run = models.ForeignKey(
        Run, on_delete=models.DO_NOTHING, null=True, blank=True, related_name="+", db_constraint=False
    )
    source = models.CharField(max_length=40, help_text="admin, import, bulk edit, undo")
    differences = models.JSONField(help_text="Rows of [what, before, after].")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["product", "-id"])]

    def __str__(self) -> str:
        return f"{self.source}: {len(self.differences)} changes"
