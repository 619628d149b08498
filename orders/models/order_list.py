"""What staff keep for the order list: saved views, and runs of an action over many orders."""

from django.conf import settings
from django.db import models


class SavedView(models.Model):
    """A search with filters that staff use again. A shared one is offered to everybody who may see orders."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=500, help_text="The part of the list's URL after the question mark.")
    is_shared = models.BooleanField(
        "shared", default=False, help_text="Whether everybody who may see orders sees this view."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "id"]
        default_permissions = ()
        permissions = [("share_savedview", "Can share saved views of orders, and delete shared ones")]
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="saved_view_name")]

    def __str__(self) -> str:
        return self.name


class OrderRun(models.Model):
    """One action for many orders, such as canceling them. A worker takes one order after the other.

    If the worker dies, another one continues when `claimed_until` has passed.
    """

    class Status(models.TextChoices):
        PLANNED = "planned", "Not started"
        WAITING = "waiting", "In progress"
        DONE = "done"

    action = models.CharField(max_length=20)
    status = models.CharField(max_length=7, choices=Status.choices, default=Status.PLANNED)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-id"]
        default_permissions = ("view",)
        indexes = [models.Index(fields=["id"], name="order_run_waiting", condition=models.Q(status="waiting"))]

    def __str__(self) -> str:
        return f"Run {self.pk}"


class OrderRunRow(models.Model):
    """An order of a run, and what became of it."""

    class Outcome(models.TextChoices):
        WAITING = "", "Waiting"
        DONE = "done"
        REFUSED = "refused", "Not done"

    run = models.ForeignKey(OrderRun, on_delete=models.CASCADE, related_name="rows")
    order = models.ForeignKey("orders.Order", on_delete=models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=7, choices=Outcome.choices, blank=True, default=Outcome.WAITING)
    text = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["id"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["run", "order"], name="order_run_row_once")]

    def __str__(self) -> str:
        return self.get_outcome_display()
