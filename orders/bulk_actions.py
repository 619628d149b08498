"""Do the same with many orders: a run is planned, started by staff, and worked on by a worker, order by order."""

import logging
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from orders.editing import Edit
from orders.errors import OrderRefused
from orders.models import Order, OrderRun, OrderRunRow
from orders.resending import mails_of, resend

log = logging.getLogger(__name__)
MAX_ORDERS = 500
CLAIM = timedelta(minutes=5)  # how long a worker may take for one order before another worker takes over
Status, Outcome = OrderRun.Status, OrderRunRow.Outcome


class BulkRefused(OrderRefused):
    """The run or one of its orders does not allow this. The message is a sentence for staff."""


@dataclass(frozen=True)
class BulkAction:
    """An action that staff take for many orders at once.

    `run` does it for one order of a run and returns what was done, or raises OrderRefused. If a worker dies, it may be
    called again for the same order. `sentence` says beforehand what will happen; an action without one starts at once.
    """

    name: str
    label: str
    permission: str
    run: Callable[[Order, OrderRun], str]
    sentence: str = ""
    icon: str = ""
    is_dangerous: bool = False


bulk_actions: dict[str, BulkAction] = {}


def add_bulk_action(action: BulkAction) -> BulkAction:
    """Register an action. Apps other than orders do this in AppConfig.ready()."""
    bulk_actions[action.name] = action
    return action


def actions_for(user: User) -> list[BulkAction]:
    """The actions that this user may take."""
    return [action for action in bulk_actions.values() if user.has_perm(action.permission)]


@transaction.atomic
def plan_run(action: BulkAction, order_ids: Iterable[int], user: User) -> OrderRun:
    """Plan the action for these orders, and start it if it needs no confirmation.

    Raise BulkRefused if no order or too many are chosen.
    """
    wanted = set(order_ids)
    if not wanted:
        raise BulkRefused("Select at least one order.")
    if len(wanted) > MAX_ORDERS:
        raise BulkRefused(f"Select at most {MAX_ORDERS} orders.")
    found = Order.objects.filter(pk__in=wanted).order_by("placed_at", "pk").values_list("pk", flat=True)
    run = OrderRun.objects.create(
        action=action.name, user=user, status=Status.PLANNED if action.sentence else Status.WAITING
    )
    OrderRunRow.objects.bulk_create(OrderRunRow(run=run, order_id=order_id) for order_id in found)
    return run


def start_run(run: OrderRun, user: User) -> None:
    """Let a worker begin with a planned run, for this user, whom the history of its orders names.

    Raise BulkRefused if it has been started already.
    """
    if not OrderRun.objects.filter(pk=run.pk, status=Status.PLANNED).update(status=Status.WAITING, user=user):
        raise BulkRefused("This run has been started already.")


def work_waiting() -> int:
    """Work on all started runs; return how many were finished."""
    finished = 0
    while run := _claim_next():
        _work(run)
        finished += 1
    return finished


@transaction.atomic
def _claim_next() -> OrderRun | None:
    now = timezone.now()
    is_free = Q(claimed_until=None) | Q(claimed_until__lt=now)
    waiting = OrderRun.objects.filter(is_free, status=Status.WAITING).order_by("pk")  # oldest first
    run = waiting.select_for_update(skip_locked=True).first()
    if run:
        OrderRun.objects.filter(pk=run.pk).update(claimed_until=now + CLAIM)
    return run


def _work(run: OrderRun) -> None:
    for row in run.rows.filter(outcome=Outcome.WAITING):
        outcome, text = _done(run, row.order_id)
        OrderRunRow.objects.filter(pk=row.pk).update(outcome=outcome, text=text[:300])
        OrderRun.objects.filter(pk=run.pk).update(claimed_until=timezone.now() + CLAIM)
    OrderRun.objects.filter(pk=run.pk).update(status=Status.DONE, finished_at=timezone.now(), claimed_until=None)


def _done(run: OrderRun, order_id: int) -> tuple[Outcome, str]:
    """Take the action for one order, and return what became of it."""
    action = bulk_actions.get(run.action)
    if not action or not run.user.has_perm(action.permission):
        return Outcome.REFUSED, f"{run.user} may not do this any more."
    try:
        return Outcome.DONE, action.run(Order.objects.get(pk=order_id), run)
    except OrderRefused as refused:
        return Outcome.REFUSED, str(refused)
    except Exception:  # noqa: BLE001  (one order that fails must not stop the others)
        log.exception("run %s failed for order %s", run.pk, order_id)
        return Outcome.REFUSED, "An unexpected error occurred. The log has the details."


def _send_newest_mail(order: Order, run: OrderRun) -> str:
    mails = mails_of(order)
    if not mails:
        raise BulkRefused("There is no e-mail that could be sent again.")
    mail = mails[-1]
    # The same key for each attempt, so that an order gets one e-mail even if a worker dies.
    key = uuid.uuid5(uuid.NAMESPACE_OID, f"order-run-{run.pk}-{order.pk}")
    resend(order, mail.name, Edit(user_id=run.user_id, key=key))
    return f"Sent again: {mail.label}"


def orders_in(run: OrderRun) -> Sequence[OrderRunRow]:
    """The rows of the run with their orders, as they were planned."""
    return list(run.rows.select_related("order").order_by("pk"))


add_bulk_action(BulkAction("mail", "Resend e-mail", "orders.mail_order", _send_newest_mail, icon="mail"))
