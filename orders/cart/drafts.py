"""Store what the shopper typed at the checkout with the cart, so that leaving the payment page does not lose it.

A draft belongs to one cart: only those who can open the cart see it, and it is deleted with the cart.
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
    "billing_name",
    "billing_line1",
    "billing_postcode",
    "billing_city",
    "billing_state",
    "billing_country",
)
FIELDS = ("email", "country", *ADDRESS_FIELDS, "company", "vat_id", *BILLING_FIELDS, "shipping_code", "payment_method")
MAX_LENGTH = 300  # characters of one field; the form refuses longer texts anyway


def draft_of(cart: Cart) -> CheckoutDraft:
    """Return the cart's draft, or a new empty one that is not stored yet. Takes no query if it was read with the cart."""
    if Cart.draft.is_cached(cart):
        return getattr(cart, "draft", None) or CheckoutDraft(cart=cart)
    return CheckoutDraft.objects.filter(cart_id=cart.pk).first() or CheckoutDraft(cart_id=cart.pk)


def keep_draft(draft: CheckoutDraft, typed: Mapping[str, str]) -> CheckoutDraft:
    """Store the submitted fields; fields that were not on the page keep their values."""
    sent = {name: one_line(typed[name])[:MAX_LENGTH] for name in FIELDS if name in typed}
    if draft.fields | sent == draft.fields:
        return draft
    draft.fields = draft.fields | sent
    return _store(draft, ["fields", "updated_at"])


def remember_told(cart: Cart, email: str) -> None:
    """Remember whose promotion limits a refused order revealed, so that the page keeps showing the matching total."""
    draft = draft_of(cart)
    draft.told_customer = customer_key(email)
    _store(draft, ["told_customer", "updated_at"])


def move_draft(source: Cart, target: Cart) -> None:
    """Move the source's draft to the target, unless the target has one or belongs to another person."""
    if not CheckoutDraft.objects.filter(cart_id=target.pk).exists():
        CheckoutDraft.objects.filter(cart_id=source.pk).update(cart_id=target.pk)
    drop_foreign_draft(target)


def drop_foreign_draft(cart: Cart) -> None:
    """Delete the draft if it names another mailbox than the cart's account, because two people may share a browser."""
    owner = User.objects.filter(pk=cart.user_id or 0).first()
    draft = CheckoutDraft.objects.filter(cart_id=cart.pk).first()
    if owner and draft and normalize_mailbox(draft.fields.get("email", "")) not in ("", owner.email):
        draft.delete()


def erase_drafts(email: str) -> int:
    """Delete every draft that names the mailbox; return how many. Deleting an account's carts deletes its drafts."""
    mailbox = normalize_mailbox(email)
    drafts = CheckoutDraft.objects.filter(Q(fields__email__iexact=one_line(email)) | Q(fields__email__iexact=mailbox))
    return drafts.delete()[0]


def _store(draft: CheckoutDraft, changed: list[str]) -> CheckoutDraft:
    """Store the draft in one statement; do nothing if another tab has just deleted the cart."""
    row = CheckoutDraft.objects.filter(cart_id=draft.cart_id)
    values = {name: getattr(draft, name) for name in changed if name != "updated_at"} | {"updated_at": timezone.now()}
    if not draft._state.adding and row.update(**values):
        return draft
    try:
        draft.save(force_insert=True)
    except IntegrityError:
        row.update(**values)  # another tab stored the draft first, or deleted the cart
    return draft
