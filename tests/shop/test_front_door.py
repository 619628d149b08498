"""Headers, health, bad input, outages, commands and settings."""

import json
import logging
import os
import re
import runpy
import subprocess
import sys
from datetime import timedelta
from functools import cache as kept
from pathlib import Path
from typing import Any

import environ
import pytest
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import OperationalError
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from orders.models import Cart, Order
from payments import tasks as payment_tasks
from shop import tasks
from shop.celery import WakingTask
from shop.demo.seeding import seed_catalogue, seed_owner, seed_store
from shop.embedded.state import ROOT
from shop.jobs import JOBS
from shop.models import Heartbeat
from shop.operations import checks
from shop.operations.health import beat_heart
from shop.operations.logs import JsonFormatter, request_id
from tests.factories import make_cart, make_order, make_variant
from tests.reading import text_of

pytestmark = pytest.mark.django_db


def test_every_answer_carries_the_headers(client):
    for url in ("/", "/nothing/", "/cart/", "/healthz", "/account/login/", "/admin/"):
        headers = client.get(url).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["Permissions-Policy"].startswith("camera=()")
        assert re.fullmatch(r"[0-9a-f]{32}", headers["X-Request-ID"])


def test_pages_that_pay_may_lead_to_the_payment_page(client):
    order = make_order()
    assert (
        "form-action 'self' https://checkout.stripe.com"
        in client.get(f"/orders/{order.public_id}/").headers["Content-Security-Policy"]
    )
    assert "stripe" not in client.get("/").headers["Content-Security-Policy"]


def test_a_request_id_is_taken_over_if_it_is_one(client):
    assert client.get("/healthz", headers={"x-request-id": "abc-12345678"}).headers["X-Request-ID"] == "abc-12345678"
    assert client.get("/healthz", headers={"x-request-id": "bad id\r\nx"}).headers["X-Request-ID"] != "bad id\r\nx"


@pytest.mark.fault("F099")
@pytest.mark.parametrize("url", ["/search/?q=%00", "/search/?q=a&%00=1", "/p/%00/", "/c/a%00b/"])
def test_what_cannot_be_stored_is_refused_at_the_door(client, url):
    assert client.get(url).status_code == 400


@pytest.mark.fault("F099")
def test_also_in_forms(client):
    answer = client.post("/cart/add/", {"product": "1\x00", "quantity": "1"}, headers={"origin": "http://testserver"})
    assert answer.status_code == 400


def test_trace_is_refused(client):
    assert client.generic("TRACE", "/").status_code == 405


@pytest.mark.fault("F083")
def test_a_lost_database_is_a_plain_503(client, monkeypatch):
    def away(*args, **kwargs):
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr("catalog.views.listings.current_listings", away)
    answer = client.get("/")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "unavailable for a moment" in text_of(answer)


def test_a_form_without_its_csrf_token_gets_a_plain_error():
    from django.test import Client  # noqa: PLC0415

    answer = Client(enforce_csrf_checks=True).post("/checkout/", {})
    assert answer.status_code in (302, 403)
    answer = Client(enforce_csrf_checks=True).post("/orders/find/", {"number": "x"})
    assert answer.status_code == 403
    assert "send the form again" in text_of(answer)


def test_alive_and_ready(client):
    assert client.get("/healthz").content == b"ok"
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["database"] == "ok"
    assert answer.json()["worker"] == "never seen"
    beat_heart()
    assert client.get("/readyz").json()["worker"] == "ok"
    Heartbeat.objects.update(at=timezone.now() - timedelta(seconds=100))
    assert client.get("/readyz").json()["worker"].startswith("silent for 100")


def test_logs_are_json_with_the_request():
    record = logging.LogRecord("x", logging.INFO, "", 1, "hi %s", ("you",), None)
    record.fields = {"order": "HS-1"}
    token = request_id.set("abc")
    line = json.loads(JsonFormatter().format(record))
    request_id.reset(token)
    assert (line["message"], line["request_id"], line["order"], line["level"]) == ("hi you", "abc", "HS-1", "info")


@pytest.mark.fault("F079")
def test_waking_never_hurts_and_waits_once(monkeypatch):
    calls = []

    def away(self, *args, **kwargs):
        calls.append(args)
        raise BrokerError("connection refused")

    monkeypatch.setattr(WakingTask, "_broker_is_back_at", 0.0)
    monkeypatch.setattr(WakingTask, "apply_async", away)
    assert payment_tasks.process_event.wake(1) is False
    assert payment_tasks.process_event.wake(2) is False
    assert len(calls) == 1


