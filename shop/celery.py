"""Celery only wakes workers. The work is stored in PostgreSQL, where periodic jobs find whatever Celery loses."""

import logging
import os
import time
from typing import Any

from celery import Celery
from celery.contrib.django.task import DjangoTask
from celery.signals import worker_process_init
from django.db import connections, transaction
from kombu.exceptions import KombuError

log = logging.getLogger(__name__)
BREAKER_SECONDS = 10


def broker_errors() -> tuple[type[Exception], ...]:
    """Return the exceptions of a broker that cannot be reached."""
    from redis.exceptions import RedisError  # noqa: PLC0415  (slow to import; loaded if a message was sent)

    return KombuError, RedisError, OSError


class WakingTask(DjangoTask):
    """A task that a page can wake without failing or waiting long if the broker is down."""

    # Shared by all tasks of a process: after a failure, no page waits for the broker until this time.
    _broker_is_back_at = 0.0

    def delay_on_commit(self, *args: Any, **kwargs: Any) -> None:
        """Wake a worker once this transaction is committed. The caller never fails if the broker is down."""
        transaction.on_commit(lambda: self.wake(*args, **kwargs), robust=True)

    def wake(self, *args: Any, **kwargs: Any) -> bool:
        """Send the message, and return whether the broker accepted it; waits at most half a second in ten."""
        if time.monotonic() < WakingTask._broker_is_back_at:
            return False
        try:
            self.apply_async(args, kwargs, retry=False, ignore_result=True)
        except broker_errors() as error:
            WakingTask._broker_is_back_at = time.monotonic() + BREAKER_SECONDS
            log.warning("The broker cannot be reached, so the next periodic job does the work: %s", error)
            return False
        return True


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
app = Celery("shop", task_cls=WakingTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def wake_on_commit(task_name: str) -> None:
    """Wake a task by its name after this transaction, for code that cannot import the task."""
    app.tasks[task_name].delay_on_commit()


@worker_process_init.connect
def start_with_fresh_connections(**_: Any) -> None:
    """Close inherited database connections, which a forked child must not share with its parent."""
    connections.close_all()
