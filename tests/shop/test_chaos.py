"""What `manage.py chaos` calls wrong, and that nobody believes what it forges. The whole run is docs/reliability.md."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter

import pytest
from django.conf import settings

from payments import inbox
from payments.errors import BadSignature
from payments.models import StripeEvent
from shop.chaos.disturbing import KINDS, SAMPLED, forged
from shop.chaos.journal import Journal
from shop.chaos.proof import _doubled, _lost
from shop.chaos.signing import signed
from shop.chaos.stage import Stage
from shop.embedded.supervisor import Service


def intent(name, received, order="HS-1"):
    return {"id": name, "amount_received": received, "metadata": {"order": order}}


@pytest.mark.parametrize(
    ("row", "refunded", "problem"),
    [
        ((2400, 0, "confirmed", "HS-1"), 0, None),
        ((2400, 2400, "canceled", "HS-1"), 2400, None),
        ((0, 0, "placed", "HS-1"), 0, "order HS-1: paid 2400 at Stripe, and 0 in the shop"),
        ((2400, 0, "canceled", "HS-1"), 300, "order HS-1: paid, but it is canceled and was not refunded"),
        (None, 0, "order HS-1: paid 2400 at Stripe, and 0 in the shop"),
    ],
)
def test_a_paid_order_is_lost_unless_it_is_confirmed_or_refunded(row, refunded, problem):
    ours = {"pi_1": row} if row else {}
    assert next(_lost([intent("pi_1", 2400)], ours, Counter(pi_1=refunded)), None) == problem


def test_two_payments_of_one_order_are_one_too_many_unless_one_was_given_back():
    taken = [intent("pi_1", 2400), intent("pi_2", 2400), intent("pi_3", 900, "HS-2")]
    assert list(_doubled(taken, Counter())) == ["order HS-1: charged 2 times"]
    assert list(_doubled(taken, Counter(pi_2=2400))) == []


@pytest.mark.django_db
@pytest.mark.parametrize("kind", KINDS)
def test_nobody_believes_a_forged_event(kind):
    secret = settings.STRIPE_WEBHOOK_SECRETS[0]
    with pytest.raises(BadSignature):
        inbox.receive(*forged(kind, "evt_forged_1", "a-key", "cs_1", secret))
    inbox.receive(*signed({"id": "evt_1", "object": "event", "type": "x", "livemode": False}, secret))
    assert list(StripeEvent.objects.values_list("stripe_id", flat=True)) == ["evt_1"]


def test_what_must_hold_at_every_moment_is_looked_at_during_the_run():
    assert sorted(name.split()[0] for name in SAMPLED) == ["M3", "S1", "S2", "S3"]


@pytest.mark.fault("F075")
def test_only_processes_of_the_stage_itself_are_killed():
    stage = Stage.__new__(Stage)
    sleeper = Service("web-1", [sys.executable, "-c", "import time; time.sleep(60)"])
    with subprocess.Popen(sleeper.command, start_new_session=True) as child, subprocess.Popen(sleeper.command) as other:
        sleeper.child = child
        stage.supervisor = type("Supervisor", (), {"services": [sleeper]})
        victims = stage.victims()
        assert [victim.pid for victim in victims] == [child.pid]
        stage.kill(victims[0])
        assert child.wait(10) == -signal.SIGKILL
        assert other.poll() is None
        os.kill(other.pid, signal.SIGKILL)


def test_the_timeline_has_one_object_a_line(tmp_path):
    journal = Journal(tmp_path / "timeline.jsonl")
    journal.write("kill", victim="web-1")
    journal.write("kill", victim="beat")
    assert [json.loads(line)["victim"] for line in journal.path.read_text().splitlines()] == ["web-1", "beat"]
    assert journal.counts["kill"] == 2
