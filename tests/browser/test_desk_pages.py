"""Every page of the desk in a real browser: it fits the screen, axe finds nothing, and no script or style is blocked."""

import re

import pytest
from django.urls import Resolver404, resolve
from playwright.sync_api import Page

from tests.browser.conftest import NEEDS_BROWSER, violations
from tests.shop.role_table import NOBODY, admin_pages

pytestmark = [*NEEDS_BROWSER, pytest.mark.full]
# Each page is looked at in both schemes, at the width of a desk and of a phone.
VIEWS = (("light", 1280), ("dark", 390))
NARROWEST = 320
# They answer with a file, a fragment or a redirect, or end the session.
NO_PAGES = {
    *("logout", "login", "jsi18n", "autocomplete", "view_on_site", "search_suggest", "settings_mail_page", "app_list"),
    *("password_change_done", "orders_order_bulk", "orders_order_save_view", "reports"),
    *("catalog_store_add", "catalog_run_export", "orders_order_export", "books_file", "payments_dispute_evidence"),
    *("orders_promotion_rows", "orders_promotion_export", "orders_promotion_batch", "orders_promotion_preview"),
}
OPENED = {page.name: page.route for page in admin_pages() if page.permission != NOBODY and page.name not in NO_PAGES}


def name_of(path: str) -> str:
    """The name of the page with this path, or an empty text."""
    try:
        return resolve(path).url_name or ""
    except Resolver404:
        return ""


def links_of(page: Page) -> list[str]:
    """The paths of the desk that the page links to."""
    hrefs = page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)")
    return [found[1] for href in hrefs if (found := re.match(r"https?://[^/]+(/admin/[^?#]*)", href))]


def problems_of(page: Page, complaints: list[str]) -> list[str]:
    problems = []
    for scheme, width in VIEWS:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 900})
        problems += [f"{scheme}, {width} px: {problem}" for problem in violations(page, complaints)]
    page.set_viewport_size({"width": NARROWEST, "height": 900})
    over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if over > 0:
        problems.append(f"{page.url}: {over} px wider than {NARROWEST} px")
    return problems


def test_every_page_of_the_desk_in_both_schemes(shop, admin_page):
    """Begin with every page whose URL has no arguments, and follow links to one page of each other name."""
    page, complaints = admin_page
    done = shop.manage("seed_orders", "--orders", "24")
    assert done.returncode == 0, done.stderr
    waiting = {name: f"/admin/{route}" for name, route in OPENED.items() if "<" not in route}
    seen: dict[str, str] = {}
    problems: list[str] = []
    while waiting:
        name, path = waiting.popitem()
        seen[name] = path
        answer = page.goto(path)
        if answer.status != 200:
            problems.append(f"{path}: {answer.status}")
        for link in links_of(page):
            if (other := name_of(link)) in OPENED and other not in seen:
                waiting.setdefault(other, link)
        problems += problems_of(page, complaints)
    assert len(seen) > 100
    assert "\n".join(problems + complaints) == ""
