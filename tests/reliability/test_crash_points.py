"""A process dies while it moves money. After the next try and the next sweep, everything is as if it had not.

bin/test --full tests/reliability/test_crash_points.py --times 20
"""

import pytest

from shop.operations.audit import run_audit
from tests.reliability.flows import FLOWS, World, do_again, let_time_pass, sweep, wait_for_rollback
from tests.tools.crash_points import CRASH_POINTS, is_killed_after

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.full]
# A crash point of "pay too late" that is only reached if everything is available still.
FLOW_OF = {"payments.settlement.confirm_late": "pay late"}


@pytest.mark.fault("F064", "F076", "F077")
@pytest.mark.parametrize("name", CRASH_POINTS)
def test_a_crash_at_any_point_is_made_up_for(stripe_desk, settings, times, name):
    settings.MAIL_DELIVERY_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    world = World(stripe_desk)
    for point in CRASH_POINTS[name]:
        flow = FLOWS[FLOW_OF.get(point, name)]
        for _ in range(times):
            subject = flow.begin(world)
            assert is_killed_after(point, lambda flow=flow, subject=subject: flow.do(world, subject)), point
            wait_for_rollback()
            let_time_pass()
            do_again(flow, world, subject)
            sweep()
            assert flow.end(world, subject) == flow.expected, point
            assert [str(finding) for finding in run_audit()] == [], point


def test_there_are_at_least_25_crash_points():
    assert sum(map(len, CRASH_POINTS.values())) >= 25
