"""The e-mails about an order: for its timeline in the admin, and when its e-mail address is corrected."""

from collections.abc import Iterator
from functools import reduce
from operator import or_

from django.db.models import Q, QuerySet
from django.urls import reverse

from accounts.models import User
from catalog.formats import moment
from orders.admin.order_page.permissions import SEE_CUSTOMER
from orders.admin.order_page.registry import TimelineEntry
from orders.models import Order
from payments.models import AuthorizationRequest, Refund
from shop.mail.outbox import parsed
from shop.models import Mail

MAX_MAILS = 100
LABELS = {
    "order_confirmed": "Order confirmation",
    "order_received": "How to pay",
    "payment_reminder": "Payment reminder",
    "order_shipped": "Parcel is on its way",
    "order_canceled": "Order is canceled",
    "order_refunded": "Refund",
    "late_refund": "Payment will be refunded",
    "gift_cards": "Gift card codes",
    "gift": "Gift card for its recipient",
    "order_gift_sent": "Gift card was sent",
}
OF_ORDER = (
    "order_confirmed",
    "order_received",
    "payment_reminder",
    "order_canceled",
    "gift_cards",
    "gift",
    "order_gift_sent",
)


def mails_about(order: Order) -> QuerySet[Mail]:
    """Return the e-mails about the order. Their Message-IDs begin with their kind and the key of what they are about."""
    keys = [(kind, order.public_id) for kind in OF_ORDER]
    keys += [("order_shipped", parcel.key) for parcel in order.fulfillments.all()]
    keys += [("order_refunded", request.key) for request in order.refund_requests.all()]
    if order.is_canceled:
        refunds = Refund.objects.filter(payment__order=order)
        keys += [("late_refund", key) for key in refunds.values_list("key", flat=True)]
        releases = AuthorizationRequest.objects.filter(payment__order=order)
        keys += [("late_refund", key) for key in releases.values_list("key", flat=True)]
    return Mail.objects.filter(reduce(or_, (Q(message_id__startswith=f"<{kind}.{key.hex}") for kind, key in keys)))


def move_waiting(order: Order, former: str) -> None:
    """Send e-mails about the order that wait for the former address to the order's. Those with codes of gift cards stay."""
    waiting = mails_about(order).filter(status=Mail.Status.QUEUED, recipients=[former], keeps_text=True)
    mails = list(waiting.order_by("pk").select_for_update(of=("self",)))
    for mail in mails:
        message = parsed(mail)
        message.replace_header("To", order.email)
        mail.recipients, mail.body = [order.email], message.as_bytes().decode()
    Mail.objects.bulk_update(mails, ["recipients", "body"])


def mail_entries(order: Order, user: User) -> Iterator[TimelineEntry]:
    """Yield an entry for each e-mail. Only staff who may see customers see the recipients."""
    sees_customer, sees_mails = user.has_perm(SEE_CUSTOMER), user.has_perm("shop.view_mail")
    for mail in mails_about(order).defer("body")[:MAX_MAILS]:
        kind = mail.message_id.removeprefix("<").partition(".")[0]
        yield TimelineEntry(
            at=mail.sent_at or mail.created_at,
            text=f"E-mail “{LABELS[kind]}” {_state(mail)}",
            changes=[f"To {', '.join(mail.recipients)}"] if sees_customer and mail.recipients else [],
            look="warn" if mail.status == Mail.Status.DEAD else "",
            url=reverse("admin:shop_mail_change", args=[mail.pk]) if sees_mails else "",
        )


def mail_files(order: Order) -> Iterator[tuple[str, str]]:
    """Yield what was sent to the customer as a file of evidence, without texts: they hold links to the customer's pages."""
    mails = mails_about(order).defer("body").order_by("pk")[:MAX_MAILS]
    lines = [
        f"{moment(mail.sent_at or mail.created_at)}: “{mail.subject}” to {', '.join(mail.recipients)}, {_state(mail)}"
        for mail in mails
    ]
    yield "e-mails.txt", "\n".join(lines) or "No e-mail has been sent yet."


def _state(mail: Mail) -> str:
    if mail.status == Mail.Status.SENT:
        return "sent"
    if mail.status == Mail.Status.DEAD:
        return "was refused by the recipient's server"
    return "waits to be tried again" if mail.attempts else "waits to be sent"
