"""What tests and the dashboard do by hand: /sandbox/…"""

import json
import re
from typing import Any

from payments.sandbox import disputes, intents, paying, payouts, refunds
from payments.sandbox.api import Api
from payments.sandbox.charges import find_charge
from payments.sandbox.faults import set_switches
from payments.sandbox.parameters import Refusal, whole_number
from payments.sandbox.store import Thing
from payments.sandbox.timers import run_due

Form = dict[str, str]
UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 24 * 3600}
DISPUTE_VERBS = {
    "win": disputes.win_dispute,
    "lose": disputes.lose_dispute,
    "escalate": disputes.escalate_dispute,
}
REFUND_VERBS = {"succeed": refunds.finish_refund, "fail": refunds.fail_refund}
PAYOUT_VERBS = {"pay": payouts.pay_payout, "fail": payouts.fail_payout}


def act(api: Api, path: list[str], form: Form) -> Thing:  # noqa: C901  (a table of actions, one case each)
    """Do what somebody asks for by hand, and return what came of it. Empty fields of a form count as not sent."""
    if path not in (["switches"],) and path[:1] != ["objects"]:
        form = {name: value for name, value in form.items() if value}
    match path:
        case ["switches"]:
            return set_switches(api, form)
        case ["switches", "off"]:
            api.store.clear_switches()
            return {}
        case ["events", name, "send"]:
            api.store.plan_delivery(api.get("event", name)["id"], api.store.now())
            return api.show(api.get("event", name))
        case ["clock"]:
            return move_clock(api, form)
        case ["reset"]:
            api.store.forget_everything()
            return {"reset": True}
        case ["disputes"]:
            return dispute_by_hand(api, form)
        case ["disputes", name, verb] if verb in DISPUTE_VERBS:
            DISPUTE_VERBS[verb](api, name)
            return api.show(api.get("dispute", name))
        case ["fraud_warnings"]:
            return api.show(disputes.warn_of_fraud(api, find_charge(api, form)))
        case ["refunds"]:
            return refunds.create_refund(api, form, status=form.get("status", ""))
        case ["refunds", name, verb] if verb in REFUND_VERBS:
            REFUND_VERBS[verb](api, name)
            return api.show(api.get("refund", name))
        case ["payouts"]:
            currency = form.get("currency") or "eur"
            return api.show(payouts.create_payout(api, currency, short_by=whole_number(form, "short_by", 0)))
        case ["payouts", name, verb] if verb in PAYOUT_VERBS:
            PAYOUT_VERBS[verb](api, name)
            return api.show(api.get("payout", name))
        case ["payments", name, ("paid" | "failed") as outcome]:
            paying.settle_debit(api, name, outcome)
            return api.show(api.get("payment_intent", name))
        case ["payments", name, "capture"]:
            return intents.capture_intent(api, {**form}, name)
        case ["payments", name, "cancel"]:
            return intents.cancel_intent(api, {}, name)
        case ["objects", name]:
            return edit_object(api, name, form)
        case ["objects", name, "delete"]:
            api.store.delete(name)
            return {"id": name, "deleted": True}
    raise Refusal(404, "There is nothing here.")


def dispute_by_hand(api: Api, form: Form) -> Thing:
    amount = whole_number(form, "amount") if form.get("amount") else None
    reason, is_inquiry = form.get("reason") or "fraudulent", form.get("kind") == "inquiry"
    charge = find_charge(api, form)
    return api.show(disputes.open_dispute(api, charge, amount=amount, reason=reason, is_inquiry=is_inquiry))


def clock(api: Api) -> Thing:
    return {"now": api.now(), "ahead_seconds": int(api.store.ahead)}


def move_clock(api: Api, form: Form) -> Thing:
    """Move the clock ahead (`advance=3d`, `90m`, `10`), or back to the real time (`reset=1`); do what is due."""
    if form.get("reset"):
        api.store.reset_clock()
        return clock(api)
    match = re.fullmatch(r"(\d{1,6})([smhd]?)", form.get("advance", ""))
    if not match:
        raise Refusal(400, "Say how far: advance=10, 90m, 5h or 3d; or reset=1.", param="advance")
    api.store.move_clock(int(match[1]) * UNITS[match[2]])
    run_due(api)
    return clock(api)


def edit_object(api: Api, name: str, form: Form) -> Thing:
    """Overwrite fields of an object, to plant a difference. Values are JSON, or else text. No event is sent."""
    thing = api.store.find(name)
    if not thing:
        raise Refusal(404, f"There is no {name}.")
    for field, text in form.items():
        thing[field] = _value(text)
    api.store.save(thing)
    return api.show(thing)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
