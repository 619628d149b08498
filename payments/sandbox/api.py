"""The calls of Stripe's API that a shop with hosted payment pages makes."""

import time
from collections.abc import Callable
from typing import Any

from payments.sandbox import cards
from payments.sandbox.backend import Backend
from payments.sandbox.parameters import (
    LIST,
    REFUND,
    RETRIEVE,
    SESSION,
    Refusal,
    check_known,
    needed,
    whole_number,
)
from payments.sandbox.store import Store, Thing

MIN_SESSION_SECONDS, MAX_SESSION_SECONDS = 30 * 60, 24 * 3600  # seconds of a Checkout Session
SLACK = 5
Handler = Callable[..., Thing]


class Api(Backend):
    """Answer API calls from the store; raise Refusal for everything that Stripe refuses."""

    def __init__(self, store: Store, base_url: str) -> None:
        super().__init__(store)
        self.base_url = base_url

    def call(  # noqa: C901  (a table of calls, one line each)
        self, method: str, path: list[str], parameters: dict[str, Any]
    ) -> Thing:
        """Find the handler of a call, check the parameters and return the answer."""
        match method, path:
            case "POST", ["checkout", "sessions"]:
                return self._known(SESSION, parameters, self.create_session)
            case "GET", ["checkout", "sessions"]:
                shape = {**LIST, "payment_intent": None, "status": None}
                return self._known(
                    shape, parameters, lambda p: self.list("checkout.session", p, "payment_intent", "status")
                )
            case "GET", ["checkout", "sessions", name]:
                return self._known(RETRIEVE, parameters, lambda p: self.retrieve("checkout.session", name, p))
            case "POST", ["checkout", "sessions", name, "expire"]:
                return self._known(RETRIEVE, parameters, lambda p: self.expire_session(name))
            case "POST", ["refunds"]:
                return self._known(REFUND, parameters, self.create_refund)
            case "GET", ["refunds"]:
                shape = {**LIST, "payment_intent": None, "charge": None}
                return self._known(shape, parameters, lambda p: self.list("refund", p, "payment_intent", "charge"))
            case "GET", ["balance_transactions"]:
                shape = {**LIST, "source": None, "type": None}
                return self._known(shape, parameters, lambda p: self.list("balance_transaction", p, "source", "type"))
            case "GET", ["events"]:
                return self._known({**LIST, "type": None}, parameters, lambda p: self.list("event", p, "type"))
            case "GET", [("payment_intents" | "charges") as kind]:
                shape = {**LIST, "payment_intent": None}
                return self._known(shape, parameters, lambda p: self.list(kind.removesuffix("s"), p, "payment_intent"))
            case "GET", [
                ("payment_intents" | "charges" | "refunds" | "events" | "balance_transactions") as kind,
                name,
            ]:
                return self._known(RETRIEVE, parameters, lambda p: self.retrieve(kind.removesuffix("s"), name, p))
        raise Refusal(404, f"Unrecognized request URL ({method}: /v1/{'/'.join(path)}).")

    def _known(self, shape: dict[str, Any], parameters: dict[str, Any], handler: Handler) -> Thing:
        check_known(parameters, shape)
        return handler(parameters)

    def get(self, kind: str, name: str) -> Thing:
        thing = self.store.find(name)
        if not thing or thing["object"] != kind:
            raise Refusal(404, f"No such {kind}: '{name}'", code="resource_missing", param="id")
        return thing

    # -- sessions ------------------------------------------------------------------------------------

    def create_session(self, parameters: dict[str, Any]) -> Thing:
        if needed(parameters, "mode") != "payment":
            raise Refusal(400, "The sandbox knows only mode=payment.", param="mode")
        needed(parameters, "success_url")
        items = [self._line_item(item) for item in needed(parameters, "line_items")]
        expires = whole_number(parameters, "expires_at", int(time.time()) + MAX_SESSION_SECONDS)
        if not MIN_SESSION_SECONDS - SLACK <= expires - time.time() <= MAX_SESSION_SECONDS + SLACK:
            message = (
                "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation."
            )
            raise Refusal(400, message, param="expires_at")
        total = sum(item["amount_total"] for item in items)
        currency = items[0]["currency"]
        if total < cards.smallest_charge(currency):
            message = "The Checkout Session's total amount due must add up to at least the minimum charge amount."
            raise Refusal(400, message, code="amount_too_small")
        session = self.store.create(
            "cs_test", "checkout.session", **session_fields(parameters, total, currency, expires)
        )
        session["url"] = f"{self.base_url}/c/pay/{session['id']}"
        session["_items"] = items
        session["_intent_data"] = parameters.get("payment_intent_data", {})
        self.store.save(session)
        return public(session)

    def _line_item(self, item: dict[str, Any]) -> Thing:
        price = needed(item, "price_data")
        quantity = whole_number(item, "quantity", 1)
        amount = whole_number(price, "unit_amount") * quantity
        if amount < 0:
            raise Refusal(400, "Invalid non-negative integer", param="line_items[0][price_data][unit_amount]")
        name = needed(price.get("product_data", {}), "name")
        currency = str(needed(price, "currency")).lower()
        return {
            "object": "item",
            "description": name,
            "quantity": quantity,
            "amount_total": amount,
            "currency": currency,
        }

    def expire_session(self, name: str) -> Thing:
        session = self.get("checkout.session", name)
        if session["status"] != "open":
            message = 'Only Checkout Sessions with a status in ["open"] can be expired. '
            raise Refusal(400, message + f"This Checkout Session has a status of {session['status']}.")
        session.update(status="expired", url=None)
        self.store.save(session)
        self.emit("checkout.session.expired", public(session))
        return public(session)

    def expire_old_sessions(self) -> None:
        """Expire open sessions whose time is over, as Stripe does by itself."""
        with self.store.transaction():
            for session in self.store.newest("checkout.session", limit=200):
                if session["status"] == "open" and session["expires_at"] <= time.time():
                    self.expire_session(session["id"])

    # -- refunds -------------------------------------------------------------------------------------

    def create_refund(self, parameters: dict[str, Any]) -> Thing:
        charge = self._charge_to_refund(parameters)
        left = charge["amount"] - charge["amount_refunded"]
        amount = whole_number(parameters, "amount", left)
        if left <= 0:
            message = f"Charge {charge['id']} has already been refunded."
            raise Refusal(400, message, code="charge_already_refunded")
        if not 0 < amount <= left:
            message = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
            raise Refusal(400, message, code="amount_too_large", param="amount")
        refund = self.store.create("re", "refund", **refund_fields(charge, amount, parameters))
        refund["balance_transaction"] = self.balance(-amount, charge["currency"], "refund", refund["id"])["id"]
        self.store.save(refund)
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        self.store.save(charge)
        self.emit("refund.created", refund)
        self.emit("charge.refunded", charge)
        return refund

    def _charge_to_refund(self, parameters: dict[str, Any]) -> Thing:
        if "charge" in parameters:
            return self.get("charge", parameters["charge"])
        intent = self.get("payment_intent", needed(parameters, "payment_intent"))
        if not intent["latest_charge"] or intent["status"] != "succeeded":
            raise Refusal(400, "This PaymentIntent does not have a successful charge to refund.")
        return self.get("charge", intent["latest_charge"])

    # -- reading -------------------------------------------------------------------------------------

    def retrieve(self, kind: str, name: str, parameters: dict[str, Any]) -> Thing:
        thing = public(self.get(kind, name))
        for path in _as_list(parameters.get("expand", [])):
            self._expand(thing, path.split("."))
        return thing

    def _expand(self, thing: Thing, path: list[str]) -> None:
        """Replace an id by its object along a path like `payment_intent.latest_charge`."""
        first, *rest = path
        if first not in thing:
            raise Refusal(400, f"This property cannot be expanded ({first}).", param="expand")
        inner = self.store.find(thing[first]) if isinstance(thing[first], str) else thing[first]
        if isinstance(inner, dict):
            thing[first] = inner
            if rest:
                self._expand(inner, rest)

    def list(self, kind: str, parameters: dict[str, Any], *filters: str) -> Thing:
        limit = min(100, max(1, whole_number(parameters, "limit", 10)))
        before = parameters.get("starting_after", "")
        found: list[Thing] = []
        while True:
            page = self.store.newest(kind, limit=200, before=before)
            found += [thing for thing in page[:200] if _matches(thing, parameters, filters)]
            if len(page) <= 200 or len(found) > limit:
                break
            before = page[199]["id"]
        url = f"/v1/{kind.replace('.', '/')}s"
        return {
            "object": "list",
            "data": [public(t) for t in found[:limit]],
            "has_more": len(found) > limit,
            "url": url,
        }


