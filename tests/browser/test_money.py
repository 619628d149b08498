"""Money at the desk in a real browser: refunds with a second person, a refund that fails, a dispute and a payout."""

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import NEEDS_BROWSER, log_in, open_page, violations
from tests.browser.desk_steps import bought
from tests.faults.demo import RunningDemo, wait_for
from tests.stripe_desk import StripeDesk

pytestmark = [*NEEDS_BROWSER, pytest.mark.full]
SUPPORT, PASSWORD = "support@hearthside.example", "three quiet mugs on a shelf"
MAKE_SUPPORT = f"""
from django.contrib.auth.models import Group
from accounts.models import User
user = User.objects.create_superuser("{SUPPORT}", "{PASSWORD}", is_superuser=False)
user.groups.set(Group.objects.filter(name="Support"))
"""


@pytest.fixture
def stripe(shop: RunningDemo) -> StripeDesk:
    return StripeDesk(shop.stored_environment()["STRIPE_API_BASE"])


@pytest.fixture
def support(browser, shop: RunningDemo) -> tuple[Page, list[str]]:
    """Somebody of the support, who may refund up to €100 alone."""
    made = shop.manage("shell", "-c", MAKE_SUPPORT)
    assert made.returncode == 0, made.stderr
    page, complaints = open_page(browser, shop)
    log_in(page, SUPPORT, PASSWORD)
    return page, complaints


def open_refund(page: Page, number: str) -> None:
    page.goto(f"/admin/orders/order/?tab=all&q={number}")
    page.click(f"a.name:text-is('{number}')")
    page.click(".head a:text-is('Refund')")
    page.wait_for_selector("h1:has-text('Refund')")


def wait_for_text(page: Page, text: str) -> None:
    """Load the page again until a worker has done what Stripe's event says."""
    wait_for(lambda: page.reload() and text in page.inner_text("main"), text)


def newest_intent(stripe: StripeDesk) -> str:
    return stripe.call("payment_intents", limit="1")["data"][0]["id"]


def test_two_of_three_units_are_refunded_and_a_larger_refund_needs_a_second_person(admin_page, support, shop, stripe):
    page, complaints = support
    number = bought(shop, "three@example.com", quantity=3)
    open_refund(page, number)
    problems = violations(page, complaints)
    page.fill(".qty input", "2")
    page.fill("[name=shipping]", "4.90")
    page.wait_for_selector("#preview .sum.big:has-text('€42.90')")
    page.click("#preview button.main")
    page.wait_for_selector(".messagelist .success")
    wait_for_text(page, "€42.90 refunded")
    problems += violations(page, complaints)

    number = bought(shop, "seven@example.com", quantity=7)
    open_refund(page, number)
    page.fill(".qty input", "6")
    page.wait_for_selector("#preview .note.warn")
    page.click("#preview button:has-text('Ask to refund €114.00')")
    page.wait_for_selector(".messagelist .success")
    owner, owners_complaints = admin_page
    owner.goto("/admin/payments/refundrequest/?todo=approve")
    owner.click(f"tbody a:text-is('{number}')")
    owner.click(".head a:has-text('Approve')")
    problems += violations(owner, owners_complaints)
    owner.click("main button.main")
    owner.wait_for_selector(".messagelist .success")
    wait_for_text(owner, "€114.00 refunded")

    refund = stripe.call("refunds", limit="1")["data"][0]
    stripe.by_hand(f"refunds/{refund['id']}/fail")
    wait_for_text(owner, "Failed")
    problems += violations(owner, owners_complaints)
    assert problems + complaints + owners_complaints == []


def test_a_dispute_is_opened_answered_and_lost(admin_page, shop, stripe):
    page, complaints = admin_page
    number = bought(shop, "dispute@example.com")
    dispute = stripe.dispute(newest_intent(stripe))
    page.goto(f"/admin/orders/order/?tab=all&q={number}")
    page.click(f"a.name:text-is('{number}')")
    wait_for_text(page, "Answer it")
    problems = violations(page, complaints)
    page.click(".head a:has-text('Answer the dispute')")
    page.wait_for_selector("h1:has-text('Answer')")
    problems += violations(page, complaints)
    page.click("main input.default")
    page.wait_for_selector(".messagelist .success")
    stripe.decide(dispute["id"], "lose")
    wait_for_text(page, "Lost")
    problems += violations(page, complaints)
    assert problems + complaints == []


def test_a_payout_arrives_with_the_orders_that_it_pays(admin_page, shop, stripe):
    page, complaints = admin_page
    number = bought(shop, "payout@example.com")
    stripe.advance("3d")
    payout = stripe.pay_out()
    stripe.by_hand(f"payouts/{payout['id']}/pay")
    stripe.by_hand("clock", reset=1)
    page.goto("/admin/payments/payout/")
    wait_for_text(page, payout["id"])
    page.click(f"tbody a:has-text('{payout['id']}')")
    wait_for_text(page, number)
    wait_for_text(page, "Paid")
    assert violations(page, complaints) + complaints == []
