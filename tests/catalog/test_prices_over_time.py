"""Sales and publication over time, and views of past moments, without any job."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.db import IntegrityError, transaction
from django.test import Client
from psycopg.types.range import TimestamptzRange

from catalog.importing.apply import default_target
from catalog.importing.plan import plan_changes
from catalog.importing.runs import apply_now, keep_plan, undo_now
from catalog.listings import write_listings
from catalog.listings.browse import SORTS, ListingQuery, current_listings, first_cards, listing_page
from catalog.markets import default_market
from catalog.models import Listing, Price, Product, Run
from catalog.prices import (
    PriceRefused,
    price_history,
    prices_at,
    prior_price,
    replace_planned_sales,
    schedule_sales,
    set_price,
    set_prices,
)
from catalog.products.document import read_documents
from tests.factories import make_user, make_variant
from tests.reading import find_all, text_of

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)


def at(moment: datetime) -> time_machine.travel:
    return time_machine.travel(moment, tick=False)


def relist(variant) -> None:
    write_listings(Product.objects.filter(pk=variant.product_id))


@pytest.fixture
def sale():
    """A product at 24.00 that costs 19.00 from NOON + 1 h to NOON + 2 h, and another product at 20.00."""
    with at(NOON):
        variant, other = make_variant(2400, title="Alma mug"), make_variant(2000, title="Brook jug")
        schedule_sales({variant.pk: 1900}, default_market(), NOON + HOUR, NOON + 2 * HOUR)
        relist(variant)
    return variant, other


MOMENTS = [
    (NOON + HOUR - SECOND, False),
    (NOON + HOUR, True),
    (NOON + 2 * HOUR - SECOND, True),
    (NOON + 2 * HOUR, False),
]


@pytest.mark.parametrize(("moment", "is_sale"), MOMENTS)
def test_listing_filter_sort_and_badge_follow_a_sale_on_the_second(sale, moment, is_sale):
    variant, other = sale
    market = default_market()
    with at(moment):
        row = current_listings(market).get(product=variant.product_id)
        below = listing_page(current_listings(market), ListingQuery(high_minor=1950)).cards
        on_sale = listing_page(current_listings(market), ListingQuery(on_sale=True)).cards
        order = [card.product_id for card in first_cards(current_listings(market), 2, sort="price-up")]
    assert (row.price_minor, row.regular_price_minor, row.is_on_sale) == (1900 if is_sale else 2400, 2400, is_sale)
    wanted = [variant.product_id] if is_sale else []
    assert [card.product_id for card in below] == [card.product_id for card in on_sale] == wanted
    pair = [variant.product_id, other.product_id]
    assert order == (pair if is_sale else pair[::-1])


@pytest.mark.parametrize(("moment", "is_sale"), MOMENTS)
def test_pages_follow_a_sale_on_the_second(client, sale, moment, is_sale):
    variant, _ = sale
    with at(moment):
        page = client.get(variant.product.get_absolute_url())
        sale_page = text_of(client.get("/c/sale/"))
        search = client.get("/search/?q=alma")
        cart_add = client.post(
            "/cart/add/", {"product": variant.product_id, "quantity": 1}, headers={"origin": "http://testserver"}
        )
        cart = text_of(client.get("/cart/"))
    assert ("€19.00" in text_of(page), bool(find_all(page, class_="now"))) == (is_sale, is_sale)
    assert "€24.00" in text_of(page)
    assert ("Alma mug" in sale_page) == is_sale
    assert [badge.text for badge in find_all(search, class_="badge")] == (["Sale"] if is_sale else [])
    assert cart_add.status_code == 302
    assert ("€19.00" in cart) == is_sale


def test_a_product_is_there_from_its_first_second_to_its_last(client):
    begins, ends = NOON + DAY, NOON + 2 * DAY
    with at(NOON):
        variant = make_variant()
        Product.objects.filter(pk=variant.product_id).update(publish_at=begins, unpublish_at=ends)
        relist(variant)
    seen = []
    for moment in (NOON, begins - SECOND, begins, ends - SECOND, ends):
        with at(moment):
            listed = current_listings(default_market()).count()
            seen.append((listed, client.get(variant.product.get_absolute_url()).status_code))
    assert seen == [(0, 404), (0, 404), (1, 200), (1, 200), (0, 404)]


@pytest.mark.parametrize(
    ("begins", "ends"),
    [(0.5, 1.5), (1, 2), (1.2, 1.5), (1.5, 3), (0, None), (1.9, None)],
)
def test_a_sale_that_overlaps_another_is_refused_and_nothing_is_planned(sale, begins, ends):
    variant, other = sale
    until = NOON + ends * HOUR if ends else None
    with at(NOON), pytest.raises(PriceRefused, match="already has a sale at that time"):
        schedule_sales({other.pk: 100, variant.pk: 100}, default_market(), NOON + begins * HOUR, until)
    assert Price.objects.filter(kind="sale").count() == 1


@pytest.mark.parametrize(("begins", "ends"), [(0, 1), (2, 3), (2, None)])
def test_a_sale_may_touch_another(sale, begins, ends):
    variant, _ = sale
    with at(NOON):
        until = NOON + ends * HOUR if ends else None
        schedule_sales({variant.pk: 100}, default_market(), NOON + begins * HOUR, until)
    assert Price.objects.filter(kind="sale").count() == 2


def test_a_sale_must_end_after_it_begins(sale):
    with pytest.raises(PriceRefused, match="must be after its start"):
        schedule_sales({sale[0].pk: 100}, default_market(), NOON + 5 * HOUR, NOON + 5 * HOUR)


def test_the_database_refuses_sales_that_overlap(sale):
    with pytest.raises(IntegrityError, match="price_no_overlap"), transaction.atomic():
        Price.objects.create(
            variant=sale[0],
            currency="EUR",
            kind="sale",
            amount_minor=1,
            valid=TimestamptzRange(NOON + HOUR * 1.5, NOON + 3 * HOUR),
        )


def test_planned_sales_are_replaced_and_the_present_one_stays(sale):
    variant, _ = sale
    with at(NOON + HOUR * 1.5):
        replace_planned_sales({variant.pk: [(1500, NOON + 3 * HOUR, None)]}, default_market())
    rows = Price.objects.filter(kind="sale").order_by("valid").values_list("amount_minor", flat=True)
    assert list(rows) == [1900, 1500]


def test_a_sale_until_a_moment_ends_then(sale):
    _, other = sale
    with at(NOON):
        set_prices({other.pk: (2000, 1000, NOON + HOUR)}, default_market())
    amounts = [
        prices_at([other.pk], default_market(), moment)[other.pk].amount_minor
        for moment in (NOON, NOON + HOUR - SECOND, NOON + HOUR)
    ]
    assert amounts == [1000, 1000, 2000]


@pytest.mark.parametrize("compare_at", [2400, 2399, 0])
def test_a_sale_price_at_or_above_the_regular_one_is_no_sale(compare_at):
    variant = make_variant(compare_at)
    schedule_sales({variant.pk: 2400}, default_market(), NOON - DAY, None)
    relist(variant)
    price = prices_at([variant.pk], default_market())[variant.pk]
    assert (price.amount_minor, price.is_on_sale) == (compare_at, False)
    assert Listing.objects.values_list("price_minor", "is_on_sale").get() == (compare_at, False)


# --- the lowest price of 30 days before -------------------------------------------------------------------------------


def priced(regular: list[tuple[float, int]], sales: list[tuple[float, float | None, int]]):
    """A variant with regular prices from (days from NOON, minor units) and sales over (from, to, minor units)."""
    variant = make_variant(None)
    ends = [day for day, _ in regular[1:]] + [None]
    rows = [("regular", day, end, amount) for (day, amount), end in zip(regular, ends, strict=True)]
    rows += [("sale", *sale) for sale in sales]
    for kind, begins, until, amount in rows:
        span = TimestamptzRange(NOON + begins * DAY, None if until is None else NOON + until * DAY)
        Price.objects.create(variant=variant, currency="EUR", kind=kind, amount_minor=amount, valid=span)
    return variant


@pytest.mark.parametrize(
    ("regular", "sales", "expected"),
    [
        pytest.param([(-90, 2400)], [(-5, None, 1900)], 2400, id="one price before"),
        pytest.param([(-90, 2000), (-10, 3000)], [(-5, None, 1900)], 2000, id="raised just before the sale"),
        pytest.param([(-90, 2000), (-40, 3000)], [(-5, None, 1900)], 3000, id="raised before the 30 days"),
        pytest.param([(-90, 2000), (-35, 3000)], [(-5, None, 1900)], 3000, id="raised as the 30 days open"),
        pytest.param([(-90, 3000), (-20, 2200), (-10, 3000)], [(-5, None, 1900)], 2200, id="lowered inside"),
        pytest.param([(-90, 2400)], [(-10, -5, 2100), (-5, None, 1900)], 2400, id="two in a row without a gap"),
        pytest.param([(-90, 2400)], [(-10, -6, 2100), (-5, None, 1900)], 2100, id="two with a gap"),
        pytest.param([(-90, 2400)], [(-60, -50, 1000), (-5, None, 1900)], 2400, id="an old one out of reach"),
        pytest.param([(-90, 2400)], [(-60, -35, 1000), (-5, None, 1900)], 2400, id="one that ends as the days open"),
        pytest.param([(-90, 2400)], [(-60, -34, 1000), (-5, None, 1900)], 1000, id="one that reaches in by a day"),
        pytest.param([(-5, 2400)], [(-5, None, 1900)], None, id="a new product on sale from the start"),
        pytest.param([(-8, 2400)], [(-5, None, 1900)], 2400, id="three days old"),
        pytest.param([(-90, 2400)], [(-60, None, 1900)], 2400, id="a sale of over 30 days"),
        pytest.param([(-90, 2400), (-2, 2600)], [(-5, None, 1900)], 2400, id="the regular price rises meanwhile"),
        pytest.param([(-90, 2400)], [], None, id="no sale"),
        pytest.param([(-90, 2400)], [(-5, -1, 1900)], None, id="a sale that is over"),
        pytest.param([(-90, 2400)], [(1, None, 1900)], None, id="a sale to come"),
        pytest.param([(-90, 2400)], [(-5, None, 2400)], None, id="a sale that is none"),
    ],
)
def test_the_lowest_price_of_the_30_days_before_the_sale(regular, sales, expected):
    variant = priced(regular, sales)
    assert prior_price(price_history([variant.pk], default_market())[variant.pk], NOON) == expected
    with at(NOON):
        relist(variant)
    assert Listing.objects.filter(valid__contains=NOON).values_list("prior_price_minor", flat=True).get() == expected


def test_product_page_and_card_show_the_lowest_price_before_the_sale(client):
    variant = priced([(-90, 2000), (-10, 3000)], [(-5, None, 1900)])
    with at(NOON):
        relist(variant)
        page = text_of(client.get(variant.product.get_absolute_url()))
        card = text_of(client.get("/c/sale/"))
    assert "Lowest price of the 30 days before the sale: €20.00" in page
    assert "Lowest price of the 30 days before: €20.00" in card


# --- the shop as of another moment ------------------------------------------------------------------------------------


def staff_client(*permissions: str) -> Client:
    user = make_user(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def changed():
    """A product that cost 24.00 until an hour before NOON and has cost 30.00 since."""
    with at(NOON - 3 * HOUR):
        variant = make_variant(2400, title="Alma mug")
    with at(NOON - HOUR):
        set_price(variant.pk, default_market(), regular_minor=3000)
        relist(variant)
    return variant


def choose(client: Client, moment: str):
    return client.post("/staff/as-of/", {"moment": moment})


def test_past_listings_are_kept(changed):
    rows = Listing.objects.order_by("valid").values_list("price_minor", "is_past", "valid")
    assert list(rows) == [
        (2400, True, TimestamptzRange(NOON - 3 * HOUR, NOON - HOUR)),
        (3000, False, TimestamptzRange(NOON - HOUR, None)),
    ]


def test_staff_see_the_shop_as_it_was_and_go_back(changed):
    with at(NOON):
        client = staff_client("view_product")
        assert "€30.00" in text_of(client.get("/search/?q=alma"))
        chosen = choose(client, "2026-06-01 12:00")  # in the shop's own zone: two hours before NOON
        assert chosen.status_code == 302
        assert chosen.cookies["as_of"]["httponly"]
        for path in ("/search/?q=alma", changed.product.get_absolute_url(), "/"):
            answer = client.get(path)
            assert ("€24.00" in text_of(answer), "€30.00" in text_of(answer)) == (True, False)
            assert answer.headers["Cache-Control"] == "private, no-store"
            assert "The shop as of 1 June 2026, 12:00" in text_of(answer)
        assert choose(client, "").status_code == 302
        answer = client.get("/search/?q=alma")
    assert "€30.00" in text_of(answer)
    assert answer.headers.get("Cache-Control", "") != "private, no-store"


def test_staff_see_a_coming_sale_and_carts_use_the_present_time(changed):
    with at(NOON):
        schedule_sales({changed.pk: 1100}, default_market(), NOON + DAY, None)
        relist(changed)
        client = staff_client("view_product")
        choose(client, "2026-06-03 12:00")
        assert "€11.00" in text_of(client.get("/search/?q=alma"))
        client.post(
            "/cart/add/", {"product": changed.product_id, "quantity": 1}, headers={"origin": "http://testserver"}
        )
        cart = text_of(client.get("/cart/"))
    assert ("€30.00" in cart, "€11.00" in cart) == (True, False)


def test_a_copied_cookie_shows_others_the_present(changed):
    with at(NOON):
        cookie = choose(staff_client("view_product"), "2026-06-01 12:00").cookies["as_of"].value
        customer = Client()
        customer.force_login(make_user())
        for client in (Client(), customer, staff_client()):
            client.cookies["as_of"] = cookie
            answer = client.get("/search/?q=alma")
            assert "€30.00" in text_of(answer)
            assert "The shop as of" not in text_of(answer)


@pytest.mark.parametrize("cookie", ["x", "2026-06-01T10:00:00+00:00", "a:b:c", ""])
def test_a_cookie_that_we_did_not_sign_is_ignored(changed, cookie):
    with at(NOON):
        client = staff_client("view_product")
        client.cookies["as_of"] = cookie
        assert "€30.00" in text_of(client.get("/search/?q=alma"))


def test_a_cookie_is_good_for_eight_hours(changed):
    with at(NOON):
        client = staff_client("view_product")
        cookie = choose(client, "2026-06-01 12:00").cookies["as_of"].value
    with at(NOON + 9 * HOUR):
        client = staff_client("view_product")
        client.cookies["as_of"] = cookie
        assert "€30.00" in text_of(client.get("/search/?q=alma"))


def test_only_staff_who_may_view_products_can_choose_another_time():
    customer = Client()
    customer.force_login(make_user())
    assert [choose(client, "2026-06-01 12:00").status_code for client in (Client(), customer)] == [302, 302]
    assert "as_of" not in choose(customer, "2026-06-01 12:00").cookies
    assert choose(staff_client(), "2026-06-01 12:00").status_code == 403
    assert choose(staff_client("view_product"), "yesterday").status_code == 422


def test_every_sort_that_shoppers_know_works_as_of_another_moment(changed):
    with at(NOON):
        client = staff_client("view_product")
        choose(client, "2026-06-01 12:00")
        for sort in SORTS:
            assert "€24.00" in text_of(client.get(f"/search/?q=alma&sort={sort}"))


def test_a_sale_that_was_to_begin_by_now_begins_now_and_history_stays(sale):
    _, other = sale
    with at(NOON + DAY):
        replace_planned_sales({other.pk: [(1000, NOON - 20 * DAY, NOON - DAY), (1500, NOON, None)]}, default_market())
    rows = Price.objects.filter(variant=other, kind="sale").values_list("amount_minor", "valid")
    assert list(rows) == [(1500, TimestamptzRange(NOON + DAY, None))]
    assert prices_at([other.pk], default_market(), NOON + HOUR)[other.pk].amount_minor == 2000


def test_a_run_is_taken_back_after_the_sale_that_it_ended_would_be_over(sale):
    _, other = sale
    shop, handle = default_target(), other.product.handle
    with at(NOON):
        set_prices({other.pk: (2000, 1000, NOON + HOUR)}, default_market())
        before = read_documents([handle], shop.market, shop.location)[handle]
        after = deepcopy(before)
        after["variants"]["\n\n"] |= {"sale": None, "sale_until": None}
        run = keep_plan(plan_changes([(before, after)], shop.market), Run.Kind.BULK, "no sale")
    with at(NOON + SECOND):
        apply_now(run)
    with at(NOON + DAY):
        assert undo_now(run).status == Run.Status.UNDONE
        assert prices_at([other.pk], default_market())[other.pk].amount_minor == 2000
