"""A command in a shop that is set up wrongly ends with one sentence, not with a traceback."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, ProgrammingError
from psycopg.errors import LockNotAvailable, UndefinedTable

from shop import command_line

REFUSED = OperationalError(
    'connection failed: connection to server at "127.0.0.1", port 5432 failed: Connection refused\n\tIs the server running?'
)


def caused_by(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def run(monkeypatch, error: Exception, *more: str) -> None:
    def fail(_arguments):
        raise error

    monkeypatch.setattr(command_line, "execute_from_command_line", fail)
    command_line.run_command(["manage.py", "check", *more])


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ImproperlyConfigured("Set REDIS_URL: …"), "Set REDIS_URL: …"),
        (
            REFUSED,
            'The database of DATABASE_URL cannot be used: connection failed: connection to server at "127.0.0.1", port 5432'
            " failed: Connection refused Is the server running?",
        ),
        (
            caused_by(ProgrammingError('relation "catalog_store" does not exist'), UndefinedTable()),
            "The database has no tables yet, or old ones: run manage.py migrate.",
        ),
    ],
)
def test_a_wrong_set_up_ends_a_command_with_one_sentence(monkeypatch, error, sentence):
    with pytest.raises(SystemExit) as ended:
        run(monkeypatch, error)
    assert ended.value.code == sentence


def test_traceback_shows_where_it_happened(monkeypatch):
    with pytest.raises(OperationalError):
        run(monkeypatch, REFUSED, "--traceback")


def test_an_error_of_another_kind_keeps_its_traceback(monkeypatch):
    with pytest.raises(OperationalError):
        run(monkeypatch, caused_by(OperationalError("canceling statement"), LockNotAvailable()))
