"""The guards that `bin/test --controls` removes, and the tests that must fail then, still exist."""

import pytest

from shop.embedded.state import ROOT
from tests import guards


@pytest.mark.django_db
@pytest.mark.parametrize("name", guards.GUARDS)
def test_a_guard_can_be_removed_and_its_test_exists(name, monkeypatch):
    file, _, test = guards.GUARDS[name].test.partition("::")
    assert f"def {test.partition('[')[0]}(" in (ROOT / file).read_text() if test else (ROOT / file).exists()
    guards.remove(name, monkeypatch)