def test_every_scheduled_job_exists_and_runs(settings):
    tasks.beat_heart.app.loader.import_default_modules()
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        assert entry["task"] in tasks.beat_heart.app.tasks
    tasks.beat_heart()
    assert tasks.send_mail() == 0
    assert tasks.audit() == 0
    assert tasks.purge().startswith("deleted 0 event bodies")
    assert payment_tasks.process_events() == 0
    assert payment_tasks.reconcile_payments() == 0
    assert payment_tasks.expire_unpaid_orders() == 0


@pytest.mark.parametrize(
    ("command", "sentence"),
    [("events retry", "0 events queued again."), ("purge", "deleted 0 event bodies")],
)
def test_a_command_without_work_says_so(command, sentence, capsys):
    call_command(*command.split())
    assert sentence in capsys.readouterr().out


@pytest.mark.parametrize("job", [job for job in JOBS if job.outcome], ids=lambda job: job.name)
def test_every_scheduled_job_runs_by_hand(job, capsys):
    call_command("run", job.name)
    assert capsys.readouterr().out.strip().startswith(job.outcome.format("deleted" if job.name == "purge" else 0))


def test_a_job_that_takes_a_part_of_the_work_at_a_time_is_run_until_nothing_is_left(monkeypatch, capsys):
    rounds = iter([3, 2, 0])
    monkeypatch.setattr("catalog.products.images.render_waiting", lambda **_: next(rounds))
    call_command("run", "render-images")
    assert capsys.readouterr().out == "Pictures rendered: 5\n"


def test_the_operations_document_lists_every_job_with_its_queue():
    text = (ROOT / "docs/operations.md").read_text()
    rows = {row.split("`")[1]: row for row in text.splitlines() if row.startswith("| `")}
    assert [job.name for job in JOBS if "queue `long`" in rows[job.name]] == [job.name for job in JOBS if job.is_long]


def test_listings_can_be_rewritten(capsys):
    make_variant()
    call_command("refresh_listings", "--all")
    assert "1 listing rows written." in capsys.readouterr().out


def test_importing_by_command(tmp_path, capsys):
    with pytest.raises(CommandError, match="There is no file"):
        call_command("import_products", str(tmp_path / "none.csv"))
    file = tmp_path / "x.csv"
    file.write_text("Handle,Title,Variant Price\nx,X,1.00\ny,,1\n")
    with pytest.raises(SystemExit):
        call_command("import_products", str(file))
    out, err = capsys.readouterr()
    assert "1 new, 0 changed, 0 unchanged, 1 refused" in out
    assert "refused: line 3: y: the first row of a product needs a title" in err


def test_old_carts_go_and_waiting_ones_stay():
    old, fresh = make_cart(make_variant()), make_cart(make_variant())
    waiting = make_order()
    Cart.objects.exclude(pk=fresh.pk).update(updated_at=timezone.now() - timedelta(days=31))
    assert "1 carts" in tasks.purge()
    assert set(Cart.objects.values_list("pk", flat=True)) == {fresh.pk, waiting.cart_id}
    assert old.pk not in {fresh.pk, waiting.cart_id}


