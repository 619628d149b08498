"""Send the e-mails of an order again, to the address that the order has now.

An e-mail is written anew, so it has the corrected address and tracking number. Payments adds its own e-mails. Those with
the codes of gift cards cannot be sent again, because codes are not stored.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from orders.editing import Edit, lock_for
from orders.emails import send_confirmation, send_shipped
from orders.errors import EditRefused
from orders.lifecycle import Change, record_event
from orders.models import Order, OrderEvent

Kind = OrderEvent.Kind
PAUSE = timedelta(minutes=5)  # before the same e-mail is sent again to the same address
MAX_RESENT_PER_DAY = 10  # e-mails of one order, whatever their kind and address


@dataclass(frozen=True)
class OrderMail:
    """An e-mail that was sent about an order. `send` sends it again, once for each text it gets."""

    name: str
    label: str
    send: Callable[[str], None]


MailSource = Callable[[Order], Iterable[OrderMail]]
_sources: list[MailSource] = []


def add_mails(source: MailSource) -> MailSource:
    """Register a function that returns the e-mails of an order that can be sent again."""
    _sources.append(source)
    return source


def mails_of(order: Order) -> list[OrderMail]:
    """Return the e-mails of the order that can be sent again."""
    return [mail for source in _sources for mail in source(order)]


@add_mails
def _confirmation(order: Order) -> Iterable[OrderMail]:
    if order.is_paid:
        yield OrderMail("confirmation", "Order confirmation", lambda again: send_confirmation(order, again=again))


@add_mails
def _parcels(order: Order) -> Iterable[OrderMail]:
    for number, parcel in enumerate(order.fulfillments.all(), start=1):
        label = f"Parcel {number} is on its way"
        yield OrderMail(f"parcel-{parcel.pk}", label, lambda again, sent=parcel: send_shipped(sent, again=again))


@transaction.atomic
def resend(order: Order, name: str, edit: Edit) -> OrderMail | None:
    """Send this e-mail of the order again and record it; return it, or None if the same form was sent before.

    Raise EditRefused if the order has no such e-mail, if the same one was sent again to the same address a moment ago, or
    if many e-mails of the order were sent again within a day.
    """
    locked = lock_for(order, edit)
    if not locked:
        return None
    mail = next((mail for mail in mails_of(locked) if mail.name == name), None)
    if not mail:
        raise EditRefused("This e-mail cannot be sent again. Choose one from the list.", "mail")
    recipient = Change("Sent to", "", locked.email)
    text = f"E-mail sent again: {mail.label}"
    _check_pace(locked, text, recipient)
    mail.send(edit.key.hex)
    record_event(locked, Kind.MAIL, text, changes=[recipient], user_id=edit.user_id, key=edit.key)
    return mail


def _check_pace(order: Order, text: str, recipient: Change) -> None:
    """Raise EditRefused if this e-mail was sent again within PAUSE, or MAX_RESENT_PER_DAY of the order within a day."""
    now = timezone.now()
    today = order.events.filter(kind=Kind.MAIL, created_at__gt=now - timedelta(days=1))
    if today.filter(created_at__gt=now - PAUSE, text=text, changes=[asdict(recipient)]).exists():
        raise EditRefused("This e-mail was sent again a moment ago. Wait five minutes before sending it once more.")
    if today.count() >= MAX_RESENT_PER_DAY:
        raise EditRefused(f"{MAX_RESENT_PER_DAY} e-mails of {order.number} were sent again today. Send more tomorrow.")
