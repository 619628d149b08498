"""The sandbox's HTTP server: /v1/… for the shop, /c/pay/… for the shopper, /sandbox/… for tests."""

import json
import secrets
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from payments.sandbox import by_hand, dashboard, pages, shopper
from payments.sandbox.api import Api
from payments.sandbox.faults import HANG_SECONDS, HTML_PAGE, with_unknown
from payments.sandbox.files import multipart_pairs
from payments.sandbox.parameters import Refusal, nested
from payments.sandbox.timers import run_due

MAX_BODY_BYTES = 6 * 1024 * 1024  # a file of evidence has 5 MB at most
FAILURE = {"error": {"type": "api_error", "message": "An unknown error occurred"}}


class Sandbox(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    api: Api


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Sandbox

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing, because the shop logs its calls."""

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_DELETE(self) -> None:
        self._answer("DELETE")

    def _send(self, status: int, body: bytes, kind: str, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Request-Id", f"req_{secrets.token_hex(7)}")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def _send_json(self, status: int, body: Any, **headers: str) -> None:
        self._send(
            status,
            (body if isinstance(body, str) else json.dumps(body)).encode(),
            "application/json",
            **headers,
        )

    def _send_page(self, status: int, page: str) -> None:
        self._send(status, page.encode(), "text/html; charset=utf-8")

    def _answer(self, method: str) -> None:
        url = urllib.parse.urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY_BYTES:
            self._send_json(413, {})
            return
        raw = self.rfile.read(length)
        content_type = self.headers.get("Content-Type", "")
        if content_type.startswith("multipart/form-data"):
            pairs = multipart_pairs(content_type, raw)
        else:
            text = raw.decode("utf-8", "replace") if method == "POST" else url.query
            pairs = urllib.parse.parse_qsl(text, keep_blank_values=True)
        parts = [part for part in url.path.split("/") if part]
        match parts:
            case ["v1", *path]:
                self._answer_call(method, path, pairs)
            case ["c", "pay", session_id]:
                api = self.server.api
                self._send_answer(shopper.answer(api, method, api.store.find(session_id), dict(pairs)))
            case ["c", "embedded", secret]:
                api = self.server.api
                self._send_answer(shopper.answer(api, method, shopper.embedded_session(api, secret), dict(pairs)))
            case ["stripe.js"]:
                self._send(200, pages.SCRIPT.encode(), "text/javascript; charset=utf-8")
            case ["sandbox", *path]:
                self._answer_by_hand(method, path, dict(pairs))
            case _:
                self._send_json(404, {"error": {"message": "There is nothing here."}})

    # -- the API --------------------------------------------------------------------------------------

    def _answer_call(self, method: str, path: list[str], pairs: list[tuple[str, str]]) -> None:
        store = self.server.api.store
        name = f"{method} {'/'.join(path)}"
        run_due(self.server.api)
        if self._is_in_trouble(name):
            return
        if not self.headers.get("Authorization", "").startswith("Bearer sk_test_"):
            self._send_json(
                401,
                {"error": {"type": "invalid_request_error", "message": "Only sk_test_ keys are taken here."}},
            )
            return
        key = self.headers.get("Idempotency-Key") if method == "POST" else None
        with store.transaction():
            status, body, is_replayed = self._run(method, path, pairs, key)
        if store.use_up("lose", name):
            # The call was carried out, but its answer is lost.
            self.close_connection = True
            self.connection.close()
            return
        headers = {"Idempotent_Replayed": "true"} if is_replayed else {}
        if store.use_up("unknown", name):
            body = with_unknown(json.loads(body) if isinstance(body, str) else body)
        if store.use_up("trickle", name):
            self._trickle(status, body)
            return
        self._send_json(status, body, **headers)

    def _trickle(self, status: int, body: Any) -> None:
        """Send an answer one byte a second, until the other side has had enough."""
        text = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.close_connection = True
        for byte in text:
            try:
                self.wfile.write(bytes([byte]))
            except OSError:
                return
            time.sleep(1)

    def _is_in_trouble(self, name: str) -> bool:
        store = self.server.api.store
        if store.use_up("hang", name):
            time.sleep(HANG_SECONDS)
        if store.use_up("html", name):
            self._send_page(200, HTML_PAGE)
            return True
        if store.use_up("500", name):
            self._send_json(500, FAILURE)
            return True
        if store.use_up("409", name):
            message = "There is currently another in-progress request using this Idempotent Key."
            body = {"type": "idempotency_error", "code": "idempotency_key_in_use", "message": message}
            self._send_json(409, {"error": body})
            return True
        if store.use_up("429", name):
            self._send_json(
                429,
                {
                    "error": {
                        "type": "invalid_request_error",
                        "code": "rate_limit",
                        "message": "Too many requests",
                    }
                },
                Retry_After="1",
            )
            return True
        return False

    def _run(
        self, method: str, path: list[str], pairs: list[tuple[str, str]], key: str | None
    ) -> tuple[int, Any, bool]:
        """Carry out the call, or repeat the stored answer to its idempotency key."""
        store = self.server.api.store
        request = f"{method} {'/'.join(path)} {sorted(pairs)}"
        if key and (known := store.answer_to(key)):
            if known[0] != request:
                message = (
                    "Keys for idempotent requests can only be used with the same parameters they were first used with."
                )
                refusal = Refusal(400, message, type="idempotency_error")
                return refusal.status, refusal.body, False
            return known[1], known[2], True
        name = f"{method} {'/'.join(path)}"
        is_failure = key and store.use_up("fail", name)
        try:
            status, body = 200, {} if is_failure else self.server.api.call(method, path, nested(pairs))
        except Refusal as refusal:
            status, body = refusal.status, refusal.body
        if is_failure or (key and store.use_up("fail_late", name)):
            status, body = 500, FAILURE
        if key:
            store.keep_answer(key, request, status, json.dumps(body))
        return status, body, False

    def _send_answer(self, page: shopper.Page) -> None:
        if page.location:
            self._send(page.status, b"", "text/plain", Location=page.location)
        else:
            self._send_page(page.status, page.body)

    # -- by hand --------------------------------------------------------------------------------------

    def _answer_by_hand(self, method: str, path: list[str], form: dict[str, str]) -> None:
        """Answer tests with JSON, and browsers with the dashboard."""
        api = self.server.api
        if self._is_from_elsewhere():
            self._send_json(403, {"error": {"message": "Another site asked for this."}})
            return
        run_due(api)
        if method == "GET":
            self._show_by_hand(path)
            return
        is_browser = "text/html" in self.headers.get("Accept", "")
        try:
            with api.store.transaction():
                answer = by_hand.act(api, path, form)
        except Refusal as refusal:
            if is_browser:
                self._send_page(refusal.status, dashboard.page(api, str(refusal)))
            else:
                self._send_json(refusal.status, refusal.body)
            return
        if is_browser:
            self._send(303, b"", "text/plain", Location=f"/sandbox/#{path[0]}")
        else:
            self._send_json(200, answer)

    def _show_by_hand(self, path: list[str]) -> None:
        api = self.server.api
        match path:
            case []:
                self._send_page(200, dashboard.page(api))
            case ["deliveries"]:
                self._send_json(200, {"waiting": api.store.waiting_deliveries()})
            case ["switches"]:
                self._send_json(200, api.store.switches())
            case ["clock"]:
                self._send_json(200, by_hand.clock(api))
            case _:
                self._send_json(404, {"error": {"message": "There is nothing here."}})

    def _is_from_elsewhere(self) -> bool:
        """Return whether a page of another site made a browser send this."""
        origin = self.headers.get("Origin")
        return bool(origin) and urllib.parse.urlsplit(str(origin)).netloc != self.headers.get("Host")
