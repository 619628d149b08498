"""docs/sandbox.md tells a stranger everything that the sandbox can do."""

import pytest

from payments.sandbox.api import CALLS
from payments.sandbox.cards import CARDS
from payments.sandbox.faults import SWITCHES
from payments.sandbox.pages import spaced
from shop.embedded.state import ROOT

DOCUMENT = (ROOT / "docs/sandbox.md").read_text()


@pytest.mark.parametrize("number", [spaced(card.number) for card in CARDS])
def test_a_card_is_documented(number):
    assert number in DOCUMENT


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_is_documented(name):
    assert f"`{name}`" in DOCUMENT


@pytest.mark.parametrize("call", [f"{call.method} {call.path.replace('{}', 'ID')}" for call in CALLS])
def test_a_call_is_documented(call):
    assert f"`{call}`" in DOCUMENT
