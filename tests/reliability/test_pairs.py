"""Two actors meet over the same thing many times; it always ends in one of the allowed ways, and the audit agrees.

bin/test --full tests/reliability/test_pairs.py --times 500
.venv/bin/python -m tests.tools.pair_controls --times 30     # each pair without row locks: it must fail
"""

import pytest

from catalog.errors import CatalogError
from orders.errors import OrderError
from payments.errors import PaymentError
from shop.operations.audit import run_audit
from tests.reliability.flows import World, sweep
from tests.reliability.pairs import PAIRS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.full]
POLITE = (OrderError, PaymentError, CatalogError)


@pytest.mark.parametrize("name", PAIRS)
def test_two_actors_who_meet_leave_everything_right(stripe_desk, at_once, times, name):
    pair, world = PAIRS[name], World(stripe_desk)
    for _ in range(times):
        subject = pair.begin(world)
        actors = (pair.first, pair.second)
        results = at_once(*(lambda actor=actor, subject=subject: actor(world, subject) for actor in actors))
        assert [each for each in results if isinstance(each, Exception) and not isinstance(each, POLITE)] == []
        assert pair.end(world, subject) in pair.allowed
    sweep()
    assert [str(finding) for finding in run_audit()] == []


def test_there_are_at_least_20_pairs():
    assert len(PAIRS) >= 20
