"""Wrong production settings are reported before the start or in the log."""

import logging
import re
import runpy
from types import SimpleNamespace
from unittest import mock

import environ
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpResponse

from accounts.limits.throttle import client_ip
from orders.same_origin import comes_from_us
from shop.database_url import database_settings
from shop.embedded.state import ROOT
from shop.middleware import proxies
from shop.operations import checks
from tests.shop.test_front_door import without

SOUND = {
    "STRIPE_PUBLISHABLE_KEY": "",
    "STRIPE_SECRET_KEY": "sk_live_0123456789abcdefABCDEF",
    "STRIPE_WEBHOOK_SECRETS": ["whsec_0123456789abcdefABCDEF"],
    "SHOP_URL": "https://www.hearth.shop",
    "ALLOWED_HOSTS": ["www.hearth.shop"],
    "SHOP_HTTPS": True,
    "TRUSTED_PROXIES": 1,
    "REDIS_URL": "redis://:kJ3%40f@localhost:6379/0",
    "MAIL_URL": "smtp+tls://user:secret@mail.hearth.shop:587",
    "DEFAULT_FROM_EMAIL": "Hearth <shop@hearth.shop>",
    "SECRET_KEY": "x" * 60,
    "STRIPE_API_BASE": "",
}
CHECKS = (
    checks.check_real_payments,
    checks.check_placeholders_replaced,
    checks.check_key_formats,
    checks.check_proxy_settings,
)


@pytest.fixture
def production(settings):
    """The settings of a production that is sound."""
    settings.IS_PRODUCTION = True
    for name, value in SOUND.items():
        setattr(settings, name, value)
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    return settings


def found() -> list[str]:
    return [problem.id for check in CHECKS for problem in check()]


def test_a_sound_production_has_nothing_to_say(production):
    assert found() == []


@pytest.mark.parametrize(
    ("changes", "ids"),
    [
        ({"STRIPE_SECRET_KEY": "sk_live_from_your_stripe_dashboard"}, ["shop.E006", "shop.E007"]),
        ({"STRIPE_SECRET_KEY": "'sk_live_0123456789abcdef'"}, ["shop.E003"]),
        ({"STRIPE_SECRET_KEY": "sk_live_0123"}, ["shop.E007"]),
        ({"STRIPE_WEBHOOK_SECRETS": ["whsec_from_your_stripe_dashboard"]}, ["shop.E006", "shop.E008"]),
        ({"STRIPE_WEBHOOK_SECRETS": ["whsec_0123456789abcdef", "we_1N"]}, ["shop.E008"]),
        ({"SHOP_URL": "https://shop.example", "ALLOWED_HOSTS": ["shop.example"]}, ["shop.E006"]),
        ({"SHOP_URL": "https://www.example.com", "ALLOWED_HOSTS": [".example.com"]}, ["shop.E006"]),
        ({"SECRET_KEY": "at-least-fifty-random-characters"}, ["shop.E006"]),
        ({"REDIS_URL": "redis://:password@localhost:6379/0"}, ["shop.E006"]),
        ({"MAIL_URL": "smtp+tls://user:password@mail.example:587"}, ["shop.E006"]),
        ({"DEFAULT_FROM_EMAIL": "Hearthside <shop@hearthside.example>"}, ["shop.E006"]),
        ({"TRUSTED_PROXIES": 0}, ["shop.E009"]),
        ({"ALLOWED_HOSTS": ["*"]}, ["shop.E010"]),
        ({"ALLOWED_HOSTS": ["hearth.shop"]}, ["shop.E011"]),
    ],
)
def test_each_wrong_setting_is_named(production, changes, ids):
    for name, value in changes.items():
        setattr(production, name, value)
    assert found() == ids


def test_the_databases_password_of_the_example_is_named(production, monkeypatch):
    monkeypatch.setitem(production.DATABASES["default"], "PASSWORD", "password")
    assert found() == ["shop.E006"]


