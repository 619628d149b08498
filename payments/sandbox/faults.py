"""Fault switches. They are stored with the state, so they outlast a restart."""

import re
from typing import Any

from payments.sandbox.backend import Backend
from payments.sandbox.parameters import Refusal
from payments.sandbox.payouts import start_daily_payouts
from payments.sandbox.store import Thing

# A switch of calls says how many it concerns (`3`, `all`), and perhaps which: `3 POST refunds` begin like that.
OF_CALLS = {
    "500": "answers 500 and does nothing",
    "429": "answers 429 with Retry-After, and does nothing",
    "409": "answers 409: the idempotency key is in use",
    "html": "answers 200 with a page of HTML, and does nothing",
    "hang": "is silent for a minute",
    "trickle": "does the call and sends its answer one byte a second",
    "unknown": "answers with fields and values that no library knows yet",
    "lose": "does the call and loses the answer",
    "fail": "answers 500, and again for the same idempotency key",
    "fail_late": "does the call and answers 500, and again for the same idempotency key",
}
OF_EVENTS = {
    "drop": "events that are never delivered (a number, or `all`)",
    "delay": "seconds by which every event is late",
    "shuffle": "events arrive up to that many seconds late, each at random: in no order",
    "duplicate": "how many more times every event is delivered",
    "thin": "deliveries with a thin payload (a number, or `all`)",
    "live": "deliveries that say livemode=true (a number, or `all`)",
    "sign": "`first`, `last` or `wrong`: the secret that signs; without it all of them sign",
    "signature_age": "seconds that signatures are old, negative for the future",
}
OF_PAYOUTS = {
    "fail_payout": "payouts that fail when they should arrive (a number, or `all`)",
    "payouts": "`daily` pays out once a day by the sandbox's clock",
}
OF_BALANCE = {
    "settle": "`usd@1.25`: the account settles in that currency, and one unit of any other currency is worth 1.25 of it"
}
SWITCHES = {**OF_CALLS, **OF_EVENTS, **OF_PAYOUTS, **OF_BALANCE}
NUMBER = r"-?\d+(\.\d+)?"
# What a value must look like; an empty one is always off.
FORMS = {
    **dict.fromkeys(OF_CALLS, r"(\d+|all)( (GET|POST|DELETE)?.*)?"),
    **dict.fromkeys(("drop", "thin", "live", "fail_payout"), r"\d+|all"),
    **dict.fromkeys(("delay", "shuffle", "signature_age"), NUMBER),
    "duplicate": r"\w+",
    "sign": "first|last|wrong",
    "payouts": "daily",
    "settle": r"[a-z]{3}@\d+(\.\d+)?",
}
HANG_SECONDS = 60
HTML_PAGE = "<!doctype html><title>Bad gateway</title><h1>502 Bad Gateway</h1>"


def with_unknown(value: Any) -> Any:
    """Return an answer as a later version of the API could give it: every object has a field and a status more."""
    if isinstance(value, list):
        return [with_unknown(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    fields = {name: with_unknown(entry) for name, entry in value.items()}
    if isinstance(value.get("object"), str):
        fields["of_a_later_version"] = {"object": "something_new", "list": [1, None, {"deep": True}]}
    if value.get("object") in ("checkout.session", "payment_intent", "charge", "refund", "dispute", "payout"):
        fields["status"] = "of_a_later_version"
    return fields


def set_switches(backend: Backend, form: dict[str, str]) -> Thing:
    """Set switches; an empty value or 0 is off."""
    for name, value in form.items():
        if name not in SWITCHES:
            raise Refusal(400, f"There is no switch {name}.")
        if value and not re.fullmatch(FORMS[name], value):
            raise Refusal(400, f"{value!r} is no value of the switch {name}.")
    for name, value in form.items():
        backend.store.set_switch(name, value)
    if form.get("payouts") == "daily":
        start_daily_payouts(backend)
    return dict(form)
