"""Fault switches. They are stored with the state, so they outlast a restart."""

from payments.sandbox.backend import Backend
from payments.sandbox.parameters import Refusal
from payments.sandbox.payouts import start_daily_payouts
from payments.sandbox.store import Thing

# Each takes how many calls or events it concerns (`3`, `all`); those of calls also which (`3 POST refunds`).
OF_CALLS = {
    "500": "answers 500",
    "429": "answers 429 with Retry-After",
    "409": "answers 409: the idempotency key is in use",
    "lose": "does the call and loses the answer",
    "hang": "does not answer for a minute",
    "fail": "answers 500 and stores that for the idempotency key",
    "fail_late": "does the call, answers 500 and stores that for the idempotency key",
}
OF_EVENTS = {
    "drop": "never delivers the event",
    "delay": "delivers that many seconds late",
    "shuffle": "delivers up to that many seconds late, at random",
    "duplicate": "delivers every event twice",
}
OF_PAYOUTS = {
    "fail_payout": "lets the next payouts fail when they should arrive",
    "payouts": "`daily` pays out once a day by the sandbox's clock",
}
SWITCHES = {**OF_CALLS, **OF_EVENTS, **OF_PAYOUTS}


def set_switches(backend: Backend, form: dict[str, str]) -> Thing:
    """Set switches; an empty value or 0 is off."""
    for name in form:
        if name not in SWITCHES:
            raise Refusal(400, f"There is no switch {name}.")
    for name, value in form.items():
        backend.store.set_switch(name, value)
    if form.get("payouts") == "daily":
        start_daily_payouts(backend)
    return dict(form)
