"""Which tests `bin/test` leaves to `bin/test --full`: those named in tests/slow.txt, as they were measured last.

bin/test --full --junitxml=times.xml
.venv/bin/python -m tests.slow times.xml
"""

import sys
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

from shop.embedded.state import ROOT

LIST = ROOT / "tests/slow.txt"
# What all quick tests may take together. Two workers share them, and need a while to start.
QUICK_SECONDS = 380


def function_of(nodeid: str) -> str:
    """Return the test's name without the case that it is about."""
    return nodeid.partition("[")[0]


@cache
def slow_functions() -> frozenset[str]:
    return frozenset(LIST.read_text().split())


def mark_slow(items: list[pytest.Item]) -> None:
    for item in items:
        if function_of(item.nodeid) in slow_functions():
            item.add_marker(pytest.mark.full)


def slowest(cases: list[tuple[str, float]], most_seconds: float) -> list[str]:
    """Return the functions to leave out, those with the slowest cases first, until the others take no longer."""
    seconds: dict[str, list[float]] = defaultdict(list)
    for nodeid, taken in cases:
        seconds[function_of(nodeid)].append(taken)
    remaining = sum(taken for _, taken in cases)
    left_out = []
    for function in sorted(seconds, key=lambda name: -sum(seconds[name]) / len(seconds[name])):
        if remaining <= most_seconds:
            break
        remaining -= sum(seconds[function])
        left_out.append(function)
    return sorted(left_out)


def cases_of(report: Path) -> list[tuple[str, float]]:
    """Return the tests of a report in JUnit's format, and the seconds that each took."""
    return [
        (f"{case.attrib['classname'].replace('.', '/')}.py::{case.attrib['name']}", float(case.attrib["time"]))
        for case in ElementTree.parse(report).iter("testcase")
    ]


if __name__ == "__main__":
    LIST.write_text("".join(f"{name}\n" for name in slowest(cases_of(Path(sys.argv[1])), QUICK_SECONDS)))
