"""E-mails to staff about low stock, and to shoppers about products back in stock."""

import pytest

from catalog.inventory import (
    Need,
    adjust,
    receive,
    release,
    reserve,
)
from catalog.models import (
    LowStockNotice,
    Product,
    StockAlert,
    Store,
    Variant,
)
from catalog.products.stock_alerts import ask_for_alert, send_low_stock_notices, send_stock_alerts
from shop.models import Mail
from tests.factories import make_variant

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff_address():
    Store.objects.update_or_create(pk=1, defaults={"contact_email": "stock@example.com"})
    return "stock@example.com"


def mails(kind: str) -> list[Mail]:
    return list(Mail.objects.filter(message_id__startswith=f"<{kind}.").order_by("pk"))


def test_low_stock_is_reported_once_and_again_after_a_refill(main, staff_address):
    low, plenty = make_variant(on_hand=5, title="Blue cup"), make_variant(on_hand=6)
    assert send_low_stock_notices() == 1
    mail = mails("low_stock")[0]
    assert (mail.recipients, mail.subject) == ([staff_address], "Low stock: 1 variant")
    assert f"Blue cup ({low.sku}): 5 available" in mail.body

    assert send_low_stock_notices() == 0
    reserve("A1", [Need(1, plenty.pk, 2)])
    assert send_low_stock_notices() == 1
    assert f"({plenty.sku}): 4 available" in mails("low_stock")[1].body

    receive(low.pk, main, 10)
    assert send_low_stock_notices() == 0
    assert list(LowStockNotice.objects.values_list("variant_id", flat=True)) == [plenty.pk]
    adjust(low.pk, main, -12, reason="broken")
    assert send_low_stock_notices() == 1
    assert [mail.subject for mail in mails("low_stock")] == ["Low stock: 1 variant"] * 3
    assert f"Blue cup ({low.sku}): 3 available" in mails("low_stock")[2].body


def test_all_variants_that_run_low_are_in_one_mail(staff_address):
    for units in (1, 2, 3):
        make_variant(on_hand=units)
    make_variant(on_hand=0)  # was never in stock
    assert send_low_stock_notices() == 3
    assert [mail.subject for mail in mails("low_stock")] == ["Low stock: 3 variants"]


def test_drafts_and_untracked_variants_never_run_low(staff_address):
    draft = make_variant(on_hand=1)
    Product.objects.filter(pk=draft.product_id).update(status=Product.Status.DRAFT)
    make_variant(is_tracked=False)
    make_variant(on_hand=1, is_active=False)
    assert send_low_stock_notices() == 0
    assert mails("low_stock") == []


def test_low_stock_is_reported_as_soon_as_the_shop_has_a_contact_address():
    Store.objects.update_or_create(pk=1, defaults={"contact_email": ""})
    make_variant(on_hand=1)
    assert send_low_stock_notices() == 0
    Store.objects.update(contact_email="stock@example.com")
    assert send_low_stock_notices() == 1
    assert len(mails("low_stock")) == 1


def test_everybody_who_asked_gets_one_stock_alert_and_their_address_is_deleted(main):
    variant, other = make_variant(on_hand=0, title="Blue cup"), make_variant(on_hand=0)
    for address in ("Anna@example.com", "anna@example.com", "bert@example.com"):
        ask_for_alert(variant, address)
    ask_for_alert(other, "anna@example.com")
    assert send_stock_alerts() == 0

    receive(variant.pk, main, 1)
    assert send_stock_alerts() == 2
    assert [(mail.recipients, mail.subject) for mail in mails("back_in_stock")] == [
        (["anna@example.com"], "Back in stock: Blue cup"),
        (["bert@example.com"], "Back in stock: Blue cup"),
    ]
    assert list(StockAlert.objects.values_list("variant_id", "email")) == [(other.pk, "anna@example.com")]
    assert send_stock_alerts() == 0


def test_asking_again_after_an_alert_sends_another_one(main):
    variant = make_variant(on_hand=1)
    for _ in range(2):
        ask_for_alert(variant, "anna@example.com")
        assert send_stock_alerts() == 1
    assert len(mails("back_in_stock")) == 2


def test_reserved_units_trigger_no_stock_alert(main):
    variant = make_variant(on_hand=1)
    reserve("A1", [Need(1, variant.pk, 1)])
    ask_for_alert(variant, "anna@example.com")
    assert send_stock_alerts() == 0
    release("A1")
    assert send_stock_alerts() == 1


def test_no_stock_alert_links_to_a_page_that_is_not_public():
    variant = make_variant(on_hand=1)
    ask_for_alert(variant, "anna@example.com")
    Product.objects.filter(pk=variant.product_id).update(status=Product.Status.ARCHIVED)
    assert send_stock_alerts() == 0
    Product.objects.filter(pk=variant.product_id).update(status=Product.Status.ACTIVE)
    assert send_stock_alerts() == 1


def test_a_variant_that_is_no_longer_tracked_counts_as_back_in_stock():
    variant = make_variant(on_hand=0)
    ask_for_alert(variant, "anna@example.com")
    variant.is_tracked = False
    variant.save()
    assert send_stock_alerts() == 1


def test_thousands_of_variants_out_of_stock_do_not_delay_alerts_for_one_that_is_back(main):
    gone = make_variant(on_hand=0)
    kept = [Variant(product=gone.product, option1=f"{n}", sku=f"K-{n}") for n in range(2000)]
    StockAlert.objects.bulk_create(
        StockAlert(variant=variant, email="anna@example.com") for variant in Variant.objects.bulk_create(kept)
    )
    for _ in range(5):
        ask_for_alert(make_variant(on_hand=1), "bert@example.com")
    assert send_stock_alerts() == 5
    assert StockAlert.objects.count() == 2000
