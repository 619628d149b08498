"""Sign events as Stripe does."""

import hashlib
import hmac
import json
import time
from typing import Any


def signed(event: dict[str, Any], secret: str, *, age: int = 0) -> tuple[bytes, str]:
    """Return the bytes of an event and its signature, `age` seconds old."""
    body = json.dumps(event).encode()
    return body, signature(body, secret, age=age)


def signature(body: bytes, secret: str, *, age: int = 0) -> str:
    moment = int(time.time()) - age
    digest = hmac.new(secret.encode(), b"%d." % moment + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"