def test_every_placeholder_of_the_example_file_is_known_to_the_check():
    example = (ROOT / ".env.example").read_text()
    needed = re.findall(r"^([A-Z_]+)=", example, re.MULTILINE)
    assert set(needed) - {"SHOP_TRUSTED_PROXIES"} == set(checks._placeholders_left())
    assert f"SHOP_SECRET_KEY={checks.EXAMPLE_SECRET_KEY}\n" in example
    assert example.count(f":{checks.EXAMPLE_PASSWORD}@") == 3


@pytest.mark.parametrize(
    ("url", "host", "password", "port"),
    [
        ("postgres://shop@%2Fvar%2Frun%2Fpostgresql/shop", "/var/run/postgresql", "", ""),
        ("postgres://shop:x@%2Fsrv%2FRun%20here:5433/shop", "/srv/Run here", "x", 5433),
        ("postgres://shop:p%40ss%20word%2F%23@localhost:5432/shop", "localhost", "p@ss word/#", 5432),
        ("postgres://shop:p@ss word@localhost/shop", "localhost", "p@ss word", ""),
        ("postgresql://shop:50%25@[::1]:5433/shop?sslmode=require", "::1", "50%", 5433),
        ("postgres:///shop", "", "", ""),
    ],
)
def test_a_database_url_may_name_a_server_or_a_socket(url, host, password, port):
    database = database_settings(url)
    assert (database["HOST"], database["PASSWORD"], database["PORT"], database["NAME"]) == (
        host,
        password,
        port,
        "shop",
    )


@pytest.mark.parametrize(
    "url",
    [
        "postgres://shop:se/cret@localhost/shop",
        "mysql://shop:secret@localhost/shop",
        "postgres://shop@localhost/",
        "shop",
    ],
)
def test_a_database_url_that_cannot_be_meant_gets_one_sentence_without_the_password(url):
    with pytest.raises(ImproperlyConfigured, match="^DATABASE_URL ") as caught:
        database_settings(url)
    assert "cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"SHOP_TRUSTED_PROXIES": "yes"}, "^SHOP_TRUSTED_PROXIES must be a whole number, 0 or more"),
        ({"SHOP_TRUSTED_PROXIES": "-1"}, "^SHOP_TRUSTED_PROXIES must be a whole number, 0 or more"),
        ({"SHOP_URL": "www.hearth.shop"}, "^SHOP_URL must be the shop's scheme and host"),
        ({"SHOP_URL": "https://www.hearth.shop/shop"}, "^SHOP_URL must be the shop's scheme and host"),
        ({"DATABASE_URL": "mysql://shop@localhost/shop"}, "^DATABASE_URL is not a URL of a PostgreSQL database"),
    ],
)
def test_a_setting_that_cannot_be_meant_stops_production_with_one_sentence(monkeypatch, variables, words):
    monkeypatch.setattr(environ.Env, "ENVIRON", {**without("nothing"), **variables})
    with pytest.raises(ImproperlyConfigured, match=words):
        runpy.run_path(str(ROOT / "shop/settings.py"))


@pytest.mark.parametrize(
    ("trusted", "header", "ip"),
    [
        (1, "198.51.100.7", "198.51.100.7"),
        (1, "10.9.9.9, 198.51.100.7", "198.51.100.7"),
        (2, "10.9.9.9, 198.51.100.7, 192.0.2.1", "198.51.100.7"),
        (1, "2001:db8::7", "2001:db8::7"),
        (1, "[2001:db8::7]:4711", "2001:db8::7"),
        (1, "198.51.100.7:4711", "198.51.100.7"),
        (1, "unknown", "127.0.0.1"),
        (1, "'; DROP TABLE", "127.0.0.1"),
        (2, "198.51.100.7", "127.0.0.1"),
        (0, "198.51.100.7", "127.0.0.1"),
    ],
)
def test_the_shoppers_address_is_what_our_outermost_proxy_wrote(rf, settings, trusted, header, ip):
    settings.TRUSTED_PROXIES = trusted
    assert client_ip(rf.get("/", headers={"x-forwarded-for": header})) == ip


