"""The rules that prices depend on are cached in each process, and read again when they have changed."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import Page, Store
from orders import rules as shop_rules
from orders.errors import RulesKeepChanging
from orders.models import (
    ClosingDay,
    Coupon,
    Promotion,
    PromotionTier,
    RulesMark,
    ShippingMethod,
    ShippingRate,
    ShippingZone,
    TaxRate,
    TaxRegion,
)
from orders.promotions.coupons import make_batch
from orders.rules import MAX_READS, current_rules, read_version
from tests.factories import (
    contents_of,
    make_cart,
    make_promotion,
    make_shipping,
    make_tax,
    make_user,
    make_variant,
    place,
    with_codes,
)
from tests.reading import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch):
    monkeypatch.setattr(shop_rules._Cache, "rules", None)


def percent_of_tax() -> Decimal:
    return current_rules().tax_rates["DE"][0].percent


def statements(function) -> int:
    with CaptureQueriesContext(connection) as captured:
        function()
    return len(captured)


def test_rules_that_have_not_changed_cost_one_query():
    make_tax()
    make_shipping()
    make_promotion(products=[make_variant().product])
    first = current_rules()
    assert statements(current_rules) == 1
    assert current_rules() is first


CHANGES = {
    "a tax rate": lambda: make_tax("AT", "20"),
    "a changed tax rate": lambda: TaxRate.objects.update(percent=7),
    "a tax region": lambda: TaxRegion.objects.create(
        code="heligoland", country="DE", name="Heligoland", postcodes="27498"
    ),
    "a shipping method": lambda: ShippingMethod.objects.update(name="Parcel service"),
    "a shipping zone": lambda: ShippingZone.objects.update(postcodes="1*"),
    "a shipping rate": lambda: ShippingRate.objects.update(price_minor=590),
    "no shipping rate": lambda: ShippingRate.objects.all().delete(),
    "a closing day": lambda: ClosingDay.objects.create(day="2026-12-24"),
    "a promotion": lambda: make_promotion(percent=5),
    "a changed promotion": lambda: Promotion.objects.update(percent=15),
    "a switched off promotion": lambda: Promotion.objects.update(is_active=False),
    "a tier": lambda: PromotionTier.objects.create(promotion=Promotion.objects.first(), from_quantity=3, percent=5),
    "a product of a promotion": lambda: Promotion.objects.first().products.add(make_variant().product),
    "a reward of a promotion": lambda: Promotion.objects.first().reward_products.add(make_variant().product),
    "a deleted promotion": lambda: Promotion.objects.all().delete(),
    "the days on which the shop sends": lambda: Store.objects.create(dispatch_days=[0]),
    "the terms": lambda: Page.objects.create(slug="terms", title="Terms", version="2"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_of_a_rule_takes_effect_at_once(change):
    make_tax()
    make_shipping()
    make_promotion(percent=10)
    before = current_rules()
    CHANGES[change]()
    assert current_rules() != before
    assert current_rules() == shop_rules._read_rules(read_version())


@pytest.mark.parametrize(
    "table",
    [
        "orders_taxrate",
        "orders_taxregion",
        "orders_shippingrate",
        "orders_closingday",
        "orders_promotiontier",
        "orders_promotion_groups",
        "catalog_page",
    ],
)
def test_truncating_a_table_changes_the_version(table):
    before = read_version()
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {table} CASCADE")
    assert read_version() not in (before, frozenset())


def test_uses_and_codes_do_not_change_the_version():
    make_shipping()
    make_tax()
    promotion = make_promotion(percent=10, codes=("TEN",), most_uses=5, most_uses_each=3, most_uses_of_code=4)
    cart = with_codes(make_cart(make_variant(2400)), "TEN")
    before = read_version()
    place(cart)
    make_batch(promotion, 3)
    Coupon.objects.filter(code="TEN").update(most_uses=9)
    assert (Promotion.objects.get().uses, read_version()) == (1, before)


def test_limits_are_checked_for_each_cart_despite_the_cache():
    make_shipping()
    make_tax()
    make_promotion(percent=10, most_uses=1, name="Once")
    cart = make_cart(make_variant(2400))
    assert contents_of(cart).totals.discount_minor == 240
    Promotion.objects.update(uses=F("uses") + 1)
    contents = contents_of(cart)
    assert (contents.totals.discount_minor, contents.totals.reasons[0].why) == (0, "It has been used up.")


def test_a_cached_promotion_begins_and_ends_in_time():
    make_shipping()
    make_tax()
    now = timezone.now()
    make_promotion(percent=10, begins_at=now + timedelta(hours=1), ends_at=now + timedelta(hours=2))
    cart = make_cart(make_variant(2400))
    promotion = next(iter(current_rules().promotions.values()))
    moments = [now, now + timedelta(hours=1), now + timedelta(hours=2)]
    assert [promotion.is_automatic("main", at) for at in moments] == [False, True, False]
    assert contents_of(cart).totals.discount_minor == 0


def test_codes_are_looked_up_and_only_promotions_with_entered_codes_are_cached():
    for number in range(5):
        make_promotion(percent=10 + number, codes=(f"CODE{number}",))
    automatic = make_promotion(percent=5)
    off = make_promotion(percent=50, is_active=False)
    assert set(current_rules().promotions) == {automatic.pk}
    wanted = Coupon.objects.get(code="CODE3").promotion_id
    assert set(current_rules({wanted}).promotions) == {automatic.pk, wanted}
    assert statements(lambda: current_rules({wanted})) == 1
    assert off.pk not in current_rules().promotions


@pytest.mark.django_db(transaction=True)
def test_rules_of_a_rolled_back_transaction_are_never_used_again():
    make_tax(percent="19")
    assert percent_of_tax() == 19
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        TaxRate.objects.update(percent=7)
        assert percent_of_tax() == 7
        TaxRate.objects.update(percent=8)
        assert percent_of_tax() == 8
        raise ZeroDivisionError
    assert percent_of_tax() == 19


def test_rules_of_a_rolled_back_savepoint_are_never_used_again():
    make_tax(percent="19")
    TaxRate.objects.update(percent=5)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        TaxRate.objects.update(percent=7)
        assert percent_of_tax() == 7
        raise ZeroDivisionError
    assert percent_of_tax() == 5
    TaxRate.objects.update(percent=6)
    assert percent_of_tax() == 6


def in_another_session(function) -> None:
    """Run the function on a thread, and so on a connection of its own, and commit it."""

    def body() -> None:
        try:
            function()
        finally:
            connection.close()

    thread = threading.Thread(target=body)
    thread.start()
    thread.join(30)
    assert not thread.is_alive()


@pytest.mark.django_db(transaction=True)
def test_other_sessions_use_a_change_from_its_commit_on():
    make_tax(percent="19")
    seen = []
    with transaction.atomic():
        TaxRate.objects.update(percent=7)
        in_another_session(lambda: seen.append(percent_of_tax()))
        assert percent_of_tax() == 7
        in_another_session(lambda: seen.append(percent_of_tax()))
    in_another_session(lambda: seen.append(percent_of_tax()))
    assert seen == [19, 19, 7]


@pytest.mark.django_db(transaction=True)
def test_a_running_transaction_uses_changes_that_are_committed_meanwhile():
    make_tax(percent="19")
    with transaction.atomic():
        assert percent_of_tax() == 19
        in_another_session(lambda: TaxRate.objects.update(percent=7))
        assert percent_of_tax() == 7


@pytest.mark.django_db(transaction=True)
def test_two_sessions_change_rules_without_waiting_and_both_changes_take_effect():
    make_tax(percent="19")
    ClosingDay.objects.create(day="2026-12-24")
    with transaction.atomic():
        TaxRate.objects.update(percent=7)
        in_another_session(lambda: ClosingDay.objects.update(day="2026-12-31"))
        committed = []
        in_another_session(lambda: committed.append(current_rules()))
    assert [str(day) for day in committed[0].closing_days[""]] == ["2026-12-31"]
    assert committed[0].tax_rates["DE"][0].percent == 19
    assert percent_of_tax() == 7
    assert RulesMark.objects.count() == 2
    TaxRate.objects.update(percent=8)
    assert RulesMark.objects.count() == 1


def change_while_reading(monkeypatch) -> None:
    """Change tax and shipping in another session after the tax rates and before the shipping rates are read."""
    make_tax(percent="19")
    make_shipping(490)
    read, changes = shop_rules.shipping_rules, iter([True])

    def read_late(rates):
        if next(changes, False):
            in_another_session(change_both)
        return read(rates)

    monkeypatch.setattr(shop_rules, "shipping_rules", read_late)


@transaction.atomic
def change_both() -> None:
    TaxRate.objects.update(percent=7)
    ShippingRate.objects.update(price_minor=0)


def both_of(rules) -> tuple[Decimal, int]:
    return rules.tax_rates["DE"][0].percent, rules.shipping["main"][0].price_minor


@pytest.mark.django_db(transaction=True)
def test_rules_that_change_while_they_are_read_are_read_again(monkeypatch):
    change_while_reading(monkeypatch)
    assert both_of(current_rules()) == (7, 0)


def change_during_the_first_reads(monkeypatch, count: int) -> list[int]:
    """Change the version during each of the first reads of the rules. Return a list that gets the number of each read."""
    read, reads = shop_rules._read_rules, []

    def read_and_change(version):
        reads.append(len(reads) + 1)
        rules = read(version)
        if len(reads) <= count:
            TaxRate.objects.update(percent=len(reads))
        return rules

    monkeypatch.setattr(shop_rules, "_read_rules", read_and_change)
    return reads


def test_rules_that_come_to_rest_at_the_last_read_are_used(monkeypatch):
    make_tax()
    reads = change_during_the_first_reads(monkeypatch, MAX_READS - 1)
    assert (percent_of_tax(), len(reads)) == (MAX_READS - 1, MAX_READS)


def test_rules_that_change_during_every_read_are_refused_and_not_cached(monkeypatch):
    make_tax()
    reads = change_during_the_first_reads(monkeypatch, 1000)
    with pytest.raises(RulesKeepChanging):
        current_rules()
    assert (len(reads), shop_rules._Cache.rules) == (MAX_READS, None)


def test_a_page_whose_rules_keep_changing_asks_to_try_again(client, monkeypatch):
    make_tax()
    cart = make_cart(make_variant(2400))
    client.cookies["cart"] = str(cart.token)
    change_during_the_first_reads(monkeypatch, 1000)
    page = client.get("/cart/")
    assert (page.status_code, page.headers["Retry-After"]) == (503, "5")
    assert "Please try again in a few seconds." in text_of(page)


@pytest.mark.django_db(transaction=True)
def test_without_reading_again_the_rules_would_be_of_two_versions(monkeypatch):
    change_while_reading(monkeypatch)
    assert both_of(shop_rules._read_rules(read_version())) == (19, 0)


@pytest.mark.django_db(transaction=True)
def test_without_the_triggers_a_process_would_use_old_rules():
    make_tax(percent="19")
    assert percent_of_tax() == 19
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE orders_taxrate DISABLE TRIGGER mark_rules")
    try:
        TaxRate.objects.update(percent=7)
        assert percent_of_tax() == 19
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE orders_taxrate ENABLE TRIGGER mark_rules")


@pytest.mark.django_db(transaction=True)
def test_without_any_mark_nothing_is_cached():
    make_tax(percent="19")
    RulesMark.objects.all().delete()
    assert statements(current_rules) > 1
    assert statements(current_rules) > 1


def test_groups_and_earlier_orders_are_read_only_for_promotions_that_need_them():
    make_shipping()
    make_tax()
    user = make_user()
    cart = make_cart(make_variant(2400), user=user)
    assert contents_of(cart).rulebook.is_first_order
    with CaptureQueriesContext(connection) as captured:
        contents_of(cart)
    assert not [query for query in captured if 'FROM "orders_order"' in query["sql"]]


def test_the_type_of_a_promotion_column_can_change_despite_the_triggers():
    make_promotion(percent=10)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE orders_promotion ALTER COLUMN name TYPE varchar(200)")
    before = read_version()
    Promotion.objects.update(name="A longer name")
    assert read_version() != before
