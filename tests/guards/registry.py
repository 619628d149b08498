"""The registry of guards: how to remove one, and the test that must then fail."""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest
from django.db import connection

Monkey = pytest.MonkeyPatch
ALWAYS = "TRUE"  # the condition of a statement that asks for nothing


@dataclass(frozen=True)
class Guard:
    """How to remove a guard, and the test that must then fail."""

    remove: Callable[[Monkey], None]
    test: str


GUARDS: dict[str, Guard] = {}


def remove(name: str, monkeypatch: Monkey) -> None:
    GUARDS[name].remove(monkeypatch)


def guard(name: str, test: str) -> Callable[[Callable[[Monkey], None]], Callable[[Monkey], None]]:
    """Register a function that removes the guard of this name, with the test that must then fail."""

    def register(function: Callable[[Monkey], None]) -> Callable[[Monkey], None]:
        GUARDS[name] = Guard(function, test)
        return function

    return register


def execute(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def replace(monkeypatch: Monkey, name: str, function: Callable[..., Any], *modules: ModuleType) -> None:
    """Replace a function in every module that imports it."""
    for module in modules:
        monkeypatch.setattr(module, name, function)
