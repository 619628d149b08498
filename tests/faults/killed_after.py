"""Run a command of the shop in a process that is killed right after a function has returned.

    python -m tests.faults.killed_after payments.gateway.retrieve_session run process-events

Tests use it to crash the shop at a chosen moment, without any hook in the shop's own code.
"""

import functools
import os
import signal
import sys
from pkgutil import resolve_name
from typing import Any

import django
from django.core.management import execute_from_command_line

from shop import command_line
from shop.embedded.compiled import keep_compiled_modules


def kill_after(name: str) -> None:
    """Kill this process as soon as the function with this dotted name has returned."""
    owner_name, _, attribute = name.rpartition(".")
    owner = resolve_name(owner_name)
    function = getattr(owner, attribute)

    @functools.wraps(function)
    def last_call(*arguments: Any, **options: Any) -> None:
        function(*arguments, **options)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, attribute, last_call)


def run(name: str, *command: str) -> None:
    def execute(arguments: list[str]) -> None:
        django.setup()
        kill_after(name)
        execute_from_command_line(arguments)

    command_line.execute_from_command_line = execute
    command_line.run_command(["manage.py", *command])


if __name__ == "__main__":
    keep_compiled_modules()
    run(*sys.argv[1:])