def ask(rf, **headers: str) -> tuple[int, bool]:
    """The answer's status and whether the page inside took the request for an encrypted one."""
    seen: list[bool] = []

    def page(request) -> HttpResponse:
        seen.append(request.is_secure())
        return HttpResponse("page")

    answer = proxies.ProxyMiddleware(page)(rf.get("/", headers=headers))
    return answer.status_code, bool(seen and seen[0])


FROM = {"x-forwarded-for": "198.51.100.7"}


@pytest.mark.parametrize(
    ("trusted", "forwarded_proto", "is_secure"),
    [
        (1, "https", True),
        (1, "HTTPS", True),
        (1, "http", False),
        (1, "https, http", False),
        (1, "http, https", True),
        (2, "https, http", True),
        (2, "http, https, http", True),
        (2, "https, http, http", False),
        (2, "https", True),
    ],
)
def test_the_scheme_is_what_our_outermost_proxy_wrote(rf, production, trusted, forwarded_proto, is_secure):
    production.TRUSTED_PROXIES = trusted
    hops = {"x-forwarded-for": ", ".join(["198.51.100.7"] * trusted)}
    assert ask(rf, **{"x-forwarded-proto": forwarded_proto}, **hops) == (200, is_secure)


@pytest.mark.parametrize(
    ("trusted", "headers", "status", "words"),
    [
        (0, {"x-forwarded-proto": "https"}, 503, "redirect every request to https forever"),
        (0, {"x-forwarded-ssl": "on"}, 503, "redirect every request to https forever"),
        (1, FROM, 503, "came without X-Forwarded-Proto"),
        (0, FROM, 200, "all shoppers share the limits of one IP address"),
        (1, {"x-forwarded-proto": "https"}, 200, "X-Forwarded-For names 0"),
        (2, {"x-forwarded-proto": "https", **FROM}, 200, "X-Forwarded-For names 1"),
        (1, {"x-forwarded-proto": "https", **FROM}, 200, ""),
    ],
)
def test_a_proxy_that_does_not_fit_the_setting_is_named_in_the_log(
    rf, production, caplog, trusted, headers, status, words
):
    production.TRUSTED_PROXIES = trusted
    production.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if trusted else None
    with caplog.at_level(logging.ERROR):
        assert ask(rf, **headers)[0] == status
    assert words in caplog.text
    assert len(caplog.records) == bool(words)


def test_the_same_mistake_is_logged_once_and_not_for_every_request(rf, production, caplog):
    production.TRUSTED_PROXIES = 0
    middleware = proxies.ProxyMiddleware(lambda request: HttpResponse())
    for _ in range(5):
        middleware(rf.get("/", headers=FROM))
    assert len(caplog.records) == 1


def test_a_proxy_that_overwrites_the_scheme_with_its_own_is_named(rf, production, caplog):
    middleware = proxies.ProxyMiddleware(lambda request: HttpResponse())
    for _ in range(25):
        middleware(rf.get("/", headers={"x-forwarded-proto": "http", **FROM}))
    assert [record.message[:39] for record in caplog.records] == ["All of the first 20 requests came as ht"]


def test_once_somebody_came_by_https_plain_http_is_nobodys_mistake(rf, production, caplog):
    middleware = proxies.ProxyMiddleware(lambda request: HttpResponse())
    middleware(rf.get("/", headers={"x-forwarded-proto": "https", **FROM}))
    for _ in range(25):
        middleware(rf.get("/", headers={"x-forwarded-proto": "http", **FROM}))
    assert caplog.records == []


