"""Which tests run in one worker, one after another.

The marker `xdist_group` does not do this: from version 9 on, pytest ignores the changed names that pytest-xdist 3.8 gives
to marked tests, without a word.
"""

import re

from xdist.scheduler import LoadScopeScheduling

# These tests share a running demo and a browser, which take half a minute to start.
DEMO = re.compile(r"tests/(browser/|faults/test_(demo|production_walk)\.py)")
# These files read all modules or templates once, and check each in a test of its own.
SOURCES = re.compile(r"tests/test_\w+\.py")


def group_of(nodeid: str) -> str:
    """Return the name that the tests of one worker share; every other test is a group of its own."""
    if DEMO.match(nodeid):
        return "demo"
    found = SOURCES.match(nodeid)
    return found[0] if found else nodeid


class GroupScheduling(LoadScopeScheduling):
    """Give workers the largest groups first, and then single tests in their order."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)
