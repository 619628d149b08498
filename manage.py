#!/usr/bin/env python
"""Every command of the shop; without DATABASE_URL it starts or joins the checkout's own PostgreSQL."""

import os
import sys
from contextlib import nullcontext

from django.core.management import execute_from_command_line

from shop.embedded.session import embedded_database

# These never read the database, or start it themselves.
WITHOUT_DATABASE = {"demo", "bench", "help", "check", "collectstatic", "--help", "--version"}


def needs_embedded_database(arguments: list[str]) -> bool:
    command = arguments[1] if len(arguments) > 1 else "help"
    return not os.environ.get("DATABASE_URL") and command not in WITHOUT_DATABASE and "--help" not in arguments


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    with embedded_database() if needs_embedded_database(sys.argv) else nullcontext():
        execute_from_command_line(sys.argv)
