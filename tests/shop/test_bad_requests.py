"""Whatever cannot be read is a plain 400 with every security header, and one line of JSON in the log."""

import io
import random

import pytest
from django.core.handlers.wsgi import WSGIHandler

from shop.wsgi import application
from tests.factories import make_variant

pytestmark = pytest.mark.django_db
HEADERS = {
    "Content-Security-Policy",
    "X-Content-Type-Options",
    "X-Frame-Options",
    "Referrer-Policy",
    "Permissions-Policy",
    "Cross-Origin-Opener-Policy",
    "Cross-Origin-Resource-Policy",
    "X-Request-ID",
}
FORM = "application/x-www-form-urlencoded"


def ask(method="GET", path="/", query="", body=b"", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """One request through the handler that gunicorn calls, with raw headers."""
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "testserver",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "wsgi.url_scheme": "http",
        "wsgi.errors": io.StringIO(),
        **{name if name.startswith("CONTENT_") else f"HTTP_{name}": value for name, value in headers.items()},
    }
    seen = {}

    def start_response(status, pairs, exc_info=None):
        seen.update(status=int(status[:3]), headers=dict(pairs))

    answer = application(environ, start_response)
    content = b"".join(answer)
    answer.close()
    return seen["status"], seen["headers"], content


@pytest.fixture(autouse=True)
def _in_this_transaction(monkeypatch):
    """The handler's signals would close the test's connection."""
    monkeypatch.setattr("django.core.signals.request_started.send", lambda *_, **__: [])
    monkeypatch.setattr("django.core.signals.request_finished.send", lambda *_, **__: [])


def test_gunicorn_serves_the_handler_that_is_tested_here():
    assert isinstance(application, WSGIHandler)
    status, headers, _content = ask(path="/healthz")
    assert status == 200
    assert headers.keys() >= HEADERS


@pytest.mark.parametrize(
    "parts",
    [
        {"method": "POST", "path": "/cart/add/", "REFERER": "http://["},
        {"method": "POST", "path": "/cart/add/", "ORIGIN": "http://["},
        {"method": "POST", "path": "/checkout/", "REFERER": "https://[::1"},
        {"method": "POST", "CONTENT_TYPE": f"{FORM}; charset=utf\x00", "body": b"a=1"},
        {"method": "POST", "CONTENT_TYPE": f"{FORM}; charset=hex", "body": b"a=1"},
        {"method": "POST", "CONTENT_TYPE": f"{FORM}; charset=undefined", "body": b"a=1"},
        {"method": "POST", "CONTENT_TYPE": f"{FORM}; charset=utf-16", "body": b"a=1"},
        {"method": "POST", "CONTENT_TYPE": f"{FORM}; charset*=x'y'z", "body": b"a=1"},
        {"method": "POST", "path": "/orders/find/", "CONTENT_TYPE": "multipart/form-data", "body": b"x"},
        {"method": "POST", "path": "/orders/find/", "CONTENT_TYPE": "multipart/form-data; boundary=\xe9", "body": b"x"},
        {"method": "POST", "path": "/orders/find/", "CONTENT_TYPE": FORM, "body": b"a=%00"},
        {"method": "POST", "path": "/orders/find/", "CONTENT_TYPE": FORM, "body": b"&".join([b"a=1"] * 1500)},
        {"method": "POST", "path": "/orders/find/", "CONTENT_TYPE": FORM, "body": b"number=" + b"a" * 20_001},
        {"method": "POST", "path": "/checkout/", "CONTENT_TYPE": FORM, "body": b"postcode=" + b"1" * 20_001},
        {"HOST": "elsewhere.example"},
        {"HOST": "testserver:port"},
        {"HOST": "[::1"},
        {"query": "q=%00"},
        {"path": "/p/\x00/"},
        {"COOKIE": 'session="\\000"'},
        {"COOKIE": 'cart="a\\000b"'},
    ],
)
def test_requests_that_cannot_be_parsed_are_refused_in_plain_words(parts, caplog):
    status, headers, content = ask(**parts)
    assert status == 400
    assert headers.keys() >= HEADERS
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert b"Traceback" not in content
    assert [record.levelname for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")] in (
        [],
        ["ERROR"],
    )
    assert any(record.name == "shop.requests" for record in caplog.records)


PART = b'--x\r\nContent-Disposition: form-data; name="a"%s\r\n%s\r\n1\r\n--x--\r\n'


