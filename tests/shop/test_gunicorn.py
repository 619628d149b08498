"""Requests that gunicorn itself refuses get the same plain answer and kind of log line, over a real socket."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.full
LINK = "/orders/3f2a9c41-7be0-4c1d-9a77-02d1e8b1c001/"
HEADERS = (
    "content-security-policy",
    "x-content-type-options",
    "x-frame-options",
    "referrer-policy",
    "permissions-policy",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[tuple[int, Path]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("gunicorn") / "log"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "SHOP_BIND": f"127.0.0.1:{port}"}
    command = [sys.executable, "-m", "gunicorn", "-c", "shop/web_server.py", "--workers", "1", "shop.wsgi"]
    with log.open("wb") as output:
        child = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    for _ in range(600):
        try:
            ask(port, b"GET /healthz HTTP/1.1\r\nHost: testserver\r\nConnection: close\r\n\r\n")
            break
        except OSError:
            time.sleep(0.1)
    yield port, log
    child.terminate()
    child.wait(60)


def ask(port: int, request: bytes) -> tuple[int, str]:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return int(answer.split()[1]), answer.split(b"\r\n\r\n")[0].decode("latin-1").lower()


@pytest.mark.parametrize(
    ("request_line", "headers"),
    [
        (f"GET {LINK} NONSENSE", ""),
        (f"G\x01T {LINK} HTTP/1.1", ""),
        (f"GET {LINK} HTTP/1.1", "Referer: a\x00b\r\n"),
        (f"GET {LINK} HTTP/1.1", "Bad Name: x\r\n"),
        (f"GET {LINK} HTTP/1.1", "X: a\r\n folded\r\n"),
        (f"GET {LINK} HTTP/1.1", "Content-Length: x\r\n"),
        (f"GET {LINK} HTTP/1.1", "Content-Length: 1\r\nContent-Length: 2\r\n"),
        (f"GET {LINK} HTTP/1.1", "Transfer-Encoding: gzip\r\n"),
        (f"GET {LINK}?{'a' * 5000} HTTP/1.1", ""),
        (f"GET {LINK} HTTP/1.1", "".join(f"X-{number}: 1\r\n" for number in range(80))),
        ("POST /cart/add/ HTTP/1.1", "Referer: http://[\r\nContent-Length: 0\r\n"),
        ("POST /cart/add/ HTTP/1.1", "Content-Type: text/plain; charset=hex\r\nContent-Length: 0\r\n"),
        ("GET /p/%00/ HTTP/1.1", ""),
        ("GET /search/?q=%ED%A0%80%00 HTTP/1.1", ""),
    ],
)
def test_requests_that_are_not_http_are_refused_in_plain_words_and_logged_without_links(server, request_line, headers):
    port, log = server
    size = log.stat().st_size
    status, head = ask(
        port, f"{request_line}\r\nHost: testserver\r\n{headers}Connection: close\r\n\r\n".encode("latin-1")
    )
    assert 400 <= status < 500 or status == 501
    assert [name for name in HEADERS if name not in head] == []
    assert "text/plain" in head
    time.sleep(0.1)
    lines = log.read_bytes()[size:].decode().splitlines()
    assert lines
    assert all(json.loads(line) for line in lines)
    assert not re.search(r"3f2a9c41-7be0", "".join(lines))
