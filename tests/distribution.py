"""Which tests run in one worker, one after another.

The marker `xdist_group` does not do this: from version 9 on, pytest ignores the changed names that pytest-xdist 3.8 gives
to marked tests, without a word.
"""

import re
from functools import cache

import pytest
from xdist.scheduler import LoadScopeScheduling

from shop.embedded.state import ROOT

# These tests share a running demo and a browser, which take half a minute to start.
DEMO = re.compile(r"tests/browser/|tests/faults/test_demo\.py::test_the_demo_sells_stops_starts_again")
# These share a browser only: another worker starts its own while the first is busy with the demo.
BROWSER = re.compile(r"tests/browser/test_(accounts|passkeys)\.py")
# These files read all modules or templates once, and check each in a test of its own.
SOURCES = re.compile(r"tests/test_\w+\.py")


def group_of(nodeid: str) -> str:
    """Return the name that the tests of one worker share; every other test is a group of its own."""
    if BROWSER.match(nodeid):
        return "browser"
    if DEMO.match(nodeid):
        return "demo"
    file = nodeid.partition("::")[0]
    return file if SOURCES.match(file) or shares_rows(file) else nodeid


@cache
def shares_rows(file: str) -> bool:
    """Say whether the tests of the file share what is made once for them, which other workers would make again."""
    return 'scope="module"' in (ROOT / file).read_text()


def slowest_first(items: list[pytest.Item]) -> None:
    """Begin with the slow tests, so that no worker still has one to do when the others have nothing left."""
    items.sort(key=lambda item: item.get_closest_marker("full") is None)


class GroupScheduling(LoadScopeScheduling):
    """Give workers the largest groups first, and then single tests in their order."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)
