"""Parse parameters in Stripe's format, and refuse unknown ones as Stripe does."""

import re
from typing import Any


class Refusal(Exception):
    """An error answer of the API, with its status and body."""

    def __init__(self, status: int, message: str, *, type: str = "invalid_request_error", **error_fields: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"type": type, "message": message, **error_fields}}


def nested(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Return the parameters as a tree: `a[b][0][c]=v` becomes `{"a": {"b": [{"c": "v"}]}}`."""
    tree: dict[str, Any] = {}
    for name, value in pairs:
        keys = re.findall(r"[^\[\]]+", name)
        node = tree
        for key in keys[:-1]:
            node = node.setdefault(key, {})
            if not isinstance(node, dict):
                raise Refusal(400, f"Invalid parameter: {name}", param=name)
        node[keys[-1]] = value
    return {key: _lists(value) for key, value in tree.items()}


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _lists(child) for key, child in value.items()}
    if inner and all(key.isdigit() for key in inner):
        return [inner[key] for key in sorted(inner, key=int)]
    return inner


# The parameters of each call. A dictionary is a hash, a list holds hashes of one shape, and ANY accepts everything.
ANY = object()
Shape = dict[str, Any]

PRICE_DATA: Shape = {
    "currency": None,
    "unit_amount": None,
    "tax_behavior": None,
    "product_data": {"name": None, "description": None, "images": ANY, "metadata": ANY},
}
SESSION: Shape = {
    "mode": None,
    "line_items": [{"quantity": None, "price_data": PRICE_DATA}],
    "customer": None,
    "customer_creation": None,
    "customer_email": None,
    "client_reference_id": None,
    "metadata": ANY,
    "payment_intent_data": {
        "metadata": ANY,
        "description": None,
        "receipt_email": None,
        "capture_method": None,
        "setup_future_usage": None,
    },
    "payment_method_types": ANY,
    "redirect_on_completion": None,
    "return_url": None,
    "saved_payment_method_options": {
        "allow_redisplay_filters": ANY,
        "payment_method_remove": None,
        "payment_method_save": None,
    },
    "submit_type": None,
    "success_url": None,
    "ui_mode": None,
    "cancel_url": None,
    "expires_at": None,
    "locale": None,
    "expand": ANY,
}

REFUND: Shape = {
    "payment_intent": None,
    "charge": None,
    "amount": None,
    "reason": None,
    "metadata": ANY,
    "expand": ANY,
}
RETRIEVE: Shape = {"expand": ANY}


def check_known(parameters: dict[str, Any], shape: Shape, where: str = "") -> None:
    """Raise Refusal for parameters that the call does not have, as Stripe does."""
    for name, value in parameters.items():
        path = f"{where}[{name}]" if where else name
        if name not in shape:
            message = f"Received unknown parameter: {path}"
            raise Refusal(400, message, code="parameter_unknown", param=path)
        inner = shape[name]
        if isinstance(inner, dict):
            if not isinstance(value, dict):
                raise Refusal(400, f"Invalid hash: {path}", param=path)
            check_known(value, inner, path)
        elif isinstance(inner, list):
            for index, entry in enumerate(value if isinstance(value, list) else [value]):
                if not isinstance(entry, dict):
                    raise Refusal(400, f"Invalid array: {path}", param=path)
                check_known(entry, inner[0], f"{path}[{index}]")


def whole_number(parameters: dict[str, Any], name: str, default: int | None = None) -> int:
    value = parameters.get(name)
    if value is None and default is not None:
        return default
    try:
        return int(str(value))
    except ValueError:
        raise Refusal(400, f"Invalid integer: {value}", code="parameter_invalid_integer", param=name) from None


def needed(parameters: dict[str, Any], name: str) -> Any:
    if name not in parameters:
        raise Refusal(400, f"Missing required param: {name}.", code="parameter_missing", param=name)
    return parameters[name]


def one_of(parameters: dict[str, Any], name: str, choices: tuple[str, ...], default: str | None = None) -> Any:
    """Return a parameter that must be one of some words, or refuse it as Stripe does."""
    value = parameters.get(name, default)
    if value is not None and value not in choices:
        raise Refusal(400, f"Invalid {name}: must be one of {', '.join(choices)}", param=name)
    return value