def test_health_checks_need_no_proxy(rf, production, caplog):
    middleware = proxies.ProxyMiddleware(lambda request: HttpResponse())
    assert [middleware(rf.get(path)).status_code for path in ("/healthz", "/readyz")] == [200, 200]
    assert caplog.records == []


@pytest.mark.parametrize(
    ("origin", "is_ours"),
    [
        ("https://www.hearth.shop:8443", True),
        ("https://www.hearth.shop", False),
        ("http://www.hearth.shop", True),
        ("https://evil.shop", False),
    ],
)
def test_a_form_from_our_own_pages_is_ours_also_where_the_proxy_leaves_the_port_out(rf, settings, origin, is_ours):
    settings.SHOP_URL, settings.ALLOWED_HOSTS = "https://www.hearth.shop:8443", ["www.hearth.shop"]
    request = rf.post("/cart/add/", headers={"origin": origin, "host": "www.hearth.shop"})
    assert comes_from_us(request) is is_ours


def test_what_env_says_about_the_web_server_counts(monkeypatch):
    read: list[str] = []
    monkeypatch.setattr(environ.Env, "read_env", lambda file, **_: read.append(file))
    monkeypatch.setenv("SHOP_BIND", "127.0.0.1:8765")
    found = runpy.run_path(str(ROOT / "shop/web_server.py"))
    assert (found["bind"], read) == ("127.0.0.1:8765", [str(ROOT / ".env")])
    assert found["forwarded_allow_ips"] == ""


def test_the_start_of_the_web_server_names_its_address_and_what_is_wrong(production, caplog, monkeypatch, tmp_path):
    production.SHOP_URL, production.STATIC_ROOT = "https://shop.example", str(tmp_path)
    monkeypatch.setattr(checks, "pending_migrations", lambda: 3)
    start = runpy.run_path(str(ROOT / "shop/web_server.py"))["post_worker_init"]
    caplog.set_level(logging.INFO, logger="shop.operations.checks")
    for age in (1, 2):
        start(SimpleNamespace(age=age, sockets=["http://127.0.0.1:8000"]))
    messages = [record.getMessage() for record in caplog.records if record.name == "shop.operations.checks"]
    assert messages[0] == "The shop listens on http://127.0.0.1:8000."
    assert sorted(messages[1:]) == [
        "No static files are collected, so every page fails: run manage.py collectstatic --noinput.",
        "The database lacks 3 migrations, so pages may fail: run manage.py migrate.",
        "shop.E006: SHOP_URL still holds the placeholder of .env.example. Replace it with your own value.",
        "shop.E011: SHOP_ALLOWED_HOSTS does not name shop.example, the host of SHOP_URL: every page would answer 400."
        " Add the host, or remove the setting.",
    ]


def test_each_request_has_one_line_in_the_log():
    logs = runpy.run_path(str(ROOT / "shop/web_server.py"))["logconfig_dict"]
    assert logs["loggers"]["gunicorn.access"]["level"] == "WARNING"


def test_a_host_that_is_not_ours_is_named_in_the_log(client, caplog):
    assert client.get("/", headers={"host": "inner:8000"}).status_code == 400
    assert "A request was refused: the host 'inner:8000' is not one of SHOP_ALLOWED_HOSTS" in caplog.messages


@pytest.mark.django_db
def test_a_migrated_database_lacks_no_migration(monkeypatch):
    monkeypatch.setattr(checks.connection, "close", lambda: None)
    assert checks.pending_migrations() == 0
    single = MigrationRecorder.Migration.objects.filter(app="shop").exclude(name__contains="squashed")
    single.order_by("-name")[:1].get().delete()
    assert checks.pending_migrations() == 1


def test_a_database_that_is_away_is_not_called_old(monkeypatch):
    monkeypatch.setattr(checks, "MigrationExecutor", mock.Mock(side_effect=OperationalError("away")))
    monkeypatch.setattr(checks.connection, "close", lambda: None)
    assert checks.pending_migrations() == 0
