"""Every object that the sandbox makes agrees with the types of Stripe's library."""

import typing
from collections.abc import Iterator
from typing import Any, ForwardRef, Literal

import pytest
import stripe

from tests.stripe_desk import CARD, SESSION

CLASSES = {
    "balance": stripe.Balance,
    "balance_transaction": stripe.BalanceTransaction,
    "charge": stripe.Charge,
    "checkout.session": stripe.checkout.Session,
    "customer": stripe.Customer,
    "dispute": stripe.Dispute,
    "event": stripe.Event,
    "payment_intent": stripe.PaymentIntent,
    "payment_method": stripe.PaymentMethod,
    "payout": stripe.Payout,
    "radar.early_fraud_warning": stripe.radar.EarlyFraudWarning,
    "refund": stripe.Refund,
}
LISTS = [
    "balance_transactions",
    "charges",
    "checkout/sessions",
    "customers",
    "disputes",
    "events",
    "payment_intents",
    "payouts",
    "radar/early_fraud_warnings",
    "refunds",
]
CARDS = {
    "paid": CARD,
    "declined": "4000000000000002",
    "blocked": "4100000000000019",
    "disputed": "4000000000000259",
    "inquiry": "4000000000001976",
    "warned": "4000000000005423",
    "refund pending": "4000000000007726",
    "refund fails": "4000000000005126",
    "debit": "AT611904300234573201",
    "refused debit": "AT861904300235473202",
}


def disagreements(value: Any, wanted: Any, path: str) -> Iterator[str]:
    """Yield every place where a JSON value does not fit an annotation of Stripe's library."""
    if isinstance(wanted, ForwardRef | str):
        # A class that is imported for type checkers only: an object, checked by its own class.
        if not isinstance(value, dict) or "object" not in value:
            yield f"{path}: {value!r} is no object"
        return
    origin, arguments = typing.get_origin(wanted), typing.get_args(wanted)
    if origin is typing.Union:
        yield from _union_disagreements(value, arguments, path)
    elif origin is Literal and value not in arguments:
        yield f"{path}: {value!r} is none of Stripe's values"
    elif origin is list:
        yield from _list_disagreements(value, arguments[0], path)
    elif isinstance(origin or wanted, type):
        yield from _class_disagreements(value, wanted, path)


def _list_disagreements(value: Any, wanted: Any, path: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{path}: {value!r} is no list"
        return
    for index, entry in enumerate(value):
        yield from disagreements(entry, wanted, f"{path}[{index}]")


def _class_disagreements(value: Any, wanted: Any, path: str) -> Iterator[str]:
    if issubclass(typing.get_origin(wanted) or wanted, dict | stripe.StripeObject):
        yield from _object_disagreements(value, wanted, path)
    elif type(value) is not wanted and not (wanted is float and type(value) is int):
        yield f"{path}: {value!r} is no {wanted.__name__}"


def _union_disagreements(value: Any, arguments: tuple[Any, ...], path: str) -> Iterator[str]:
    if value is None and type(None) in arguments:
        return
    choices = [choice for choice in arguments if choice is not type(None)]
    literals = [choice for choice in choices if typing.get_origin(choice) is Literal]
    if literals and isinstance(value, str):
        choices = literals  # the library also takes values it does not know, but the sandbox should make none
    found = [list(disagreements(value, choice, path)) for choice in choices]
    yield from min(found, key=len)


def _object_disagreements(value: Any, wanted: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: {value!r} is no object"
        return
    fields = getattr(wanted, "__annotations__", {})
    if typing.get_origin(wanted) or not fields:
        return  # a hash of any keys, like metadata
    for name, entry in value.items():
        if name not in fields:
            yield f"{path}.{name}: Stripe has no such field"
        else:
            yield from disagreements(entry, fields[name], f"{path}.{name}")
    for name, kind in fields.items():
        is_optional = type(None) in typing.get_args(kind)
        if not is_optional and typing.get_origin(kind) is not typing.ClassVar and name not in value:
            yield f"{path}.{name}: missing"


def objects_of(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every API object in a JSON value, also those in events."""
    if isinstance(value, dict):
        if isinstance(value.get("object"), str) and value["object"] in CLASSES:
            yield value
        for entry in value.values():
            yield from objects_of(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from objects_of(entry)


def everything(desk: Any) -> list[dict[str, Any]]:
    answers = [desk.call(path, limit="100") for path in LISTS]
    methods = [
        desk.call("payment_methods", customer=found["id"]) for found in answers[LISTS.index("customers")]["data"]
    ]
    return list(objects_of([*answers, *methods, desk.call("balance")]))


@pytest.fixture
def busy_desk(stripe_desk):
    """A sandbox with objects of every kind in as many states as there are."""
    intents = {name: stripe_desk.paid_intent(number) for name, number in CARDS.items()}
    customer = stripe_desk.post("customers", email="ada@example.com")
    saving = {"saved_payment_method_options[payment_method_save]": "enabled", "customer": customer["id"]}
    stripe_desk.pay(stripe_desk.post("checkout/sessions", **SESSION, **saving)["url"], save="1")
    stripe_desk.pay(stripe_desk.post("checkout/sessions", **SESSION, **saving)["url"], CARDS["debit"], save="1")
    expiring = stripe_desk.post("checkout/sessions", **SESSION)
    stripe_desk.post(f"checkout/sessions/{expiring['id']}/expire")
    for number, verb in ((CARD, "capture"), (CARD, "cancel"), (CARD, "")):
        held = stripe_desk.paid_intent(number, **{"payment_intent_data[capture_method]": "manual"})
        if verb:
            stripe_desk.post(f"payment_intents/{held['id']}/{verb}")
    for name in ("paid", "refund pending", "refund fails"):
        stripe_desk.post("refunds", payment_intent=intents[name]["id"], amount=100)
    dispute = stripe_desk.dispute(intents["paid"]["id"], amount=50)
    stripe_desk.post(f"disputes/{dispute['id']}", **{"evidence[uncategorized_text]": "winning_evidence"})
    return stripe_desk


def test_every_object_agrees_with_the_types_of_the_library(busy_desk):
    wrong = set()
    moments = [everything(busy_desk)]
    busy_desk.advance("6d")
    busy_desk.pay_out()
    busy_desk.switch(fail_payout="1")
    moments.append(everything(busy_desk))
    busy_desk.advance("6d")
    moments.append(everything(busy_desk))
    for thing in (thing for moment in moments for thing in moment):
        wrong |= set(disagreements(thing, CLASSES[thing["object"]], thing["object"]))
    assert sorted(wrong) == []
    assert {thing["object"] for thing in moments[-1]} == set(CLASSES)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"amount": "2400"}, "refund.amount: '2400' is no int"),
        ({"colour": "red"}, "refund.colour: Stripe has no such field"),
        ({"pending_reason": "asleep"}, "refund.pending_reason: 'asleep' is none of Stripe's values"),
        ({"currency": None}, "refund.currency: None is no str"),
    ],
)
def test_a_disagreement_is_found(stripe_desk, change, sentence):
    refund = stripe_desk.refund(stripe_desk.paid_intent()["id"])
    assert list(disagreements(refund, stripe.Refund, "refund")) == []
    assert list(disagreements({**refund, **change}, stripe.Refund, "refund")) == [sentence]
