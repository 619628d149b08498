"""The hosted payment page as plain HTML."""

import html
import json
from typing import Any

from payments.sandbox.cards import CARDS

FRAME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>
body{{margin:0;background:#eef0f4;color:#1c2430;font:1rem/1.5 system-ui,sans-serif}}
main{{max-width:26rem;margin:3rem auto;padding:2rem;background:#fff;border-radius:12px;box-shadow:0 2px 16px #1c243014}}
.test{{background:#fff3d6;border:1px solid #b98100;border-radius:6px;padding:.6rem .8rem;font-size:.9rem}}
h1{{font-size:1.25rem;margin:1rem 0 .25rem}}.total{{font-size:2rem;font-weight:650;margin:0 0 1rem}}
label{{display:block;font-weight:600;margin-bottom:.25rem}}input[type=text]{{font:inherit;width:100%;box-sizing:border-box;
padding:.7rem;border:1px solid #6b7686;border-radius:6px}}
button{{font:inherit;font-weight:600;width:100%;padding:.8rem;margin-top:1rem;border:0;border-radius:6px;background:#1c2430;color:#fff;cursor:pointer}}
button.plain{{background:#fff;color:#1c2430;border:1px solid #6b7686}}
:focus-visible{{outline:3px solid #1c4fd6;outline-offset:2px}}
.error{{color:#a6231b;font-weight:600}}
dl{{font-size:.85rem;display:grid;grid-template-columns:auto 1fr;gap:.2rem 1rem}}dd{{margin:0}}
a{{color:inherit}}label.beside{{display:inline}}
</style></head><body><main>
<p class="test"><strong>Test mode.</strong> No money moves: this page stands in for Stripe Checkout.</p>
{body}</main></body></html>"""


def spaced(number: str) -> str:
    """Return a card's number as it is printed, in groups of four."""
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))


def _card_list(session: dict[str, Any]) -> str:
    """Return the test cards that can pay this session, and what each does."""
    offered = [c for c in CARDS if not c.is_bank_account or "sepa_debit" in session["payment_method_types"]]
    return f"<dl>{''.join(f'<dt>{spaced(c.number)}</dt><dd>{html.escape(c.effect)}</dd>' for c in offered)}</dl>"


def shown_amount(minor: int, currency: str) -> str:
    whole = {"jpy": 0, "krw": 0, "kwd": 3}.get(currency, 2)
    return f"{minor / 10**whole:.{whole}f} {currency.upper()}"


def payment_page(session: dict[str, Any], saved: list[dict[str, Any]], error: str = "") -> str:
    items = "".join(f"<p>{html.escape(item['description'])}</p>" for item in session["_items"])
    message = f'<p class="error" role="alert">{html.escape(error)}</p>' if error else ""
    back = html.escape(session.get("cancel_url") or "")
    link = f'<p><a href="{back}">Back to the shop</a></p>' if back else ""
    total = shown_amount(session["amount_total"], session["currency"])
    body = f"""<h1>Pay</h1>{items}<p class="total">{total}</p>{message}{_saved_form(session, saved)}
<form method="post">{_framed(session)}<label for="number">Card number or IBAN</label>
<input type="text" id="number" name="number" autocomplete="cc-number" value="4242 4242 4242 4242">{_save_box(session)}
<button name="action" value="pay">Pay {total}</button></form>{link}<h2>Test cards</h2>{_card_list(session)}"""
    return FRAME.format(title="Test payment", body=body)


def _saved_form(session: dict[str, Any], saved: list[dict[str, Any]]) -> str:
    """Return a button for each saved method."""
    buttons = "".join(
        f'<button name="payment_method" value="{html.escape(method["id"])}">Pay with {_method_label(method)}</button>'
        for method in saved
    )
    return f'<form method="post">{_framed(session)}{buttons}</form><p>Or with another card:</p>' if buttons else ""


def _method_label(method: dict[str, Any]) -> str:
    details = method[method["type"]]
    return html.escape(f"{details.get('brand', 'bank account').capitalize()} ending in {details['last4']}")


def _save_box(session: dict[str, Any]) -> str:
    options = session["saved_payment_method_options"] or {}
    if not session["customer"] or options.get("payment_method_save") != "enabled":
        return ""
    return (
        '<p><input type="checkbox" id="save" name="save"> <label for="save" class="beside">Save this card</label></p>'
    )


def _framed(session: dict[str, Any]) -> str:
    is_embedded = session["ui_mode"] == "embedded_page"
    return '<input type="hidden" name="framed" value="1">' if is_embedded else ""


def secure_page(session: dict[str, Any], form: dict[str, str]) -> str:
    kept = {name: form[name] for name in ("number", "payment_method", "save") if name in form}
    hidden = "".join(f'<input type="hidden" name="{name}" value="{html.escape(kept[name])}">' for name in kept)
    body = f"""<h1>Your bank asks you to confirm this payment</h1><form method="post">{hidden}{_framed(session)}
<button name="action" value="authenticate">Yes, pay</button>
<button class="plain" name="action" value="fail">No</button></form>"""
    return FRAME.format(title="3-D Secure test", body=body)


def return_address(session: dict[str, Any]) -> str:
    """Return where the shopper goes after paying; nowhere if an embedded page asks for no redirect."""
    target = session["success_url"] or session["return_url"] or ""
    return str(target).replace("{CHECKOUT_SESSION_ID}", session["id"])


def done_page(target: str) -> str:
    """The embedded page after the payment: it tells the shop's page, which leaves or shows its own text."""
    link = f'<p><a href="{html.escape(target)}" target="_top">Back to the shop</a></p>' if target else ""
    word = json.dumps({"sandbox": "complete", "target": target}).replace("<", "\\u003c")
    script = f'<script>window.parent.postMessage({word}, "*")</script>'
    return FRAME.format(title="Paid", body=f"<h1>This payment is done.</h1>{link}{script}")


def closed_page(session: dict[str, Any]) -> str:
    headings = {"complete": "This payment is done.", "expired": "This payment page has expired."}
    target = return_address(session) if session["status"] == "complete" else session.get("cancel_url")
    link = f'<p><a href="{html.escape(str(target))}" target="_top">Back to the shop</a></p>' if target else ""
    return FRAME.format(title="Test payment", body=f"<h1>{headings.get(session['status'], 'Closed.')}</h1>{link}")


# A stand-in for https://js.stripe.com: Stripe(key).initEmbeddedCheckout({clientSecret}) and mount() show the page in a frame.
SCRIPT = """(() => {
  const origin = new URL(document.currentScript.src).origin;
  const open = async (options) => {
    const secret = options.clientSecret || await options.fetchClientSecret();
    let frame = null;
    const listen = (event) => {
      if (event.origin !== origin || !event.data || event.data.sandbox !== "complete") return;
      if (event.data.target) window.location.assign(event.data.target);
      else if (options.onComplete) options.onComplete();
    };
    return {
      mount(place) {
        const parent = typeof place === "string" ? document.querySelector(place) : place;
        frame = document.createElement("iframe");
        frame.src = `${origin}/c/embedded/${secret}`;
        frame.title = "Payment";
        frame.width = "100%";
        frame.height = "900";
        window.addEventListener("message", listen);
        parent.append(frame);
      },
      unmount() { if (frame) frame.remove(); },
      destroy() { if (frame) frame.remove(); window.removeEventListener("message", listen); },
    };
  };
  window.Stripe = () => ({initEmbeddedCheckout: open, createEmbeddedCheckoutPage: open});
})();
"""
