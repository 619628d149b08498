"""The e-mail to the shop about a dispute."""

from catalog.emails import Priority, write_mail
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
