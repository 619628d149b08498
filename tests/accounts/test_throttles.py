"""For each throttle: the last allowed attempt passes, and the next one answers 429 with Retry-After."""

import pytest
from django.test import Client
from django.utils import timezone

from accounts.forms import RESET_LIMIT
from accounts.limits.logins import FAILURES_PER_NETWORK
from accounts.limits.throttle import Limit, TooManyAttempts, network_of
from accounts.models import ThrottleCounter
from accounts.signup import SIGN_UP_LIMIT
from catalog.models import Review
from orders.fulfillment import NewFulfillment, ship
from orders.lifecycle import confirm
from orders.models import CartLine
from orders.views.orders import FINDING
from orders.visitor import ADDING
from shop.middleware.limits import SEARCHING, waiting_time
from tests.accounts.throttling import (
    HERE,
    OURS,
    THERE,
    add,
    assert_refused,
    fail,
    find_order,
    register,
    reset,
    search,
    use_up,
)
from tests.factories import make_order, make_variant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


# (one attempt, how many of them, in how many seconds, the status of one that passes, what counts them)
PER_PLACE = {
    "login": (fail, 20, 300, 200, FAILURES_PER_NETWORK),
    "register": (register, 5, 3600, 302, SIGN_UP_LIMIT),
    "reset": (reset, 10, 3600, 302, RESET_LIMIT),
    "find an order": (find_order, 10, 600, 422, FINDING),
    "search": (search, 60, 60, 200, SEARCHING),
    "add to cart": (add, 60, 60, 422, ADDING),
}
each_place = pytest.mark.parametrize(
    ("attempt", "times", "window", "status", "limit"), PER_PLACE.values(), ids=PER_PLACE
)


@pytest.mark.fault("F114")
@each_place
def test_the_last_allowed_attempt_of_a_place_passes_and_the_next_waits(attempt, times, window, status, limit, clock):
    use_up(limit, times - 2)
    assert {attempt(n).status_code for n in range(2)} == {status}
    seconds = assert_refused(attempt(times), window)
    assert attempt(times + 1, ip=THERE).status_code == status
    clock.shift(seconds - 1)
    assert_refused(attempt(times), window)
    clock.shift(1)
    assert attempt(times).status_code == status


@pytest.mark.fault("F116")
@each_place
def test_a_forged_header_does_not_count_as_a_new_place(attempt, times, window, status, limit):
    use_up(limit, times - 1)
    assert attempt(1, **{"x-forwarded-for": "198.51.100.1"}).status_code == status
    assert_refused(attempt(times, **{"x-forwarded-for": "203.0.113.9"}), window)


@pytest.mark.fault("F116")
@each_place
def test_behind_one_proxy_the_last_hop_counts_and_no_other(attempt, times, window, status, limit, settings):
    settings.TRUSTED_PROXIES = 1
    use_up(limit, times - 1, ip="198.51.100.1")
    assert attempt(1, **{"x-forwarded-for": "203.0.113.1, 198.51.100.1"}).status_code == status
    assert_refused(attempt(times, ip=THERE, **{"x-forwarded-for": "203.0.113.250,198.51.100.1"}), window)
    assert attempt(times, **{"x-forwarded-for": "198.51.100.1, 198.51.100.2"}).status_code == status


@pytest.mark.fault("F116")
@pytest.mark.parametrize("header", [{}, {"x-forwarded-for": "203.0.113.1"}, {"x-forwarded-for": " , "}])
def test_with_too_few_hops_the_connection_itself_counts(settings, header):
    settings.TRUSTED_PROXIES = 2
    use_up(FINDING, 9)
    assert find_order(9, **header).status_code == 422
    assert_refused(find_order(10, **header), 600)
    assert find_order(10, ip=THERE, **header).status_code == 422


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("anna@example.com", "anna@example.com"),
        ("", ""),
    ],
)
def test_an_ipv6_address_stands_for_its_network(address, place):
    assert network_of(address) == place


