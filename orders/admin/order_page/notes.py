"""Notes of staff about an order, and its e-mails that are sent again."""

from typing import Any

from django import forms

from orders.admin.order_page.permissions import MAIL, NOTE, SEE_CUSTOMER
from orders.admin.order_page.registry import Action, ActionForm, ActionRefused
from orders.editing import add_note
from orders.errors import EditRefused
from orders.models import Order, OrderEvent
from orders.resending import mails_of, resend

MAX_NOTE = OrderEvent._meta.get_field("text").max_length


class NoteForm(ActionForm):
    """A note for staff."""

    heading = "For staff only: the customer never sees it"
    button = "Add note"

    text = forms.CharField(
        label="Note",
        max_length=MAX_NOTE,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Write the note first."},
    )


def note_refusal(_order: Order) -> str:
    """A note can always be added."""
    return ""


def _add(order: Order, by: int, form: NoteForm) -> str:
    edit = form.edit(by)
    add_note(order, form.cleaned_data["text"], edit)
    return "The note was added."


class MailForm(ActionForm):
    """Which e-mail of the order to send again."""

    button = "Send it again"

    mail = forms.ChoiceField(label="E-mail", widget=forms.RadioSelect)

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, order=order, **kwargs)
        self.fields["mail"].choices = [(mail.name, mail.label) for mail in mails_of(order)]

    @property
    def heading(self) -> str:  # type: ignore[override]
        """Where it goes, for those who may know."""
        sees_customer = self.user and self.user.has_perm(SEE_CUSTOMER)
        return f"Goes to {self.order.email}" if sees_customer else "Goes to the customer"


def _mail_refusal(order: Order) -> str:
    return "" if mails_of(order) else f"No e-mail of {order.number} can be sent again."


def _resend(order: Order, by: int, form: MailForm) -> str:
    try:
        resend(order, form.cleaned_data["mail"], form.edit(by))
    except EditRefused as refused:
        raise ActionRefused(str(refused), refused.field) from refused
    return "The e-mail is on its way again."


NOTE_ACTION = Action("note", "Add a note", NOTE, 60, note_refusal, _add, form=NoteForm, icon="plus")
MAIL_ACTION = Action("mail", "Send an e-mail again", MAIL, 50, _mail_refusal, _resend, form=MailForm, icon="mail")