@pytest.mark.parametrize(
    "body",
    [
        PART % (b"; filename*=x'y'z", b""),
        PART % (b'; filename="\x00.csv"', b""),
        PART % (b"", b"Content-Type: text/plain; charset=hex\r\n"),
        PART % (b"", b"Content-Transfer-Encoding: base64\r\n"),
        PART % (b"", b"Content-Transfer-Encoding: \xff\r\n"),
        b"--x\r\n" + b"A: b\r\n" * 500 + b"\r\n\r\n--x--\r\n",
        b"--x",
        b"",
    ],
)
def test_odd_parts_of_a_form_are_no_error_of_ours(body):
    status, headers, _ = ask("POST", "/orders/find/", body=body, CONTENT_TYPE="multipart/form-data; boundary=x")
    assert status in (400, 403)
    assert headers.keys() >= HEADERS


NAMES = [
    "REFERER",
    "ORIGIN",
    "COOKIE",
    "CONTENT_TYPE",
    "ACCEPT",
    "ACCEPT_LANGUAGE",
    "ACCEPT_ENCODING",
    "ACCEPT_CHARSET",
    "HOST",
    "X_FORWARDED_FOR",
    "X_FORWARDED_PROTO",
    "X_FORWARDED_HOST",
    "X_REQUEST_ID",
    "CONTENT_LENGTH",
    "IF_NONE_MATCH",
    "IF_MODIFIED_SINCE",
    "RANGE",
    "IF_RANGE",
    "AUTHORIZATION",
    "USER_AGENT",
    "TE",
    "EXPECT",
    "STRIPE_SIGNATURE",
]
BITS = [
    "http://[",
    "[",
    "]",
    "://",
    "\x85",
    "\xff\xfe",
    "é",
    '"',
    ";",
    ",",
    "=",
    "charset=",
    "utf-7",
    "idna",
    "rot13",
    "q=",
    "*/*",
    "en",
    "-" * 50,
    "bytes=",
    "0-",
    "-1",
    "9" * 30,
    "W/",
    "Mon, 99 Foo 99999 99:99:99 GMT",
    "session=",
    "csrf=",
    "cart=",
    '"\\000"',
    "%00",
    "%ff",
    "boundary=",
    "multipart/form-data",
    FORM,
    "application/json",
    "127.0.0.1",
    "::1%eth0",
    "fe80::/129",
    "gzip",
    "identity;q=nan",
    "t=1,v1=",
    "testserver",
    ":99999",
    "a" * 300,
    " ",
    "\t",
]
PATHS = [
    "/",
    "/cart/",
    "/cart/add/",
    "/checkout/",
    "/search/",
    "/account/login/",
    "/payments/webhook/",
    "/robots.txt",
    "/static/css/shop.css",
    "/admin/",
    "/orders/find/",
    "/suggest/",
    "/us/",
    "/p/x/",
    "/c/%ff/",
    "/nothing/",
]


def fuzz(seed: int, rounds: int) -> None:
    random_ = random.Random(seed)  # noqa: S311  (which bytes, not secrets)
    for number in range(rounds):
        names = random_.sample(NAMES, random_.randint(1, 4))
        headers = {name: "".join(random_.choices(BITS, k=random_.randint(1, 5))) for name in names}
        query = "".join(random_.choices(["q=", "&", "%", "%ff", "%00", "page=", "a", "é", "[]", "%u1234"], k=4))
        method, path = random_.choice(["GET", "POST", "HEAD", "PUT", "OPTIONS"]), random_.choice(PATHS)
        body = "".join(random_.choices(BITS, k=3)).encode("latin-1", "replace") if method in ("POST", "PUT") else b""
        status, answer, _content = ask(method, path, query.encode().decode("latin-1"), body, **headers)
        attempt = (number, method, path, query, headers, body)
        assert status < 500, attempt
        assert answer.keys() >= HEADERS, attempt


@pytest.mark.parametrize("proxies", [0, 1])
def test_no_header_query_or_body_is_an_error_of_ours(settings, proxies):
    settings.TRUSTED_PROXIES = proxies
    make_variant()
    fuzz(proxies, 150)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(10, 20))
def test_no_header_query_or_body_is_an_error_of_ours_in_ten_thousand(settings, seed):
    settings.TRUSTED_PROXIES = seed % 2
    make_variant()
    fuzz(seed, 1000)
