"""What was typed at the checkout: kept with the cart, so that no way back from the payment page loses it.

A draft belongs to its cart alone. Whoever may open the cart sees it, nobody else, and it is gone with the cart.
"""

from collections.abc import Mapping

from django.db import IntegrityError
from django.db.models import Q
from django.utils import timezone

from accounts.mailboxes import normalize_mailbox
from accounts.models import User
from accounts.one_line import one_line
from orders.customers import customer_key
from orders.models import Cart, CheckoutDraft

ADDRESS_FIELDS = ("name", "line1", "line2", "postcode", "city", "state", "phone")
BILLING_FIELDS = (
    "billing_name", "billing_line1", "billing_postcode", "billing_city", "billing_state", "billing_country",
)  # fmt: skip
FIELDS = ("email", "country", *ADDRESS_FIELDS, "company", "vat_id", *BILLING_FIELDS, "shipping_code")
MAX_LENGTH = 300  # of one field; a longer text is refused by the form anyway


def draft_of(cart: Cart) -> CheckoutDraft:
    """The cart's draft, or an empty one that is not stored."""
    return CheckoutDraft.objects.filter(cart_id=cart.pk).first() or CheckoutDraft(cart_id=cart.pk)


def keep_draft(draft: CheckoutDraft, typed: Mapping[str, str]) -> CheckoutDraft:
    """Store what the form sent; a field that was not on the page keeps what it had."""
    sent = {name: one_line(typed[name])[:MAX_LENGTH] for name in FIELDS if name in typed}
    if draft.fields | sent == draft.fields:
        return draft
    draft.fields = draft.fields | sent
    return _store(draft, ["fields", "updated_at"])


def remember_told(cart: Cart, email: str) -> None:
    """Note whose limits a refused order has told, so that the page goes on showing the total that holds for them."""
    draft = draft_of(cart)
    draft.told_customer = customer_key(email)
    _store(draft, ["told_customer", "updated_at"])


def move_draft(source: Cart, target: Cart) -> None:
    """The target has the draft of the source, unless it has one of its own or belongs to somebody else."""
    if not CheckoutDraft.objects.filter(cart_id=target.pk).exists():
        CheckoutDraft.objects.filter(cart_id=source.pk).update(cart_id=target.pk)
    drop_foreign_draft(target)


def drop_foreign_draft(cart: Cart) -> None:
    """Forget a draft that names another mailbox than the account of the cart: two people may share one browser."""
    owner = User.objects.filter(pk=cart.user_id or 0).first()
    draft = CheckoutDraft.objects.filter(cart_id=cart.pk).first()
    if owner and draft and normalize_mailbox(draft.fields.get("email", "")) not in ("", owner.email):
        draft.delete()


def erase_drafts(email: str) -> int:
    """Delete every draft that names the mailbox; returns how many. Those of an account go with its carts."""
    mailbox = normalize_mailbox(email)
    found = CheckoutDraft.objects.filter(Q(fields__email__iexact=one_line(email)) | Q(fields__email__iexact=mailbox))
    return found.delete()[0]


def _store(draft: CheckoutDraft, changed: list[str]) -> CheckoutDraft:
    """Store by one statement; a cart that another tab has just given up has no draft any more."""
    row = CheckoutDraft.objects.filter(cart_id=draft.cart_id)
    values = {name: getattr(draft, name) for name in changed if name != "updated_at"} | {"updated_at": timezone.now()}
    if not draft._state.adding and row.update(**values):
        return draft
    try:
        draft.save(force_insert=True)
    except IntegrityError:
        row.update(**values)  # another tab was quicker, or the cart is gone
    return draft
