"""The dashboard at /sandbox/: what happened, and everything that can be done by hand. Plain HTML, without scripts."""

import html
from datetime import UTC, datetime
from typing import Any

from payments.sandbox.api import Api
from payments.sandbox.balance import retrieve_balance
from payments.sandbox.disputes import ANSWERABLE, OPEN, REASONS
from payments.sandbox.faults import OF_CALLS, OF_EVENTS, OF_PAYOUTS
from payments.sandbox.pages import shown_amount
from payments.sandbox.store import Thing

SHOWN = 25  # of each kind, newest first
STEPS = {"1h": "1 hour", "1d": "1 day", "7d": "7 days", "30d": "30 days"}

FRAME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>
*{{box-sizing:border-box;min-width:0}}body{{margin:0;background:#eef0f4;color:#1c2430;
font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}}
main{{max-width:60rem;margin:0 auto;padding:1rem}}h1{{font-size:1.5rem;margin:.5rem 0}}h2{{font-size:1.2rem;margin:0 0 .5rem}}
section,.test,.error{{background:#fff;border-radius:10px;padding:1rem;margin:0 0 1rem}}.test{{background:#fff3d6}}
.error{{background:#fdeceb;color:#8c1d16}}nav a{{margin-right:1rem}}a{{color:#1b48b8}}
article{{border-top:1px solid #d5dae2;padding:.6rem 0}}article p{{margin:0}}
.id{{font:.8rem/1.5 ui-monospace,monospace;color:#4a5564}}strong{{font-weight:650}}
form{{display:flex;flex-wrap:wrap;gap:.5rem;align-items:end;margin:.5rem 0}}label{{font-size:.85rem}}
input,select{{font:inherit;display:block;width:100%;padding:.4rem;border:1px solid #6b7686;border-radius:6px;background:#fff}}
label{{flex:1 1 9rem;max-width:18rem}}label.wide{{flex-basis:100%;max-width:none}}
button{{font:inherit;padding:.45rem .8rem;border:1px solid #1c2430;border-radius:6px;background:#fff;color:#1c2430}}
summary{{cursor:pointer;padding:.25rem 0;color:#1b48b8}}:focus-visible{{outline:3px solid #1c4fd6;outline-offset:2px}}
</style></head><body><main>{body}</main></body></html>"""


def page(api: Api, error: str = "") -> str:
    """Return the whole dashboard, with the sentence of a refusal if there is one."""
    message = f'<p class="error" role="alert">{html.escape(error)}</p>' if error else ""
    links = ("payments", "refunds", "disputes", "payouts", "events", "switches")
    navigation = "".join(f'<a href="#{name}">{name.capitalize()}</a>' for name in links)
    sections = (_clock(api), _payments(api), _refunds(api), _disputes(api), _payouts(api), _events(api), _switches(api))
    body = (
        '<h1>Stripe sandbox</h1><p class="test"><strong>Test mode.</strong> No money moves.</p>'
        f'{message}<nav aria-label="Sections">{navigation}</nav>{"".join(sections)}'
    )
    return FRAME.format(title="Stripe sandbox", body=body)


def _section(name: str, heading: str, *parts: str) -> str:
    return f'<section id="{name}"><h2>{heading}</h2>{"".join(parts)}</section>'


def _form(action: str, button: str, *fields: str) -> str:
    return f'<form method="post" action="/sandbox/{action}">{"".join(fields)}<button>{button}</button></form>'


def _input(label: str, name: str, value: str = "", *, kind: str = "") -> str:
    return f'<label class="{kind}">{label}<input name="{name}" value="{html.escape(value)}"></label>'


def _choice(label: str, name: str, options: tuple[str, ...]) -> str:
    choices = "".join(f'<option value="{option}">{option.replace("_", " ")}</option>' for option in options)
    return f'<label>{label}<select name="{name}">{choices}</select></label>'


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{name}" value="{html.escape(value)}">'


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%d %b %Y, %H:%M UTC")


def _row(thing: Thing, text: str, *actions: str) -> str:
    """Return one object: what it is, its id and time, and what can be done with it."""
    more = f"<details><summary>Actions</summary>{''.join(actions)}</details>" if any(actions) else ""
    return f'<article><p>{text}</p><p class="id">{thing["id"]} · {_moment(thing["created"])}</p>{more}</article>'


def _rows(rows: list[str], nothing: str) -> str:
    return "".join(rows) or f"<p>{nothing}</p>"


def _money(thing: Thing, field: str = "amount") -> str:
    return f"<strong>{shown_amount(thing[field], thing['currency'])}</strong>"


def _plain(text: str) -> str:
    """Return a sentence of the documentation without its marks of code."""
    return html.escape(text.replace("`", ""))


def _clock(api: Api) -> str:
    ahead = round(api.store.ahead)
    note = f", {ahead // 86400} days and {ahead % 86400 // 3600} hours ahead" if ahead else ""
    buttons = "".join(f'<button name="advance" value="{step}">+ {name}</button>' for step, name in STEPS.items())
    reset = '<button name="reset" value="1">Back to the real time</button>' if ahead else ""
    return _section(
        "clock",
        "Clock",
        f"<p>It is {_moment(api.now())}{note}.</p>",
        f'<form method="post" action="/sandbox/clock">{buttons}{reset}</form>',
    )


def _payments(api: Api) -> str:
    rows = [_payment(api, intent) for intent in api.store.select("payment_intent", limit=SHOWN)]
    return _section("payments", "Payments", _rows(rows, "Nobody has paid yet."))


def _payment(api: Api, intent: Thing) -> str:
    charge = api.store.find(intent["latest_charge"] or "") or {}
    details = charge.get("payment_method_details", {})
    last4 = details.get(details.get("type"), {}).get("last4", "")
    parts = [_money(intent), html.escape(intent["description"] or ""), intent["status"].replace("_", " ")]
    parts += [f"card or account ending in {last4}"] if last4 else []
    if charge.get("amount_refunded"):
        parts.append(f"refunded {shown_amount(charge['amount_refunded'], intent['currency'])}")
    parts += ["disputed"] if charge.get("disputed") else []
    if intent["last_payment_error"]:
        parts.append(html.escape(intent["last_payment_error"]["message"]))
    return _row(intent, " · ".join(part for part in parts if part), *_payment_actions(intent))


def _payment_actions(intent: Thing) -> list[str]:
    which = _hidden("payment_intent", intent["id"])
    amount = _input("Amount in minor units; empty for all", "amount")
    path = f"payments/{intent['id']}"
    if intent["status"] == "requires_capture":
        part = _input("Amount in minor units; empty for all", "amount_to_capture")
        return [_form(f"{path}/capture", "Capture", part), _form(f"{path}/cancel", "Cancel")]
    if intent["status"] == "processing":
        return [_form(f"{path}/paid", "Let it be paid"), _form(f"{path}/failed", "Let it fail")]
    if intent["status"] != "succeeded":
        return []
    statuses = _choice("Status", "status", ("succeeded", "pending"))
    kinds, reasons = _choice("Kind", "kind", ("dispute", "inquiry")), _choice("Reason", "reason", REASONS)
    return [
        _form("refunds", "Refund", which, amount, statuses),
        _form("disputes", "Dispute", which, amount, reasons, kinds),
        _form("fraud_warnings", "Send an early fraud warning", which),
    ]


def _refunds(api: Api) -> str:
    rows = [
        _row(
            refund,
            f"{_money(refund)} · {refund['status']}",
            _form(f"refunds/{refund['id']}/succeed", "Let it succeed") if refund["status"] == "pending" else "",
            _form(f"refunds/{refund['id']}/fail", "Let it fail") if refund["status"] != "failed" else "",
        )
        for refund in api.store.select("refund", limit=SHOWN)
    ]
    return _section("refunds", "Refunds", _rows(rows, "Nothing was refunded."))


def _disputes(api: Api) -> str:
    rows = [_dispute(dispute) for dispute in api.store.select("dispute", limit=SHOWN)]
    return _section("disputes", "Disputes", _rows(rows, "Nothing is disputed."))


def _dispute(dispute: Thing) -> str:
    details = dispute["evidence_details"]
    due = f" · evidence due {_moment(details['due_by'])}" if dispute["status"] in ANSWERABLE else ""
    sent = f" · evidence sent {details['submission_count']} times" if details["submission_count"] else ""
    text = (
        f"{_money(dispute)} · {dispute['reason'].replace('_', ' ')} · {dispute['status'].replace('_', ' ')}{due}{sent}"
    )
    path, is_open = f"disputes/{dispute['id']}", dispute["status"] in OPEN
    escalate = _form(f"{path}/escalate", "Escalate") if is_open and dispute["status"].startswith("warning") else ""
    ends = [_form(f"{path}/win", "Shop wins"), _form(f"{path}/lose", "Shop loses")] if is_open else []
    return _row(dispute, text, escalate, *ends)


def _payouts(api: Api) -> str:
    balance = retrieve_balance(api, {})
    sums = "".join(
        f"<p>{name.capitalize()}: {shown_amount(entry['amount'], entry['currency'])}</p>"
        for name in ("available", "pending")
        for entry in balance[name]
    )
    rows = [
        _row(
            payout,
            f"{_money(payout)} · {payout['status']} · arrives {_moment(payout['arrival_date'])}",
            _form(f"payouts/{payout['id']}/pay", "Let it arrive") if payout["status"] == "pending" else "",
            _form(f"payouts/{payout['id']}/fail", "Let it fail") if payout["status"] != "failed" else "",
        )
        for payout in api.store.select("payout", limit=SHOWN)
    ]
    pay_out = _form(
        "payouts",
        "Pay out what is available",
        _input("Currency", "currency", balance["available"][0]["currency"]),
        _input("Short by (minor units)", "short_by", "0"),
    )
    return _section("payouts", "Balance and payouts", sums, pay_out, _rows(rows, "Nothing was paid out."))


def _events(api: Api) -> str:
    rows = [
        _row(event, html.escape(event["type"]), _form(f"events/{event['id']}/send", "Send again"))
        for event in api.store.select("event", limit=SHOWN)
    ]
    waiting = f"<p>{api.store.waiting_deliveries()} deliveries are waiting.</p>"
    return _section("events", "Events", waiting, _rows(rows, "Nothing happened."))


def _switches(api: Api) -> str:
    values = api.store.switches()
    groups: tuple[tuple[str, dict[str, Any]], ...] = (
        ("API calls: a number or “all”, and perhaps which calls, such as “3 POST refunds”", OF_CALLS),
        ("Events", OF_EVENTS),
        ("Payouts", OF_PAYOUTS),
    )
    fields = []
    for heading, switches in groups:
        fields.append(f"<p><strong>{heading}</strong></p>")
        fields += [
            _input(f"<strong>{name}</strong>: {_plain(effect)}", name, values.get(name, ""), kind="wide")
            for name, effect in switches.items()
        ]
    return _section(
        "switches", "Fault switches", _form("switches", "Set", *fields), _form("switches/off", "Switch all off")
    )
