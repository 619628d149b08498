"""The test run's own PostgreSQL and its own stand-in for Stripe."""

import gc
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache, caches
from django.db import connections, transaction
from django.dispatch import receiver
from django.test import Client
from django.test.signals import setting_changed
from pytest_django import DjangoDbBlocker

from accounts.models import User
from catalog.markets import Market, all_markets
from payments.gateway import calls
from shop.celery import WakingTask
from shop.embedded.compiled import keep_compiled_modules
from shop.embedded.state import end_with_parent
from shop.market_list import DEMO, with_further_markets
from tests import guards
from tests.database import use_copies
from tests.distribution import GroupScheduling, slowest_first
from tests.factories import make_user
from tests.faults.demo import RunningDemo, demo_folder
from tests.settings import CLUSTER
from tests.slow import mark_slow
from tests.stripe_desk import StripeDesk
from tests.template_database import prepare_template


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--times", type=int, default=1, help="how often the tests of reliability repeat each case")


@pytest.fixture(scope="session")
def times(request: pytest.FixtureRequest) -> int:
    """How often to repeat a case: once, unless `--times` says more."""
    return int(request.config.getoption("times"))


def pytest_configure(config: pytest.Config) -> None:
    keep_compiled_modules()
    use_copies()
    # The xdist workers find the same socket by the same path.
    if not hasattr(config, "workerinput"):
        CLUSTER.start()
        prepare_template(CLUSTER)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> GroupScheduling:
    return GroupScheduling(config, log)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    mark_slow(items)  # before those with this marker are left out
    yield
    slowest_first(items)


def pytest_collection_finish() -> None:
    gc.freeze()  # what is loaded by now stays, so garbage is looked for elsewhere
    gc.set_threshold(10_000)  # a page makes more objects than the 700 after which Python looks for garbage


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        CLUSTER.stop()


@pytest.fixture(scope="session")
def sandbox_address() -> Iterator[str]:
    """One sandbox process for this worker; it speaks HTTP, as Stripe does."""
    command = [sys.executable, "-m", "payments.sandbox", "--file", ":memory:"]
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, start_new_session=True, preexec_fn=end_with_parent(signal.SIGTERM)
    )
    assert child.stdout
    line = child.stdout.readline()
    yield line.split(" at ")[1].split(":  ")[0].split(": test")[0].strip()
    child.terminate()
    child.wait(10)
    child.stdout.close()


@pytest.fixture(scope="session")
def _started_shop() -> Iterator[RunningDemo]:
    with demo_folder() as folder:
        demo = RunningDemo(folder)
        demo.await_ready()
        yield demo
        demo.stop()


@pytest.fixture
def shop(_started_shop: RunningDemo) -> RunningDemo:
    """A running demo, shared by all tests that need one because it takes half a minute to fill."""
    if _started_shop.child.poll() is not None:
        _started_shop.start()
        _started_shop.await_ready()
    return _started_shop


@pytest.fixture
def stripe_desk(sandbox_address: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[StripeDesk]:
    """Controls the stand-in for Stripe: pays as a shopper, fetches events and switches failures on."""
    settings.STRIPE_API_BASE = sandbox_address
    monkeypatch.setattr(calls, "FIRST_PAUSE_SECONDS", 0)
    calls.client.cache_clear()
    desk = StripeDesk(sandbox_address)
    desk.start_over()
    yield desk
    desk.all_is_well()
    calls.client.cache_clear()


@pytest.fixture(autouse=True)
def real_outbox(settings: Any) -> None:
    """pytest-django would collect mails in memory; ours are rows."""
    settings.EMAIL_BACKEND = "shop.mail.outbox.OutboxBackend"


@pytest.fixture(autouse=True)
def broker_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests have no broker: everything must work without waking a worker."""
    monkeypatch.setattr(WakingTask, "_broker_is_back_at", float("inf"))


@pytest.fixture(autouse=True)
def without_guard(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """`bin/test --controls` names a guard to remove; the tests that it protects must then fail."""
    name = os.environ.get("MERCER_WITHOUT_GUARD")
    if name:
        if "transactional_db" in request.fixturenames or "db" in request.fixturenames:
            request.getfixturevalue("transactional_db" if "transactional_db" in request.fixturenames else "db")
        guards.remove(name, monkeypatch)


@pytest.fixture(scope="module")
def module_data(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A transaction around the tests of a module, for fixtures whose rows these tests only read."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def at_once() -> Callable[..., list[Any]]:
    """Run functions on threads that start together, and return their results or exceptions."""

    def run(*functions: Callable[[], Any]) -> list[Any]:
        barrier = threading.Barrier(len(functions))
        results: list[Any] = [None] * len(functions)

        def body(index: int, function: Callable[[], Any]) -> None:
            try:
                barrier.wait()
                results[index] = function()
            except Exception as error:  # noqa: BLE001  (whatever it is belongs to the outcome)
                results[index] = error
            finally:
                connections.close_all()

        threads = [threading.Thread(target=body, args=pair) for pair in enumerate(functions)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        return results

    return run


@pytest.fixture
def staff(client: Client, settings: Any, tmp_path: Path) -> User:
    """A client logged in as an owner. Uploaded files go to a temporary folder."""
    settings.MEDIA_ROOT = tmp_path
    user = make_user(is_staff=True, is_superuser=True)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    client.force_login(user)
    return user


@receiver(setting_changed)
def forget_markets(*, setting: str, **_: Any) -> None:
    """Read the markets again after a test has changed them, and again when its change is undone."""
    if setting == "MARKETS":
        all_markets.cache_clear()


@pytest.fixture
def us_market(settings: Any) -> Market:
    """A second market under /us/, in dollars and without tax in its prices."""
    settings.MARKETS = with_further_markets(settings.MARKETS[0], DEMO)
    return all_markets()["us"]


@pytest.fixture(autouse=True)
def _clean_cache(request: pytest.FixtureRequest) -> None:
    caches["process"].clear()
    if "db" in request.fixturenames or "transactional_db" in request.fixturenames:
        cache.clear()
