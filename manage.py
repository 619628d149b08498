#!/usr/bin/env python
"""Every command of the shop; without DATABASE_URL it starts or joins the checkout's own PostgreSQL."""

import os
import sys
from contextlib import nullcontext
from pathlib import Path

import environ
from django.core.management import execute_from_command_line

from shop.embedded.session import embedded_database
from shop.migrating import wait_for_migration

# These never read the database, or start it themselves.
WITHOUT_DATABASE = {"demo", "bench", "help", "check", "collectstatic", "--help", "--version"}
# These look at a database in whatever state it is.
WITHOUT_WAITING = {"migrate", "showmigrations", "makemigrations", "dbshell", "shell"}


def needs_database(arguments: list[str]) -> bool:
    command = arguments[1] if len(arguments) > 1 else "help"
    return command not in WITHOUT_DATABASE and "--help" not in arguments


def run(arguments: list[str]) -> None:
    if needs_database(arguments) and arguments[1] not in WITHOUT_WAITING:
        wait_for_migration(lambda words: print(words, file=sys.stderr, flush=True))  # noqa: T201
    execute_from_command_line(arguments)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    # Before the settings read it: where .env names a database, none of ours is started.
    environ.Env.read_env(str(Path(__file__).with_name(".env")), overwrite=False)
    is_embedded = needs_database(sys.argv) and not os.environ.get("DATABASE_URL")
    with embedded_database() if is_embedded else nullcontext():
        run(sys.argv)
