"""The webhook endpoint: which events it is sent, and in what shape and with what signature."""

import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from payments.sandbox.backend import API_VERSION, Backend, Call
from payments.sandbox.parameters import ANY, one_of
from payments.sandbox.reading import reading_calls
from payments.sandbox.store import Thing

ENDPOINT = "we_sandbox"
THIN_OBJECT = "v2.core.event"
CHANGES = {"enabled_events": ANY, "disabled": None, "description": None, "metadata": ANY, "expand": ANY}


@dataclass(frozen=True)
class Request:
    """What one delivery sends."""

    body: bytes
    signature: str


def register_endpoint(backend: Backend, url: str) -> None:
    """Remember where events are sent, so that the API shows it."""
    endpoint = backend.store.find(ENDPOINT)
    if endpoint:
        backend.store.save({**endpoint, "url": url})
        return
    backend.store.create(
        "we",
        "webhook_endpoint",
        id=ENDPOINT,
        api_version=API_VERSION,
        application=None,
        description=None,
        enabled_events=["*"],
        metadata={},
        status="enabled",
        url=url,
    )


def update_endpoint(backend: Backend, parameters: dict[str, Any], name: str) -> Thing:
    endpoint = backend.get("webhook_endpoint", name)
    one_of(parameters, "disabled", ("true", "false"))
    if "disabled" in parameters:
        endpoint["status"] = "disabled" if parameters["disabled"] == "true" else "enabled"
    for field in ("enabled_events", "description", "metadata"):
        endpoint[field] = parameters.get(field, endpoint[field])
    backend.store.save(endpoint)
    return backend.show(endpoint)


def is_wanted(backend: Backend, event: Thing) -> bool:
    """Return whether the endpoint is on and has asked for events of this type."""
    endpoint = backend.store.find(ENDPOINT)
    if not endpoint:
        return True
    return endpoint["status"] == "enabled" and not {"*", event["type"]}.isdisjoint(endpoint["enabled_events"])


def prepare(backend: Backend, event: Thing, secrets: list[str]) -> Request:
    """Return the bytes and the signature of a delivery, as the switches want them."""
    payload = backend.show(event)
    if backend.store.use_up("live"):
        payload["livemode"] = True
    if backend.store.use_up("thin"):
        payload = thin(payload)
    body = json.dumps(payload).encode()
    timestamp = int(time.time() - float(backend.store.switch("signature_age") or 0))
    return Request(body, signature(chosen(secrets, backend.store.switch("sign")), body, timestamp))


def chosen(secrets: list[str], switch: str) -> list[str]:
    """Return the secrets to sign with: all during a rotation, unless the switch `sign` says which."""
    if switch == "wrong":
        return ["whsec_of_somebody_else"]
    if switch == "first":
        return secrets[:1]
    return secrets[-1:] if switch == "last" else secrets


def signature(secrets: list[str], body: bytes, timestamp: int) -> str:
    """Return a Stripe-Signature header as described in https://docs.stripe.com/webhooks#verify-manually."""
    digests = [hmac.new(secret.encode(), b"%d." % timestamp + body, hashlib.sha256).hexdigest() for secret in secrets]
    return ",".join([f"t={timestamp}", *(f"v1={digest}" for digest in digests)])


def thin(event: Thing) -> Thing:
    """Return the event as a thin payload, which names its object and does not contain it."""
    subject = event["data"]["object"]
    created = datetime.fromtimestamp(event["created"], UTC)
    return {
        "id": event["id"],
        "object": THIN_OBJECT,
        "type": f"v1.{event['type']}",
        "livemode": event["livemode"],
        "created": created.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "context": None,
        "reason": None,
        "related_object": {
            "id": subject["id"],
            "type": subject["object"],
            "url": f"/v1/{subject['object'].replace('.', '/')}s/{subject['id']}",
        },
    }


CALLS = [
    *reading_calls("webhook_endpoints", "webhook_endpoint"),
    Call("POST", "webhook_endpoints/{}", CHANGES, update_endpoint),
]
