"""Stripe's API, as far as the shop uses it: find the call, check its parameters and answer."""

import re
from typing import Any

from payments.sandbox import balance, charges, customers, disputes, files, intents, payouts, refunds, sessions, webhooks
from payments.sandbox.backend import Backend, Call
from payments.sandbox.parameters import Refusal, check_known
from payments.sandbox.reading import expand, reading_calls
from payments.sandbox.store import Thing

CALLS: list[Call] = [
    *sessions.CALLS,
    *customers.CALLS,
    *intents.CALLS,
    *charges.CALLS,
    *refunds.CALLS,
    *disputes.CALLS,
    *files.CALLS,
    *balance.CALLS,
    *payouts.CALLS,
    *webhooks.CALLS,
    *reading_calls("events", "event", ("type",)),
]


def _pattern(call: Call) -> re.Pattern[str]:
    return re.compile(call.path.replace("{}", "([^/]+)"))


PATTERNS = [(_pattern(call), call) for call in CALLS]


class Api(Backend):
    """Answer API calls from the store; raise Refusal for everything that Stripe refuses."""

    def call(self, method: str, path: list[str], parameters: dict[str, Any]) -> Thing:
        """Find the call, check the parameters and return the answer."""
        address = "/".join(path)
        for pattern, call in PATTERNS:
            match = pattern.fullmatch(address)
            if match and call.method == method:
                check_known(parameters, call.shape)
                answer = call.answer(self, parameters, *match.groups())
                if "expand" in parameters:
                    expand(self, answer, parameters["expand"])
                return answer
        raise Refusal(404, f"Unrecognized request URL ({method}: /v1/{address}).")
