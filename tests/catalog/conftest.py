"""The locations that tests of stock share."""

import pytest

from catalog.models import Location
from tests.factories import make_location


@pytest.fixture
def main() -> Location:
    return make_location("main", 10)


@pytest.fixture
def second() -> Location:
    return make_location("second", 20)