def _matches(thing: Thing, parameters: dict[str, Any], filters: tuple[str, ...]) -> bool:
    if any(name in parameters and thing.get(name) != parameters[name] for name in filters):
        return False
    created = parameters.get("created", {})
    bounds = created if isinstance(created, dict) else {"gte": created, "lte": created}
    return int(bounds.get("gte", 0)) <= int(thing["created"]) <= int(bounds.get("lte", 2**62))


def _as_list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def public(thing: Thing) -> Thing:
    """Return the object without the sandbox's internal fields."""
    return {key: value for key, value in thing.items() if not key.startswith("_")}


def session_fields(parameters: dict[str, Any], total: int, currency: str, expires: int) -> dict[str, Any]:
    return {
        "mode": "payment",
        "status": "open",
        "payment_status": "unpaid",
        "currency": currency,
        "amount_subtotal": total,
        "amount_total": total,
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": None,
        "cancel_url": parameters.get("cancel_url"),
        "client_reference_id": parameters.get("client_reference_id"),
        "client_secret": None,
        "consent": None,
        "consent_collection": None,
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
        },
        "customer": None,
        "customer_creation": "if_required",
        "customer_details": None,
        "customer_email": parameters.get("customer_email"),
        "expires_at": expires,
        "invoice": None,
        "invoice_creation": {"enabled": False, "invoice_data": {}},
        "locale": parameters.get("locale"),
        "metadata": parameters.get("metadata", {}),
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": "if_required",
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "phone_number_collection": {"enabled": False},
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "submit_type": None,
        "subscription": None,
        "success_url": parameters["success_url"],
        "ui_mode": "hosted",
        "url": None,
    }


def refund_fields(charge: Thing, amount: int, parameters: dict[str, Any]) -> dict[str, Any]:
    return {
        "amount": amount,
        "currency": charge["currency"],
        "charge": charge["id"],
        "payment_intent": charge["payment_intent"],
        "status": "succeeded",
        "reason": parameters.get("reason"),
        "metadata": parameters.get("metadata", {}),
        "balance_transaction": None,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "transfer_reversal": None,
    }