def test_addresses_of_one_ipv6_network_count_as_one_place():
    for n in range(10):
        assert find_order(n, ip=f"2001:db8::{n + 1:x}").status_code == 422
    assert_refused(find_order(10, ip="2001:db8::ffff"), 600)
    assert find_order(10, ip="2001:db8:0:1::1").status_code == 422


def test_a_refused_attempt_is_not_counted_and_no_address_is_kept():
    limit = Limit("test", 2, 60)
    for _ in range(2):
        limit.take(HERE)
    for _ in range(3):
        with pytest.raises(TooManyAttempts):
            limit.take(HERE)
    counter = ThrottleCounter.objects.get()
    assert (counter.count, counter.window_start) == (2, timezone.now().replace(second=0))
    assert HERE not in counter.key


def test_the_time_to_wait_is_never_too_short(clock):
    limit = Limit("test", 1, 60)
    clock.shift(0.001)
    limit.take("k")
    with pytest.raises(TooManyAttempts) as caught:
        limit.take("k")
    assert caught.value.retry_after == 45
    clock.shift(44.9)
    with pytest.raises(TooManyAttempts) as caught:
        limit.take("k")
    assert caught.value.retry_after == 1
    clock.shift(0.1)
    limit.take("k")


def test_the_sixty_first_click_in_a_minute_puts_nothing_into_the_cart():
    variant = make_variant(on_hand=99)
    client = Client(REMOTE_ADDR=HERE)
    form = {"product": variant.product_id, "quantity": "1"}
    use_up(ADDING, 58)
    assert [client.post("/cart/add/", form, headers=OURS).status_code for _ in range(2)] == [302, 302]
    assert_refused(client.post("/cart/add/", form, headers=OURS), 60)
    assert CartLine.objects.get().quantity == 2


def test_the_sixth_review_in_a_minute_waits_and_is_not_written(client):
    order = make_order(*(make_variant() for _ in range(6)))
    confirm(order)
    ship(order, NewFulfillment({line.pk: line.quantity for line in order.lines.all()}))
    words = {"rating": "5", "title": "Lovely", "text": "Warm in the hand.", "author": "Anna"}
    urls = [f"{order.get_absolute_url()}review/{line.pk}/" for line in order.lines.order_by("pk")]
    assert [client.post(url, words).status_code for url in urls[:5]] == [200] * 5
    assert_refused(client.post(urls[5], words, headers={"x-forwarded-for": "203.0.113.9"}), 60)
    assert Review.objects.count() == 5
    assert client.post(urls[5], words, REMOTE_ADDR=THERE).status_code == 200


@pytest.mark.parametrize(
    ("seconds", "text"), [(1, "1 second"), (59, "59 seconds"), (60, "1 minute"), (61, "2 minutes")]
)
def test_waits_are_in_seconds_up_to_a_minute_and_then_in_whole_minutes(seconds, text):
    assert waiting_time(seconds) == text


def test_stripes_calls_are_never_too_many(client):
    kinds = ("application/json", "text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded")
    bodies = (client.post("/payments/webhook/", f"{n}=1", content_type=kinds[n % 4]) for n in range(130))
    assert {answer.status_code for answer in bodies} == {400}
    assert ThrottleCounter.objects.count() == 0


@pytest.mark.fault("F116")
@pytest.mark.django_db(transaction=True)
def test_ten_of_thirty_simultaneous_searches_pass_if_ten_are_left(at_once):
    use_up(SEARCHING, 50)
    answers = at_once(*(lambda: search(0).status_code for _ in range(30)))
    assert sorted(answers) == [200] * 10 + [429] * 20
    assert ThrottleCounter.objects.get().count == 60


@pytest.mark.fault("F116")
@pytest.mark.django_db(transaction=True)
def test_five_of_thirty_simultaneous_registrations_from_one_place_pass(at_once):
    answers = at_once(*(lambda n=n: register(n).status_code for n in range(30)))
    assert sorted(answers) == [302] * 5 + [429] * 25
