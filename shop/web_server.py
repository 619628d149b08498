"""gunicorn's settings: `gunicorn -c shop/web_server.py shop.wsgi`."""

import importlib
import os
import socket
from pathlib import Path
from typing import Any

import environ
from gunicorn import util

os.environ["SHOP_PROCESS"] = "web"
# The workers' settings read .env later. Read it here too, because it may contain gunicorn's own variables.
environ.Env.read_env(str(Path(__file__).resolve().parent.parent / ".env"), overwrite=False)
bind = os.environ.get("SHOP_BIND", "127.0.0.1:8000")
workers = int(os.environ.get("SHOP_WEB_WORKERS", "2"))
threads = int(os.environ.get("SHOP_WEB_THREADS", "4"))
worker_class = "gthread"
timeout = 30
graceful_timeout = int(os.environ.get("SHOP_WEB_GRACE", "25"))
keepalive = 5
limit_request_line = 4094
limit_request_fields = 60
limit_request_field_size = 8190
# Only SHOP_TRUSTED_PROXIES says which proxies are trusted; by default gunicorn trusts any on this machine.
forwarded_allow_ips = ""
# The application logs requests with their id, so gunicorn's access log is off. If it is switched on, it contains neither
# path nor Referer, because both can contain a secret link.
accesslog = None
access_log_format = "%(h)s %(m)s %(s)s %(B)s %(L)s"
loglevel = "warning"
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "shop.operations.logs.JsonFormatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"level": "WARNING", "handlers": ["console"]},
    "loggers": {
        "gunicorn.error": {"level": "WARNING", "handlers": ["console"], "propagate": False},
        "gunicorn.access": {"level": "WARNING", "handlers": ["console"], "propagate": False},
    },
}
control_socket_disable = True


def on_starting(_server: Any) -> None:
    """Keep compiled modules. Imported here because gunicorn has added the project to the path only now."""
    importlib.import_module("shop.embedded.compiled").keep_compiled_modules()


def post_worker_init(worker: Any) -> None:
    """Log once per start where the shop listens and what `check --deploy` reports."""
    if worker.age == 1:
        addresses = ", ".join(str(listener) for listener in worker.sockets)
        importlib.import_module("shop.operations.checks").log_setup(addresses)


# Requests that gunicorn refuses never reach the application, which would add these headers.
REFUSAL_HEADERS = (
    ("Connection", "close"),
    ("Content-Type", "text/plain; charset=utf-8"),
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=(), usb=(), payment=(self)"),
)


def write_refusal(client: socket.socket, status: int, reason: str, _message: str) -> None:
    """Answer an invalid request in plain text, without repeating any part of it."""
    body = f"{status} {reason}\n".encode()
    headers = [*REFUSAL_HEADERS, ("Content-Length", str(len(body)))]
    head = f"HTTP/1.1 {status} {reason}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers) + "\r\n"
    util.write_nonblock(client, head.encode("latin-1") + body)


util.write_error = write_refusal
