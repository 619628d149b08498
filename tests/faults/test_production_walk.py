"""A production shop set up as in the README behind nginx: it opens, sells, and reports wrong settings."""

import re
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from shop.embedded.state import ROOT
from tests.faults.production import Production, TlsShopper
from tests.journeys.shopper import add_to_cart, pay, place

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(
        not (shutil.which("nginx") and shutil.which("openssl")), reason="nginx and openssl are not here"
    ),
]
OWNER, PASSWORD = "owner@hearth.shop", "a-long-pass-word-of-ours"
PRODUCT = (
    "Handle,Title,Status,Published,Variant SKU,Variant Price,Variant Inventory Tracker,Variant Inventory Qty,Variant Grams\n"
    "mug,Stoneware mug,active,true,MUG-1,24.00,shopify,500,400\n"
)
PAGES = '[pages]\nimprint = "<p>Ours.</p>"\nterms = "<p>Ours.</p>"\nprivacy = "<p>Ours.</p>"\n'


@pytest.fixture(scope="module")
def production():
    with (
        tempfile.TemporaryDirectory(prefix="mercer-walk-", dir="/var/tmp", ignore_cleanup_errors=True) as folder,
        ExitStack() as stack,
    ):
        Path(folder).chmod(0o711)
        yield Production(Path(folder), stack)


def succeed(production: Production, *arguments: str, **changes: str) -> str:
    done = production.manage(*arguments, **changes)
    assert done.returncode == 0, done.stderr
    return done.stdout


def set_up_as_the_readme_says(production: Production) -> None:
    succeed(production, "check", "--deploy", "--fail-level", "WARNING")
    succeed(production, "migrate", "-v", "0")
    succeed(production, "collectstatic", "--noinput", "-v", "0")
    environment = {"DJANGO_SUPERUSER_EMAIL": OWNER, "DJANGO_SUPERUSER_PASSWORD": PASSWORD}
    succeed(production, "createsuperuser", "--noinput", **environment)


def set_up_the_shop(production: Production) -> None:
    example = (
        (ROOT / "docs/setup.example.toml").read_text().partition("[pages]")[0].replace("hearth.example", "hearth.shop")
    )
    (production.folder / "shop.toml").write_text(example + PAGES)
    output = succeed(production, "setup_shop", "--from", str(production.folder / "shop.toml"))
    assert "The shop is open." in output
    (production.folder / "products.csv").write_text(PRODUCT)
    succeed(production, "import_products", str(production.folder / "products.csv"))
    assert succeed(production, "setup_shop", "--check").startswith("\nThe shop is open.")


def buy(production: Production, address: str, **headers: str) -> TlsShopper:
    shopper = TlsShopper(production.url, address, **headers)
    add_to_cart(shopper, "/p/mug/")
    page = place(shopper, email=f"anna-{address}@hearth.shop")
    assert "/c/pay/" in page.url, (page.status, page.trail, page.text[:500])
    return shopper


def try_to_buy(production: Production, address: str, n: int) -> int:
    shopper = TlsShopper(production.url, address, **{"X-Forwarded-For": f"203.0.113.{n}"})
    add_to_cart(shopper, "/p/mug/")
    return place(shopper, email=f"berta-{n}@hearth.shop").status


def test_a_production_opens_and_sells_behind_its_proxy(production):
    set_up_as_the_readme_says(production)
    production.start_nginx_and_web_with_the_stand_in()
    assert TlsShopper(production.url).get("/").status == 503
    set_up_the_shop(production)
    shopper = TlsShopper(production.url)
    assert shopper.get("/").status == 200
    plain = TlsShopper(f"http://127.0.0.1:{production.http_port}").get("/")
    assert (plain.status, plain.trail[0]) == (200, f"301 http://127.0.0.1:{production.http_port}/")
    assert plain.headers["Strict-Transport-Security"]

    shopper = buy(production, "127.0.0.1")
    page = pay(shopper, "4242 4242 4242 4242")
    assert "Thank you, Anna" in page.text
    assert page.url.startswith(production.url)

    # Thirty more, each from a place of its own, although all of them come through one proxy.
    for n in range(2, 32):
        buy(production, f"127.0.0.{n}", **{"X-Forwarded-For": "203.0.113.9"})
    # Whatever a place writes into the header, its orders count as its own: ten an hour, and so twenty at most here.
    assert 429 in (try_to_buy(production, "127.0.0.1", n) for n in range(20))
    errors = [line for line in production.log("web").splitlines() if '"level": "error"' in line]
    assert [line for line in errors if not re.search(r"shop\.E00[23]: STRIPE_", line)] == []


def test_a_copy_of_the_example_file_is_refused_by_the_name_of_each_setting(production):
    example = re.findall(r"^([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    done = production.manage("check", "--deploy", **{name: value.strip('"') for name, value in example})
    assert done.returncode == 1
    named = re.findall(r"E006\) (\w+) still holds the placeholder", done.stderr)
    assert sorted(named) == sorted({name for name, _ in example} - {"SHOP_TRUSTED_PROXIES"})
