"""No secret of a URL stands in a log line, and no character makes one line look like two."""

import json
import logging
import re
import uuid

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve

from shop.celery import app
from shop.operations import logs
from shop.operations.logs import HARMLESS, JsonFormatter, masked
from tests.factories import make_order

pytestmark = pytest.mark.django_db
KEY = "eyJmb3IiOiJhIHRlc3QifQ:1xWcL4:tJ61nK8xkqip43w8wAxlssJQj-WmJYDQ1x9eypmPjEc"  # as django.core.signing writes it


def line_of(message: str, **fields: object) -> str:
    record = logging.LogRecord("x", logging.INFO, "", 1, "%s", (message,), None)
    record.fields = fields
    return JsonFormatter().format(record)


def routes(resolver: URLResolver | None = None, above: tuple = ()) -> list[list[URLPattern | URLResolver]]:
    """Every pattern of the URL configuration, with the resolvers that lead to it."""
    found = []
    for pattern in (resolver or get_resolver()).url_patterns:
        here = (*above, pattern)
        found += routes(pattern, here) if isinstance(pattern, URLResolver) else [list(here)]
    return found


def parameters_of(patterns) -> dict[str, str]:
    """The name of each parameter in the path, with the kind of its converter."""
    names = {}
    for pattern in patterns:
        names |= {name: type(kind).__name__ for name, kind in pattern.pattern.converters.items()}
        if hasattr(pattern.pattern, "regex"):
            names |= dict.fromkeys(pattern.pattern.regex.groupindex, "text") | names
    return names


def test_every_parameter_of_every_route_is_harmless_or_masked():
    """Paths with a new parameter are logged as their route until the parameter is declared harmless."""
    names = {name: kind for patterns in routes() for name, kind in parameters_of(patterns).items()}
    secret = set(names) - HARMLESS
    assert {"public_id", "key", "uidb36"} <= secret
    assert not HARMLESS & {name for name, kind in names.items() if kind == "UUIDConverter"}
    assert not HARMLESS & {"key", "token", "secret", "signature", "uidb36", "public_id", "email"}


def test_a_path_that_a_line_names_twice_is_looked_up_once(monkeypatch):
    looked_up = []
    monkeypatch.setattr(logs, "resolve", lambda path: looked_up.append(path) or resolve(path))
    line = json.loads(line_of("GET /p/a-name-of-this-test/", path="/p/a-name-of-this-test/"))
    assert (line["message"], line["path"]) == ("GET /p/a-name-of-this-test/", "/p/a-name-of-this-test/")
    assert looked_up.count("/p/a-name-of-this-test/") == 1


def path_of(patterns) -> tuple[str, list[str]]:
    """A path that the route takes, and the secret values in it."""
    route = "".join(str(pattern.pattern) for pattern in patterns)
    samples = {"int": "7", "uuid": str(uuid.uuid4()), "path": "a/b", "slug": "alma-mug", "str": "alma"}
    secrets = []

    def sample(found: re.Match) -> str:
        kind, name = found[1] or "str", found[2]
        if name in HARMLESS:
            return samples[kind]
        secrets.append(samples[kind] if kind == "uuid" else f"Sec-{len(secrets)}ret-x{uuid.uuid4().hex[:6]}")
        return secrets[-1]

    return "/" + re.sub(r"<(?:([a-z]+):)?(\w+)>", sample, route), secrets


def test_no_secret_of_any_route_stands_in_a_line():
    """Also under a market's prefix, without the last slash, in a whole URL and as a Referer."""
    paths = [path_of(route) for route in routes() if not any("(?P" in str(step.pattern) for step in route)]
    with_secrets = [(path, secrets) for path, secrets in paths if secrets]
    assert len(with_secrets) >= 10
    for path, secrets in with_secrets:
        for text in (path, path.rstrip("/"), f"/us{path}", f"/us{path}".rstrip("/"), f"https://shop.example{path}?x=1"):
            line = line_of(f"Not Found: {text}", path=text, referer=f"http://testserver{path}")
            assert [secret for secret in secrets if secret in line] == [], text


ORDER = uuid.UUID("3f2a9c41-7be0-4c1d-9a77-02d1e8b1c001")
SECRETS = [
    (f"/orders/{ORDER}/", str(ORDER)),
    (f"/orders/{ORDER}/return/", str(ORDER)),
    (f"/orders/{ORDER}/nothing/here/", str(ORDER)),
    (f"/us/orders/{ORDER}/", str(ORDER)),
    (f"https://shop.example/orders/{ORDER}/?x=1", str(ORDER)),
    (f"/account/password/reset/key/1a-{KEY}/", KEY),
    (f"/account/password/reset/key/1a-{KEY}", KEY),
    (f"/us/account/password/reset/key/1a-{KEY}/", KEY),
    (f"/account/confirm-email/{KEY}/", KEY),
    (f"/account/confirm-email/{KEY}", KEY),
    (f"<order_confirmed.{ORDER.hex}@shop.example>", ORDER.hex),
    (f"cart={ORDER}", str(ORDER)),
]


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_a_secret_stands_in_no_line(text, secret):
    line = line_of(f"Forbidden (CSRF cookie not set.): {text}", path=text)
    assert secret not in line
    assert json.loads(line)["message"].startswith("Forbidden (CSRF cookie not set.): ")


def test_text_without_a_secret_stays_readable():
    assert masked("GET /p/alma-mug/") == "GET /p/alma-mug/"
    assert masked("Order HS-0A1B2C3D cannot be paid now") == "Order HS-0A1B2C3D cannot be paid now"
    assert masked(f"GET /orders/{ORDER}/") == "GET /orders/<uuid:public_id>/"


def test_requests_errors_and_refusals_are_logged_without_the_link(client, caplog, monkeypatch):
    order = make_order()
    monkeypatch.setattr("payments.views.orders.start_for", lambda *_args, **_options: 1 / 0)
    client.raise_request_exception = False
    assert client.get(f"/orders/{order.public_id}/pay/").status_code == 500
    client.get(f"/orders/{order.public_id}/", headers={"referer": f"http://testserver/orders/{order.public_id}/"})
    assert Client(enforce_csrf_checks=True).post(f"/orders/{order.public_id}/change/").status_code == 403
    text = "\n".join(JsonFormatter().format(record) for record in caplog.records)
    assert "Internal Server Error" in text
    assert "Forbidden" in text
    assert '"route": "orders:order"' in text
    assert str(order.public_id) not in text


@pytest.mark.parametrize(
    "character", ["\x85", "\x9b", "\x7f", "\u2028", "\u2029", "\u202e", "\u2066", "\u200f", "\ufeff", "\ud800"]
)
def test_characters_that_fake_a_line_or_a_direction_are_escaped(character):
    line = line_of(f"a{character}b", path=f"/{character}")
    assert character not in line
    assert f"a\\u{ord(character):04x}b" in line
    assert json.loads(line)["message"] == f"a{character}b"


def test_workers_are_woken_with_row_numbers_only():
    """Celery logs task arguments and the broker stores them, so they are ids and never contents of rows."""
    ours = [task for name, task in app.tasks.items() if not name.startswith("celery.")]
    hints = {hint for task in ours for name, hint in task.run.__annotations__.items() if name != "return"}
    assert hints <= {int}
