"""The evidence of a dispute as one file: a ZIP of texts about its order, and about no other.

A ZIP of plain text files opens everywhere, needs no library to write, and each of its files fits one field of a bank's form.
Every file can be read, and left out, by itself.
"""

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime
from html import unescape

from django.utils import timezone
from django.utils.html import strip_tags

from catalog.formats import moment, money
from catalog.markets import market_of
from catalog.store_texts import version_in
from orders.models import Order
from payments.evidence import LABELS, evidence_of
from payments.models import Dispute

Files = Iterator[tuple[str, str]]
# What other apps know of an order: functions that yield names and texts of files.
SOURCES: list[Callable[[Order], Files]] = []
BLOCK_ENDS = re.compile(r"</(?:p|h\d|li|tr|div)>|<br\s*/?>")


def pack(dispute: Dispute) -> bytes:
    """Return the ZIP file with what the shop can prove about the order of a dispute."""
    order = dispute.payment.order
    now = timezone.localtime()
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in _files(dispute, order):
            archive.writestr(_member(f"{folder_of(dispute)}/{name}", now), text + "\n")
    return file.getvalue()


def folder_of(dispute: Dispute) -> str:
    return f"evidence-{dispute.payment.order.number}"


def _member(name: str, now: datetime) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, now.timetuple()[:6])
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o600 << 16  # nobody but its owner reads it where it is unpacked
    return member


def _files(dispute: Dispute, order: Order) -> Files:
    yield "1-dispute.txt", _dispute_text(dispute, order)
    for number, (name, text) in enumerate(evidence_of(order).items(), start=2):
        if text:
            yield f"{number}-{name.replace('_', '-')}.txt", f"{LABELS[name]}\n\n{text}"
    if terms := terms_text(order):
        yield "terms.txt", terms
    yield "parcels.txt", _parcels_text(order)
    for source in SOURCES:
        yield from source(order)


def _dispute_text(dispute: Dispute, order: Order) -> str:
    payment = dispute.payment
    rows = (
        ("Order", order.number),
        ("Placed", moment(order.placed_at)),
        ("Paid", f"{moment(payment.captured_at)}, {payment.shown_method}" if payment.captured_at else ""),
        ("Charge", payment.charge_id),
        ("Dispute", dispute.stripe_id),
        ("Disputed", money(dispute.amount_minor, dispute.currency)),
        ("Reason", dispute.reason.replace("_", " ")),
        ("Opened", moment(dispute.opened_at)),
        ("Answer by", moment(dispute.answer_by) if dispute.answer_by else ""),
        ("Refunded before", money(payment.refunded_minor, payment.currency) if payment.refunded_minor else ""),
    )
    return "\n".join(f"{label}: {value}" for label, value in rows if value)


def terms_text(order: Order) -> str:
    """Return the terms of sale that the order accepted as plain text; empty if their text was not kept."""
    if not order.terms:
        return ""
    terms = version_in(order.terms, market_of(order.market))
    plain = unescape(strip_tags(BLOCK_ENDS.sub("\n", terms.body)))
    lines = "\n".join(line.strip() for line in plain.splitlines() if line.strip())
    return f"{terms.title}, version {order.terms_version}, accepted {moment(order.terms_accepted_at)}\n\n{lines}"


def _parcels_text(order: Order) -> str:
    parcels = order.fulfillments.prefetch_related("lines__line").order_by("pk")
    texts = []
    for number, parcel in enumerate(parcels, start=1):
        contents = [f"  {line.quantity} × {line.line.full_title}" for line in parcel.lines.all()]
        tracking = [f"  {parcel.tracking_url}"] if parcel.tracking_url else []
        texts.append(
            "\n".join(
                [f"Parcel {number}, {moment(parcel.shipped_at)}: {parcel.sent_with_number}", *tracking, *contents]
            )
        )
    return "\n\n".join(texts) or "Nothing has been sent yet."
