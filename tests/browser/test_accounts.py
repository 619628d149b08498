"""Account pages in a real browser: they fit every width, and axe finds nothing."""

import os
from pathlib import Path

import pytest

from accounts.models import User
from tests.accounts.second_factors import offer_no_challenge
from tests.accounts.test_pages import PAGES, address_of, visitor
from tests.browser.conftest import NEEDS_BROWSER, found_by_axe
from tests.factories import make_order

pytestmark = [*NEEDS_BROWSER, pytest.mark.full, pytest.mark.django_db(transaction=True)]
WIDTHS = (320, 390, 960, 1280, 1440)
PICTURES = os.environ.get("MERCER_PICTURES", "")  # a folder for pictures of every page, to look at


@pytest.mark.parametrize("name", [*PAGES, "orders:account", "orders:addresses"])
def test_account_pages_fit_every_width_and_axe_finds_nothing(name, browser, live_server, monkeypatch):
    # The passkey of these tests has no key in it.
    offer_no_challenge(monkeypatch)
    who = PAGES[name][0] if name in PAGES else "member"
    client, user = visitor(who)
    if name == "orders:account":
        for _ in range(3):
            make_order(user=user)
    if name == "account_set_password":
        monkeypatch.setattr(User, "has_usable_password", lambda self: False)
    context = browser.new_context(base_url=live_server.url)
    if "session" in client.cookies:
        context.add_cookies([{"name": "session", "value": client.cookies["session"].value, "url": live_server.url}])
    page = context.new_page()
    complaints = []
    page.on("console", lambda message: complaints.append(message.text) if "Content Security" in message.text else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    answer = page.goto(address_of(name, user))
    problems = [] if answer.status == 200 else [f"status {answer.status}"]
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        problems += [f"{overflow} px too wide at {width} px"] if overflow > 0 else []
        if PICTURES:
            page.screenshot(path=Path(PICTURES) / f"{name.replace(':', '-')}-{width}.png", full_page=True)
    found = found_by_axe(page)
    problems += [f"{violation['id']}: {violation['nodes'][0]['html'][:120]}" for violation in found]
    context.close()
    assert (problems, complaints) == ([], [])
