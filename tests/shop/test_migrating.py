"""Two migrations of one database at once: the second one waits, without a deadlock."""

import threading

import pytest
from django.core.management import call_command
from django.core.management.commands import migrate
from django.db import OperationalError, connections
from psycopg.errors import DeadlockDetected

from shop.operations.migrating import one_migration_at_a_time, wait_for_migration
from tests.races.test_run_races import wait_for_somebody_waiting

pytestmark = pytest.mark.django_db(transaction=True)


def in_a_thread(function) -> threading.Thread:
    def body() -> None:
        try:
            function()
        finally:
            connections.close_all()

    thread = threading.Thread(target=body)
    thread.start()
    return thread


def test_a_second_migration_waits_for_the_first():
    messages: list[str] = []
    ended: list[str] = []

    def second() -> None:
        with one_migration_at_a_time(messages.append):
            ended.append("second")

    with one_migration_at_a_time(messages.append):
        thread = in_a_thread(second)
        wait_for_somebody_waiting()
        ended.append("first")
    thread.join()
    assert ended == ["first", "second"]
    assert messages == ["Another migration of this database is running. Waiting for it to end …"]


def test_any_other_command_waits_for_a_migration_and_then_leaves_the_lock():
    messages: list[str] = []
    ended: list[str] = []
    with one_migration_at_a_time(messages.append):
        thread = in_a_thread(lambda: (wait_for_migration(messages.append), ended.append("command")))
        wait_for_somebody_waiting()
        ended.append("migration")
    thread.join()
    with one_migration_at_a_time(messages.append):
        assert ended == ["migration", "command"]
    assert messages == ["A migration of this database is running. Waiting for it to end …"]


def test_the_migrate_command_takes_the_lock_and_goes_on_after_a_deadlock(monkeypatch, capsys):
    attempts: list[str] = []

    def interrupted(*_arguments, **_options) -> None:
        waiting = in_a_thread(lambda: wait_for_migration(attempts.append))
        wait_for_somebody_waiting()
        attempts.append("migrate")
        if attempts.count("migrate") == 1:
            raise OperationalError from DeadlockDetected()
        waiting.join(0)

    monkeypatch.setattr(migrate.Command, "handle", interrupted)
    call_command("migrate")
    assert attempts.count("migrate") == 2
    assert attempts[0] == "A migration of this database is running. Waiting for it to end …"
    assert "The migration was interrupted by another user" in capsys.readouterr().err


def test_an_error_of_another_kind_ends_the_migration(monkeypatch):
    def broken(*_arguments, **_options) -> None:
        raise OperationalError("disk full")

    monkeypatch.setattr(migrate.Command, "handle", broken)
    with pytest.raises(OperationalError, match="disk full"):
        call_command("migrate")
    messages: list[str] = []
    with one_migration_at_a_time(messages.append):
        assert messages == []
