"""The whole shop from the outside: it sells, it survives, it stops."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import redis

from shop.embedded.state import ROOT
from tests.faults.demo import HANG_SECONDS, RunningDemo, demo_folder, wait_for
from tests.journeys.shopper import Answer, Shopper, add_to_cart, first_product, pay, place
from tests.stripe_desk import StripeDesk

SHARED = Path(__file__).resolve().parents[3] / "shared/data/shopify"


@pytest.fixture
def state():
    with demo_folder() as folder:
        yield folder


def heading(answer: Answer) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", answer.text, re.DOTALL)
    return found[1] if found else ""


def buy(demo: RunningDemo, email: str) -> Shopper:
    """A shopper with one product, on the payment page."""
    shopper = Shopper(demo.url)
    add_to_cart(shopper, first_product(shopper))
    page = place(shopper, email=email)
    assert "/c/pay/" in page.url, (page.trail, page.text[:2000])
    return shopper


def order_url(demo: RunningDemo, shopper: Shopper) -> str:
    """The URL of the order of the shopper on the payment page, from its link back to the shop."""
    assert shopper.page
    found = re.search(r"/orders/[0-9a-f-]{36}/", shopper.page.text)
    assert found
    return demo.url + found[0]


def is_confirmed(demo: RunningDemo, address: str) -> bool:
    return "Thank you" in heading(Shopper(demo.url).get(address))


def buys_with_each_card(demo: RunningDemo) -> None:
    shopper = buy(demo, "anna@example.com")
    assert heading(pay(shopper, "4242 4242 4242 4242")) == "Thank you, Anna"
    wait_for(lambda: "anna@example.com" in Shopper(demo.url).get("/mailbox/").text, "the mail")

    shopper = buy(demo, "berta@example.com")
    assert "Your card was declined." in pay(shopper, "4000000000000002").text
    assert heading(pay(shopper, "4242424242424242")) == "Thank you, Anna"

    shopper = buy(demo, "clara@example.com")
    page = pay(shopper, "4000002500003155")
    assert "Your bank asks" in page.text
    assert heading(shopper.submit(page.form(""), ("action", "authenticate"))) == "Thank you, Anna"


def recovers_by_itself(demo: RunningDemo) -> None:
    """Webhooks are dropped, Redis is flushed and workers are killed, and every paid order is still confirmed."""
    desk = StripeDesk(demo.stored_environment()["STRIPE_API_BASE"])
    desk.switch(drop="all")
    dropped = buy(demo, "dora@example.com")
    address = order_url(demo, dropped)
    assert dropped.page
    desk.pay(dropped.page.url)
    wait_for(lambda: is_confirmed(demo, address), "a dropped webhook")
    desk.switch(drop="")

    worker = demo.find("celery")
    os.killpg(worker, signal.SIGSTOP)
    shopper = buy(demo, "emma@example.com")
    address = order_url(demo, shopper)
    assert shopper.page
    desk.pay(shopper.page.url)
    wait_for(lambda: desk_is_idle(desk), "the webhooks")
    crashed = demo.manage("run", "process-events", killed_after="payments.gateway.retrieve_session")
    assert crashed.returncode == -signal.SIGKILL, crashed.stderr
    assert not is_confirmed(demo, address)
    redis.Redis.from_url(demo.stored_environment()["REDIS_URL"]).flushall()
    os.killpg(worker, signal.SIGKILL)
    wait_for(lambda: is_confirmed(demo, address), "a crash, a flush and a kill")
    assert demo.find("celery") != worker


def desk_is_idle(desk: StripeDesk) -> bool:
    return desk.call_raw("sandbox/deliveries")["waiting"] == 0


def test_the_demo_sells_stops_starts_again_and_leaves_nothing_after_a_kill(shop):
    buys_with_each_card(shop)
    audit = shop.manage("audit")
    assert (audit.returncode, audit.stdout.strip().split(", ")[-1]) == (0, "0 rows break one."), audit.stdout
    second = shop.manage("demo", "--port", "1")
    assert (second.returncode, second.stderr.strip()) == (
        1,
        f"CommandError: A demo of this checkout is already running: {shop.url}",
    )
    assert shop.stop() == 0
    # Nobody had to be killed: PostgreSQL, the last to go, wrote everything down.
    assert "database system is shut down" in (shop.state / "postgres-shop.log").read_text().splitlines()[-1]
    assert shop.processes() == {}
    shop.start()
    shop.await_ready()
    assert len(shop.processes()) > 5
    shop.stop(signal.SIGKILL)
    wait_for(lambda: shop.processes() == {}, "processes are left")


@pytest.mark.full
def test_the_demo_recovers_by_itself(state):
    demo = RunningDemo(state)
    try:
        demo.await_ready()
        recovers_by_itself(demo)
        audit = demo.manage("audit")
        assert (audit.returncode, audit.stdout.strip().split(", ")[-1]) == (0, "0 rows break one."), audit.stdout
        assert demo.stop() == 0
    finally:
        demo.child.kill()


def test_a_taken_port_gets_one_sentence(state):
    with subprocess.Popen(
        [sys.executable, "-m", "http.server", "0", "--bind", "127.0.0.1"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as other:
        port = re.search(r"port (\d+)", other.stdout.readline())[1]
        done = subprocess.run(
            [sys.executable, "manage.py", "demo", "--port", port],
            cwd=ROOT,
            env={**os.environ, "SHOP_STATE_DIR": str(state), "DJANGO_SETTINGS_MODULE": "shop.settings"},
            capture_output=True,
            text=True,
            timeout=HANG_SECONDS,
        )
        other.terminate()
    assert done.stderr.strip() == f"CommandError: Port {port} is taken: try bin/demo --port {int(port) + 1}."


@pytest.mark.full
def test_the_demo_sells_anybodys_catalogue(state):
    file = SHARED / "02-shopifypartners-home-and-garden.csv"
    if not file.exists():
        pytest.skip("the folder with real shops' files is not beside this checkout")
    demo = RunningDemo(state, "--catalog", str(file))
    try:
        demo.await_ready()
        assert "20 new, 0 changed, 0 unchanged, 0 refused" in demo.output
        shopper = buy(demo, "anna@example.com")
        assert heading(pay(shopper, "4242424242424242")) == "Thank you, Anna"
        assert demo.stop(signal.SIGINT) == 0
    finally:
        demo.child.kill()
