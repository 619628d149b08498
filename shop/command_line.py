"""Run the commands of `manage.py`: start the checkout's own PostgreSQL and wait for migrations where needed."""

import os
import sys
from contextlib import nullcontext

import environ
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import OperationalError, ProgrammingError
from psycopg.errors import UndefinedTable

from shop.embedded.postgres import embedded_database
from shop.embedded.state import ROOT
from shop.operations.migrating import wait_for_migration

# Commands that never read the database, or start it themselves.
WITHOUT_DATABASE = {"demo", "bench", "chaos", "help", "check", "collectstatic", "--help", "--version"}
# Commands that work with the database in any state.
WITHOUT_WAITING = {"migrate", "showmigrations", "makemigrations", "dbshell", "shell"}


def run_command(arguments: list[str]) -> None:
    """Run a command of `manage.py`. Without DATABASE_URL, start or join the checkout's own PostgreSQL for it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    # Read .env before the settings do: if it has a DATABASE_URL, PostgreSQL is not started.
    environ.Env.read_env(str(ROOT / ".env"), overwrite=False)
    is_embedded = needs_database(arguments) and not os.environ.get("DATABASE_URL")
    try:
        with embedded_database() if is_embedded else nullcontext():
            if needs_database(arguments) and arguments[1] not in WITHOUT_WAITING:
                wait_for_migration(lambda sentence: print(sentence, file=sys.stderr, flush=True))  # noqa: T201
            execute_from_command_line(arguments)
    except (ImproperlyConfigured, OperationalError, ProgrammingError) as error:
        if "--traceback" in arguments or not (sentence := setup_error(error)):
            raise
        sys.exit(sentence)


def setup_error(error: Exception) -> str:
    """Return a sentence about an error of the settings or the database; empty for other errors."""
    if isinstance(error, ImproperlyConfigured):
        return str(error)
    if isinstance(error.__cause__, UndefinedTable):
        return "The database has no tables yet, or old ones: run manage.py migrate."
    if isinstance(error, OperationalError) and "connection" in str(error):
        return f"The database of DATABASE_URL cannot be used: {' '.join(str(error).split())}"
    return ""


def needs_database(arguments: list[str]) -> bool:
    """Return whether the command reads the database and does not start it itself."""
    command = arguments[1] if len(arguments) > 1 else "help"
    return command not in WITHOUT_DATABASE and "--help" not in arguments
