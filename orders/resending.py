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

    Raise EditRefused if the order has no such e-mail, or if it was sent again a moment ago and nothing has happened since.
    """
    locked = lock_for(order, edit)
    if not locked:
        return None
    mail = next((mail for mail in mails_of(locked) if mail.name == name), None)
    if not mail:
        raise EditRefused("This e-mail cannot be sent again. Choose one from the list.", "mail")
    recipient = Change("Sent to", "", locked.email)
    text = f"E-mail sent again: {mail.label}"
    newest = locked.events.last()
    is_repeated = newest and (newest.kind, newest.text, newest.changes) == (Kind.MAIL, text, [asdict(recipient)])
    if newest and is_repeated and newest.created_at > timezone.now() - PAUSE:
        raise EditRefused("This e-mail was sent again a moment ago. Wait five minutes before sending it once more.")
    mail.send(edit.key.hex)
    record_event(locked, Kind.MAIL, text, changes=[recipient], user_id=edit.user_id, key=edit.key)
    return mail
