"""A refund in sentences, for the order page and for who approves it."""

from catalog.formats import money
from payments.models import RefundRequest


def facts_of(request: RefundRequest) -> list[str]:
    """Return what a refund is for, where its money goes and who asked, as sentences."""
    facts = [
        f"{line.quantity} × {line.line.full_title}: {money(line.total_minor, request.currency)}, "
        f"{line.get_disposition_display().lower()}."
        for line in request.lines.all()
    ]
    if request.shipping_minor:
        facts.append(f"Delivery: {money(request.shipping_minor, request.currency)}.")
    if request.goodwill_minor:
        facts.append(f"Goodwill: {money(request.goodwill_minor, request.currency)}.")
    if request.released_minor:
        facts.append(f"Never charged: {money(request.released_minor, request.currency)}.")
    facts.append(f"Paid back to: {request.get_target_display().lower()}.")
    who = f", asked for by {request.asked_by.get_full_name() or request.asked_by.email}" if request.asked_by else ""
    facts.append(f"Reason: {request.get_reason_display().lower()}{who}.")
    return [*facts, f"Note: {request.note}"] if request.note else facts
