"""Write logs as one JSON object per line, with the request's id and without secrets.

A URL can contain a secret, such as an order's link or a password reset key. A path in a log line is replaced by its route
unless every parameter of the route is known to be harmless, and tokens are cut to their first characters.
"""

import contextvars
import json
import logging
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.apps import apps
from django.urls import Resolver404, resolve

request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="")

# Parameters of routes that are not secret. A path with any other parameter is logged as its route.
HARMLESS = frozenset(
    {
        *("path", "slug", "section", "number", "pk", "line_id", "mail_id", "object_id", "app_label", "url"),
        *("content_type_id", "id", "product_id", "image_id", "order_id", "run_id", "dispute_id", "what"),
        *("purchase_id", "stocktake_id", "view_id", "version_id", "code", "place", "batch"),
    }
)
PATH = re.compile(r"(https?://[^/\s\"'<>]+)?(/[^\s\"'<>\\,;)\]}?#]+)")
# UUIDs with and without dashes: order links, cart tokens, idempotency keys, mail ids.
TOKEN = re.compile(
    r"(?<![0-9a-f])([0-9a-f]{4})[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}(?![0-9a-f])", re.I
)
# Keys in links of account e-mails, even if the path has no route.
KEY = re.compile(r"((?:password/reset/key|confirm-email|signup|invitation)/)[^\s\"'<>/]+", re.I)
# Characters that make a terminal or log viewer show something else than was written: C1 controls, line separators,
# direction marks, invisible characters and lone surrogates.
UNSEEN = re.compile(
    "[\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


def masked_path(path: str) -> str:
    """Return the path, or its route if a parameter could be secret."""
    return _path_or_route(path) if apps.ready else masked_tokens(path)


@lru_cache(maxsize=1000)  # a line names its path twice, and many lines name the same one
def _path_or_route(path: str) -> str:
    with_slash = f"{path.removesuffix('/')}/"  # what the path is redirected to
    prefix, rest = with_slash[: with_slash.find("/", 1)], with_slash[with_slash.find("/", 1) :]  # perhaps a market's
    candidates = (("", with_slash), ("", path), (prefix, rest), (prefix, rest.removesuffix("/")))
    for start, candidate in dict.fromkeys(candidates):
        try:
            match = resolve(candidate)
        except (Resolver404, ValueError):
            continue
        if match.args or match.kwargs.keys() - HARMLESS:
            return f"{start}/{match.route}"
    return masked_tokens(path)


def masked_tokens(text: str) -> str:
    """Return the text with tokens and keys cut to their first characters."""
    return KEY.sub(r"\1…", TOKEN.sub(r"\1…", text))


def masked(text: str) -> str:
    """Return the text without secrets: paths with secret parameters as routes, and tokens cut short."""
    return masked_tokens(PATH.sub(lambda match: (match[1] or "") + masked_path(match[2]), text))


def escaped(line: str) -> str:
    """Return the JSON line with every misleading character escaped; it is still the same JSON."""
    return UNSEEN.sub(lambda match: f"\\u{ord(match[0]):04x}", line)


class JsonFormatter(logging.Formatter):
    """Format time, level, logger, message, request id and the values of `extra={"fields": {...}}` as JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": masked(record.getMessage()),
        }
        if current := request_id.get():
            line["request_id"] = current
        values = getattr(record, "fields", {})
        line |= {name: masked(value) if isinstance(value, str) else value for name, value in values.items()}
        if record.exc_info:
            line["traceback"] = masked_tokens(self.formatException(record.exc_info))
        return escaped(json.dumps(line, ensure_ascii=False, default=str))
