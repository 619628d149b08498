"""Celery only wakes people up: whatever it loses, a periodic sweep finds again in PostgreSQL."""

import logging
import os
import time
from typing import Any

from celery import Celery
from celery.contrib.django.task import DjangoTask
from celery.signals import worker_process_init
from django.db import connections, transaction
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

log = logging.getLogger(__name__)
BREAKER_SECONDS = 10


class WakingTask(DjangoTask):
    """A task that can be woken without hurting the page that wakes it."""

    # Shared by all tasks of a process: while the broker is away nobody waits for it again.
    _broker_is_back_at = 0.0

    def delay_on_commit(self, *args: Any, **kwargs: Any) -> None:
        """Wake a worker once this transaction is committed; the caller never fails when that is impossible."""
        transaction.on_commit(lambda: self.wake(*args, **kwargs), robust=True)

    def wake(self, *args: Any, **kwargs: Any) -> bool:
        """Return whether the broker took the message; at most half a second is lost, once in ten."""
        if time.monotonic() < WakingTask._broker_is_back_at:
            return False
        try:
            self.apply_async(args, kwargs, retry=False, ignore_result=True)
        except (KombuError, RedisError, OSError) as error:
            WakingTask._broker_is_back_at = time.monotonic() + BREAKER_SECONDS
            log.warning("The broker cannot be reached; the sweep will find the work: %s", error)
            return False
        return True


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
app = Celery("shop", task_cls=WakingTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def wake_on_commit(task_name: str) -> None:
    """Wake a task by its name, for code that its module imports."""
    app.tasks[task_name].delay_on_commit()


@worker_process_init.connect
def start_with_fresh_connections(**_: Any) -> None:
    """A forked child must not share its parent's database sockets."""
    connections.close_all()