def test_seeding_twice_is_seeding_once(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    for _ in range(2):
        seed_store(is_own_catalogue=False)
        seed_owner("owner@example.com", "a-pass-word-of-ours")
    seed_catalogue(None)
    assert Order.objects.count() == 0


def test_the_cache_table_is_there():
    cache.set("a", 1)
    assert cache.get("a") == 1


@pytest.mark.parametrize(
    ("changes", "ids"),
    [
        ({"STRIPE_SECRET_KEY": "sk_live_x", "SHOP_HTTPS": True, "SHOP_URL": "https://x"}, []),
        ({"STRIPE_SECRET_KEY": "sk_test_x", "SHOP_HTTPS": True, "SHOP_URL": "https://x"}, ["shop.E003"]),
        (
            {
                "STRIPE_SECRET_KEY": "sk_live_x",
                "STRIPE_API_BASE": "http://127.0.0.1:1",
                "SHOP_HTTPS": False,
                "SHOP_URL": "http://x",
            },
            ["shop.E002", "shop.E004", "shop.E005"],
        ),
    ],
)
def test_a_deploy_check_refuses_play_money_in_production(settings, changes, ids):
    for name, value in changes.items():
        setattr(settings, name, value)
    assert [found.id for found in checks.check_real_payments()] == ids


@pytest.mark.fault("F048")
def test_a_live_key_is_refused_in_the_demo(settings):
    settings.STRIPE_SECRET_KEY = "sk_live_x"
    assert [found.id for found in checks.check_key_fits_mode()] == ["shop.E001"]
    settings.IS_PRODUCTION = True
    assert checks.check_key_fits_mode() == []


PRODUCTION = {
    "DATABASE_URL": "postgres://shop@localhost/shop",
    "SHOP_SECRET_KEY": "x" * 60,
    "SHOP_URL": "https://shop.example",
    "SHOP_TRUSTED_PROXIES": "1",
    "STRIPE_SECRET_KEY": "sk_live_x",
    "STRIPE_WEBHOOK_SECRETS": "whsec_x",
    "REDIS_URL": "redis://localhost/0",
    "EMAIL_URL": "smtp://localhost",
}


def without(missing: str) -> dict[str, str]:
    """The environment of a production shop without one variable, and without the variables of this process."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("SHOP_", "STRIPE_", "DJANGO_"))}
    return {**clean, **{name: value for name, value in PRODUCTION.items() if name != missing}}


@pytest.mark.fault("F147")
def test_production_stops_with_one_sentence_where_something_is_missing():
    done = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=without("EMAIL_URL"), capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "Set EMAIL_URL: the shop does not start in production without it." in done.stderr


@pytest.mark.fault("F147")
@pytest.mark.parametrize("missing", sorted(PRODUCTION.keys() - {"DATABASE_URL"}))
def test_production_names_what_is_missing(monkeypatch, missing):
    monkeypatch.setattr(environ.Env, "ENVIRON", without(missing))
    with pytest.raises(ImproperlyConfigured, match=f"^Set {missing}: the shop does not start in production without it"):
        runpy.run_path(str(ROOT / "shop/settings.py"))


@pytest.mark.fault("F147")
def test_production_that_lacks_nothing_has_its_settings(monkeypatch):
    monkeypatch.setattr(environ.Env, "ENVIRON", without("nothing"))
    found = runpy.run_path(str(ROOT / "shop/settings.py"))
    assert (found["MODE"], found["SHOP_HTTPS"], found["STRIPE_SECRET_KEY"]) == ("production", True, "sk_live_x")


def test_the_example_file_explains_every_setting():
    sources = "".join(
        (ROOT / path).read_text() for path in ("shop/settings.py", "shop/web_server.py", "shop/embedded/state.py")
    )
    read = set(re.findall(r'"((?:SHOP|STRIPE|DATABASE|REDIS)_[A-Z_]+|EMAIL_URL)"', sources))
    explained = set(re.findall(r"^#? ?([A-Z_]+)=", Path(ROOT / ".env.example").read_text(), re.MULTILINE))
    assert read <= explained, read - explained


def test_the_guide_for_operators_lists_every_command_and_job(settings):
    text = (ROOT / "docs/operations.md").read_text()
    commands = {path.stem for path in ROOT.glob("*/management/commands/*.py") if path.stem != "__init__"}
    assert {name for name in commands if f"`{name}" not in text} == set()
    assert {name for name in settings.CELERY_BEAT_SCHEDULE if f"`{name}`" not in text} == set()


def test_templates_style_and_script_nothing_inline():
    bad = re.compile(r'<style|<script>| style="| on(?:click|change|submit|load|input)=')
    pages = [path for path in (ROOT / "templates").rglob("*.html") if "emails" not in path.parts]
    assert {str(path) for path in pages if bad.search(path.read_text())} == set()


@kept
def loaded_process() -> dict[str, Any]:
    """What a new process reports after loading the shop and its URLs."""
    script = """
import json, sys, django
django.setup()
from django.core.checks.registry import registry
checks = [check.__module__ for check in registry.get_checks(include_deployment_checks=True)]
from payments.tasks import process_event
import shop.urls
print(json.dumps({"wakes": process_event.app.main, "checks": checks, "modules": list(sys.modules)}))
"""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, cwd=ROOT, capture_output=True, text=True)
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_a_process_that_only_loads_the_settings_wakes_the_workers_of_this_shop():
    assert loaded_process()["wakes"] == "shop"


def test_slow_libraries_are_not_imported_at_the_start():
    slow = {"cattrs", "email_validator", "holidays", "hypothesis", "phonenumbers", "redis", "requests", "stripe"}
    assert slow & set(loaded_process()["modules"]) == set()


def test_a_process_registers_the_checks_of_the_settings():
    assert "shop.operations.checks" in loaded_process()["checks"]
