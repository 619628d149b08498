"""Two mail workers, one of them killed: every e-mail arrives, and copies have the same Message-ID."""

import os
import signal
import subprocess
import sys
from collections import Counter

import pytest
from django.core.mail import EmailMessage
from django.db import connection
from django.utils import timezone

from shop.chaos.mail_sink import MailSink
from shop.embedded.state import ROOT
from shop.mail.outbox import send_waiting
from shop.models import Mail

pytestmark = pytest.mark.django_db(transaction=True)
SENT = "django.core.mail.backends.smtp.EmailBackend.send_messages"  # what has returned once a mail is sent


@pytest.fixture
def sink():
    server = MailSink()
    yield server
    server.shutdown()
    server.server_close()


def send_mail(sink: MailSink, *program: str) -> subprocess.Popen[bytes]:
    database = connection.settings_dict
    url = f"postgres://shop@/{database['NAME']}?host={database['HOST']}"
    return subprocess.Popen(
        [sys.executable, *(program or ["manage.py"]), "run", "send-mail"],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "shop.settings",
            "SHOP_MODE": "demo",
            "DATABASE_URL": url,
            "EMAIL_URL": f"smtp://127.0.0.1:{sink.port}",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.fault("F096")
def test_two_workers_and_a_kill_send_every_mail(sink, settings):
    for n in range(40):
        EmailMessage("Hello", "Text", to=[f"a{n}@example.com"], headers={"Message-ID": f"<order_x.{n}@shop>"}).send()
    killed = send_mail(sink, "-m", "tests.faults.killed_after", SENT)
    assert killed.wait(60) == -signal.SIGKILL
    workers = [send_mail(sink), send_mail(sink)]
    assert [worker.wait(60) for worker in workers] == [0, 0]
    # What the dead worker had claimed is given back when its two minutes are over.
    assert Mail.objects.filter(status="queued").count() == 1
    Mail.objects.filter(status="queued").update(next_try_at=timezone.now())
    settings.MAIL_DELIVERY_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
    assert send_waiting() == 1
    counts = Counter(sink.ids)
    assert set(counts) == {f"<order_x.{n}@shop>" for n in range(40)}
    assert sum(count - 1 for count in counts.values()) == 1
    assert Mail.objects.exclude(status="sent").count() == 0
