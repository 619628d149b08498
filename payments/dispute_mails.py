"""The e-mail to the shop about a dispute."""

from typing import Any

from django.utils import timezone

from catalog.emails import Priority, write_mail
from orders.mail_examples import MailExample, example_order
from payments.models import Dispute


def send_dispute(dispute: Dispute, sentence: str, *, to: str) -> None:
    """Tell the shop how a dispute stands, once for each status."""
    order = dispute.payment.order
    write_mail(
        "dispute",
        f"{dispute.pk}.{dispute.status}",
        to=to,
        subject=f"Order {order.number}: {sentence}",
        context={"dispute": dispute, "order": order, "sentence": sentence},
        priority=Priority.ORDER,
    )


def _example() -> tuple[str, dict[str, Any]]:
    order = example_order()
    order.pk = 1
    sentence = "Dispute of €28.90 (fraudulent): answer it"
    dispute = Dispute(status=Dispute.Status.NEEDS_RESPONSE, answer_by=timezone.now())
    return f"Order {order.number}: {sentence}", {"dispute": dispute, "order": order, "sentence": sentence}


DISPUTE_EXAMPLE = MailExample(
    "dispute", "Dispute", "To the shop, when a customer's bank takes a payment back", _example
)
