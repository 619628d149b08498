"""Mail is a row first, and is sent twice rather than lost."""

import smtplib
from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.utils import timezone

from shop.mail.outbox import CLAIM, claim_next, deliver, drop_bodies, old_bodies, parsed, send_waiting
from shop.models import Mail
from tests.factories import make_user
from tests.reading import links_of, text_of

pytestmark = pytest.mark.django_db


class Server(BaseEmailBackend):
    """A mail server whose answers the test chooses."""

    trouble: Exception | None = None
    got: list[tuple[str, str]] = []

    def send_messages(self, email_messages):
        if Server.trouble:
            raise Server.trouble
        Server.got += [(m.message()["Message-ID"], ", ".join(m.recipients())) for m in email_messages]
        return len(email_messages)


@pytest.fixture(autouse=True)
def server(settings):
    settings.MAIL_DELIVERY_BACKEND = "tests.shop.test_outbox.Server"
    Server.trouble, Server.got = None, []
    return Server


def write(message_id="<order_x.1@shop>", to="anna@example.com", **headers):
    """Write a mail with these headers to the outbox: `Outbox_Keep` is the header Outbox-Keep."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return EmailMessage("Hi", "Text", to=[to], headers={"Message-ID": message_id, **named}).send()


def test_sending_writes_a_row_and_nothing_leaves(server):
    write()
    assert (Mail.objects.get().status, server.got) == ("queued", [])
    assert send_waiting() == 1
    assert server.got == [("<order_x.1@shop>", "anna@example.com")]
    assert send_waiting() == 0


def test_a_mail_with_a_secret_loses_its_text_as_soon_as_it_is_delivered():
    write()
    send_waiting()
    mail = Mail.objects.get()
    assert (mail.status, mail.body, mail.subject, mail.recipients) == ("sent", "", "Hi", ["anna@example.com"])


def test_a_mail_with_a_secret_keeps_its_text_while_it_waits(server):
    server.trouble = OSError("no route")
    write()
    send_waiting()
    assert "Text" in Mail.objects.get().body


def test_a_mail_without_a_secret_keeps_its_text_after_delivery():
    write(Outbox_Keep="text")
    send_waiting()
    assert "Text" in Mail.objects.get().body


def test_a_mail_that_waits_during_the_upgrade_keeps_its_text_if_its_message_id_says_so():
    ids = ("<order_confirmed.1@shop>", "<late_refund.1@shop>", "<gift_cards.1@shop>", "<order-reset@shop>")
    for message_id in ids:
        write(message_id)
    import_module("shop.migrations.0005_mail_keeps_text").mark_waiting(apps, None)
    assert set(Mail.objects.filter(keeps_text=True).values_list("message_id", flat=True)) == set(ids[:2])


def test_the_same_message_id_is_one_mail():
    write()
    write()
    assert Mail.objects.count() == 1


def test_a_mail_is_taken_back_with_its_transaction():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        write()
        raise ZeroDivisionError
    assert Mail.objects.count() == 0


def test_text_and_html_arrive_as_they_were_written(server):
    message = EmailMultiAlternatives("Grüße", "Text ü", to=["a@example.com"])
    message.attach_alternative("<p>HTML ü</p>", "text/html")
    message.send()
    stored = parsed(Mail.objects.get())
    assert stored.get_body(("plain",)).get_content().strip() == "Text ü"
    assert stored.get_body(("html",)).get_content().strip() == "<p>HTML ü</p>"
    assert stored["Subject"] == "Grüße"
    send_waiting()
    assert server.got[0][0] == Mail.objects.get().message_id


@pytest.mark.fault("F095")
@pytest.mark.parametrize(
    ("trouble", "status"),
    [
        (smtplib.SMTPServerDisconnected("gone"), "queued"),
        (ConnectionRefusedError(), "queued"),
        (TimeoutError(), "queued"),
        (smtplib.SMTPDataError(451, b"later"), "queued"),
        (smtplib.SMTPDataError(554, b"never"), "dead"),
        (smtplib.SMTPSenderRefused(550, b"never", "x"), "dead"),
        (smtplib.SMTPRecipientsRefused({"a": (550, b"no such user")}), "dead"),
        (smtplib.SMTPRecipientsRefused({"a": (450, b"busy")}), "queued"),
    ],
)
def test_only_a_lasting_no_is_the_end_of_a_mail(server, trouble, status):
    write()
    server.trouble = trouble
    assert send_waiting() == 0
    mail = Mail.objects.get()
    assert (mail.status, mail.attempts) == (status, 1)
    assert mail.next_try_at > timezone.now()
    server.trouble = None
    Mail.objects.update(next_try_at=timezone.now())
    assert send_waiting() == (1 if status == "queued" else 0)


@pytest.mark.fault("F097")
def test_a_password_reset_does_not_wait_behind_orders(server):
    for n, priority in enumerate(("bulk", "order", "account")):
        write(f"<{priority}_x.{n}@shop>", Outbox_Priority=priority)
    assert [claim_next().message_id for _ in range(3)] == ["<account_x.2@shop>", "<order_x.1@shop>", "<bulk_x.0@shop>"]


@pytest.mark.parametrize("message_id", ["<order_x.1@shop>", "<back_in_stock.1@shop>"])
def test_a_mail_without_a_priority_has_that_of_an_order_whatever_its_message_id_says(message_id):
    write(message_id)
    assert Mail.objects.get().priority == Mail.Priority.ORDER


def test_an_unknown_priority_is_refused():
    with pytest.raises(ValueError, match="urgent"):
        write(Outbox_Priority="urgent")
    assert Mail.objects.count() == 0


def test_headers_for_the_outbox_are_removed_before_delivery():
    write(Outbox_Priority="bulk", Outbox_Keep="text")
    assert "Outbox" not in Mail.objects.get().body


def test_a_worker_that_dies_gives_its_mail_back_with_the_same_id(server):
    write(Outbox_Keep="text")  # as if the worker had died before it deleted the text
    claimed = claim_next()
    assert claim_next() is None
    deliver(claimed)  # went out, but suppose the worker died before it could say so
    Mail.objects.update(status="queued", next_try_at=timezone.now() - CLAIM)
    assert send_waiting() == 1
    assert server.got == [("<order_x.1@shop>", "anna@example.com")] * 2


@pytest.mark.fault("F098")
def test_nobody_can_write_headers():
    with pytest.raises(ValueError, match="newlines"):
        EmailMessage("Hi\r\nBcc: eve@example.com", "Text", to=["a@example.com"]).send()
    assert Mail.objects.count() == 0


def test_old_mails_keep_their_ids_only():
    write()
    Mail.objects.update(status="sent", created_at=timezone.now() - timedelta(days=91))
    assert drop_bodies(old_bodies(90)) == 1
    assert not old_bodies(90).exists()
    mail = Mail.objects.get()
    assert (mail.body, mail.recipients, mail.subject, mail.message_id) == ("", [], "", "<order_x.1@shop>")


def test_the_mailbox_shows_sent_mails_in_the_demo_only(client, settings):
    make_user()
    settings.MAIL_DELIVERY_BACKEND = "shop.mail.mailbox.MailboxBackend"
    message = EmailMultiAlternatives("Hello", "See http://testserver/x/", to=["a@example.com"])
    message.attach_alternative("<p>Rich</p>", "text/html")
    message.send()
    send_waiting()
    mail = Mail.objects.get()
    assert "Hello" in text_of(client.get("/mailbox/"))
    assert "http://testserver/x/" in links_of(client.get(f"/mailbox/{mail.pk}/"))
    page = client.get(f"/mailbox/{mail.pk}/page/")
    assert (page.content.strip(), "sandbox" in page.headers["Content-Security-Policy"]) == (b"<p>Rich</p>", True)
    settings.MAIL_DELIVERY_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    for url in ("/mailbox/", f"/mailbox/{mail.pk}/", f"/mailbox/{mail.pk}/page/"):
        assert client.get(url).status_code == 404
