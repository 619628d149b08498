"""Logs as one JSON object a line, each with the id of the request that caused it, and none with a secret.

A URL may carry a secret: an order's link, a key that resets a password. Wherever a path stands in a log line, it is
replaced by its route unless every parameter of the route is known to be harmless, and ids that open something are
cut to their first characters.
"""

import contextvars
import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

from django.apps import apps
from django.urls import Resolver404, resolve

request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="")

# Parameters of routes that say nothing secret; a path with any other one is written as its route.
HARMLESS = frozenset(
    {
        *("path", "slug", "section", "number", "pk", "line_id", "mail_id", "object_id", "app_label", "url"),
        *("content_type_id", "id", "product_id", "order_id", "run_id"),
    }
)
PATH = re.compile(r"(https?://[^/\s\"'<>]+)?(/[^\s\"'<>\\,;)\]}?#]+)")
# UUIDs, with and without dashes: order links, cart tokens, idempotency keys, ids of mails.
TOKEN = re.compile(
    r"(?<![0-9a-f])([0-9a-f]{4})[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}(?![0-9a-f])", re.I
)
# Keys in mails about accounts, also where the rest of the path leads nowhere.
KEY = re.compile(r"((?:password/reset/key|confirm-email|signup)/)[^\s\"'<>/]+", re.I)
# C1 controls, next line, line and paragraph separators, direction marks, invisible characters, halves of pairs: what
# makes a terminal or a reader of logs show another line than the one that was written.
UNSEEN = re.compile(
    "[\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


def masked_path(path: str) -> str:
    """The path, or its route where a parameter could be a secret."""
    if not apps.ready:
        return masked_tokens(path)
    closed = f"{path.removesuffix('/')}/"  # what the path is redirected to
    prefix, rest = closed[: closed.find("/", 1)], closed[closed.find("/", 1) :]  # a market's, perhaps
    for start, candidate in (("", closed), ("", path), (prefix, rest), (prefix, rest.removesuffix("/"))):
        try:
            match = resolve(candidate)
        except (Resolver404, ValueError):
            continue
        if match.args or match.kwargs.keys() - HARMLESS:
            return f"{start}/{match.route}"
    return masked_tokens(path)


def masked_tokens(text: str) -> str:
    return KEY.sub(r"\1…", TOKEN.sub(r"\1…", text))


def masked(text: str) -> str:
    """The text without secrets: paths as their routes, tokens cut short."""
    return masked_tokens(PATH.sub(lambda found: (found[1] or "") + masked_path(found[2]), text))


def escaped(line: str) -> str:
    """The JSON line with every character that could fake another line as its escape; it stays the same JSON."""
    return UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


class JsonFormatter(logging.Formatter):
    """Time, level, logger, message, request id and whatever `extra={"facts": {...}}` carries."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": masked(record.getMessage()),
        }
        if current := request_id.get():
            line["request_id"] = current
        facts = getattr(record, "facts", {})
        line |= {name: masked(value) if isinstance(value, str) else value for name, value in facts.items()}
        if record.exc_info:
            line["traceback"] = masked_tokens(self.formatException(record.exc_info))
        return escaped(json.dumps(line, ensure_ascii=False, default=str))
