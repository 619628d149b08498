"""A real browser for the tests of this folder."""

import os
import re
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page, sync_playwright

from tests.faults.demo import RunningDemo

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NEEDS_BROWSER = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed"),
]
QUIET = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync"
# The reel scrolls sideways by keyboard, and a heading may repeat a step: both are meant so.
# Only violations are described in full, which takes half the time: nobody reads the thousands of nodes that pass.
AXE_OPTIONS = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    # Django refuses its ORM where an event loop runs in the same thread; none is used here.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET.split())
        yield chromium
        chromium.close()


@pytest.fixture(autouse=True)
def _closed_pages(browser: Browser) -> Iterator[None]:
    """Close the pages of each test, because open pages keep animating."""
    yield
    for context in browser.contexts:
        context.close()


def open_page(browser: Browser, shop: RunningDemo, **options) -> tuple[Page, list[str]]:
    """A page of a new visitor, and the list that its complaints go to.

    Visitors ask for little motion, since drawing each transition without a graphics card takes longer than the page.
    """
    options = {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce", **options}
    page = browser.new_context(base_url=shop.url, **options).new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if "Content Security" in message.text else None)
    return page, complaints


@pytest.fixture
def admin_page(browser: Browser, shop: RunningDemo) -> tuple[Page, list[str]]:
    """The owner, logged in."""
    page, complaints = open_page(browser, shop)
    page.on("dialog", lambda dialog: dialog.accept())
    log_in(page, "owner@hearthside.example", re.search(r"owner@hearthside.example +(\S+)", shop.output)[1])
    return page, complaints


def log_in(page: Page, email: str, password: str) -> None:
    page.goto("/account/login/")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", password)
    page.click("button.btn:has-text('Log in')")
    page.wait_for_url("**/account/**")


def found_by_axe(page: Page) -> list[dict[str, Any]]:
    """The rules that the page breaks. Only these are sent back, because the rest of axe's answer is large."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    return page.evaluate("options => axe.run(options).then(results => results.violations)", AXE_OPTIONS)


def violations(page: Page, complaints: list[str]) -> list[str]:
    """What axe finds. It writes styles into the page while it looks, and the policy blocks them: those do not count."""
    before = list(complaints)
    found = found_by_axe(page)
    complaints[:] = before
    return [f"{page.url}: {v['id']}: {v['nodes'][0]['html'][:160]}" for v in found]
