"""Write e-mails from pairs of templates. Writing one stores it in the outbox, in the caller's transaction.

E-mails leave through `django.core.mail`, so no app needs to know the outbox. Two headers say how the outbox treats
an e-mail; `shop/mail/outbox.py` reads them and removes them. accounts, which imports no other app, writes its
e-mails in accounts/emails.py with the same headers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template import TemplateDoesNotExist
from django.template.loader import get_template, render_to_string
from django.utils import timezone

from catalog.models import Page, Store

PRIORITY_HEADER = "Outbox-Priority"  # one of `Priority`; an e-mail without it has the priority of an order
KEEP_HEADER = "Outbox-Keep"  # "text": the text contains no code or login link and stays readable after delivery


class Priority(StrEnum):
    """How urgent an e-mail is. The outbox sends the most urgent ones first."""

    ACCOUNT = "account"  # somebody waits for it in order to log in
    ORDER = "order"
    BULK = "bulk"  # nobody waits for it, and there may be many


@dataclass(frozen=True)
class Attachment:
    """A file attached to an e-mail."""

    name: str
    content: str
    content_type: str = "text/html"


def write_mail(  # noqa: PLR0913  (each is a part of the e-mail)
    kind: str,
    key: str,
    *,
    to: str,
    subject: str,
    context: Mapping[str, Any],
    priority: Priority,
    keeps_text: bool = False,
    attachments: Sequence[Attachment] = (),
) -> None:
    """Write an e-mail from the template `emails/KIND.txt`, with an HTML part if there is an `emails/KIND.html`.

    `kind` and `key` make the Message-ID, so writing the same e-mail twice delivers it once. Unless `keeps_text`, the
    outbox deletes the text on delivery, because it may contain a gift card's code or a login link.
    """
    message = rendered_mail(kind, subject, context)
    message.to = [to]
    message.extra_headers = {
        "Message-ID": f"<{kind}.{key}@{urlsplit(settings.SHOP_URL).hostname}>",
        "Auto-Submitted": "auto-generated",
        PRIORITY_HEADER: priority,
        **({KEEP_HEADER: "text"} if keeps_text else {}),
    }
    for attachment in attachments:
        message.attach(attachment.name, attachment.content, attachment.content_type)
    message.send()


def _returns_url() -> str:
    """The URL of the page about returns; empty if staff have deleted it. Those about terms and imprint always exist."""
    section = Page.objects.public(timezone.now()).filter(slug="returns").values_list("section", flat=True).first()
    return f"{settings.SHOP_URL}/{section}/returns/" if section else ""


def rendered_mail(kind: str, subject: str, context: Mapping[str, Any]) -> EmailMultiAlternatives:
    """The e-mail of this kind, without a recipient, as `write_mail` writes it and the admin previews it."""
    subject = " ".join(subject.split())  # a title may hold a line break, a header must not
    store = Store.objects.first() or Store()
    template_context = {
        "shop_url": settings.SHOP_URL,
        "shop_name": store.name,
        "store": store,
        "subject": subject,
        "returns_url": _returns_url(),
        **context,
    }
    message = EmailMultiAlternatives(subject=subject, body=render_to_string(f"emails/{kind}.txt", template_context))
    if html := _html_template(kind):
        message.attach_alternative(html.render(template_context), "text/html")
    return message


def _html_template(kind: str) -> Any:
    try:
        return get_template(f"emails/{kind}.html")
    except TemplateDoesNotExist:
        return None
