"""The demo's mailbox: a page that shows sent e-mails, instead of a mail server."""

from collections.abc import Sequence

from csp.constants import UNSAFE_INLINE
from csp.decorators import csp_replace
from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from catalog.pages import INTERNAL, page
from shop.mail.outbox import MAILBOX, parsed
from shop.models import Mail


class MailboxBackend(BaseEmailBackend):
    """A backend that delivers nothing. E-mails are marked as sent, and the mailbox page shows them."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        return len(email_messages)


def _only_in_demo() -> None:
    if settings.IS_PRODUCTION or settings.MAIL_DELIVERY_BACKEND != MAILBOX:
        raise Http404


@page(INTERNAL)
@require_safe
def mailbox(request: HttpRequest) -> HttpResponse:
    """List the e-mails that the demo has sent last."""
    _only_in_demo()
    sent = Mail.objects.filter(status=Mail.Status.SENT).order_by("-sent_at")[:50]
    return render(request, "shop/mailbox.html", {"mails": sent})


@page(INTERNAL)
@require_safe
def letter(request: HttpRequest, mail_id: int) -> HttpResponse:
    """Show the text of an e-mail with its links."""
    _only_in_demo()
    mail = get_object_or_404(Mail, pk=mail_id, status=Mail.Status.SENT)
    message = parsed(mail)
    body = message.get_body(("plain",))
    return render(request, "shop/letter.html", {"mail": mail, "text": body.get_content() if body else ""})


@page(INTERNAL)
@csp_replace({"style-src": [UNSAFE_INLINE], "sandbox": ["allow-popups", "allow-top-navigation"]})
@require_safe
def letter_page(request: HttpRequest, mail_id: int) -> HttpResponse:
    """Show the HTML part of an e-mail as a mail program does: with its styles, without scripts or external content."""
    _only_in_demo()
    mail = get_object_or_404(Mail, pk=mail_id, status=Mail.Status.SENT)
    message = parsed(mail)
    body = message.get_body(("html",))
    return HttpResponse(body.get_content() if body else "", content_type="text/html; charset=utf-8")
