"""What the desk's search finds in the outbox."""

from typing import Any

from django.db.models import TextField
from django.db.models.functions import Cast
from django.urls import reverse

from catalog.admin.search import MIN_INDEXED, folded_words
from catalog.desk_search import MAX_HITS, Hit, Source
from catalog.formats import listed, moment
from catalog.keyset import Keyset
from shop.models import Mail

TONES = {Mail.Status.SENT: "ok", Mail.Status.DEAD: "bad"}


def find_mails(text: str, user: Any) -> list[Hit]:
    """E-mails by subject or recipient, newest first."""
    if max(map(len, text.split())) < MIN_INDEXED:
        return []
    rows = Mail.objects.annotate(recipient_text=Cast("recipients", TextField())).defer("body")
    parts = [rows.filter(folded_words("subject", text)), rows.filter(folded_words("recipient_text", text))]
    return [
        Hit(
            mail.subject,
            f"{listed(mail.recipients)} · {moment(mail.created_at)}",
            reverse("admin:shop_mail_change", args=[mail.pk]),
            end=mail.get_status_display(),
            tone=TONES.get(Mail.Status(mail.status), ""),
        )
        for mail in Keyset("created_at", MAX_HITS + 1).page(rows, parts).rows
    ]


SOURCES = (Source("mails", "E-mails", "shop.view_mail", find_mails, "admin:shop_mail_changelist"),)
