"""The table of throttles, line by line: the n-th attempt passes, the next is 429 and says when to come back."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.cache import cache
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.forms import REGISTERING, RESETTING_HERE
from accounts.logins import FAILING_HERE, FREE_FAILURES, LONGEST_DELAY_SECONDS, begin_attempt, end_well
from accounts.models import LoginFailures, ThrottleCounter, Turn
from accounts.throttle import Limit, TooManyAttempts, place_of
from accounts.turns import LONGEST_SECONDS, give_turn_back, take_turn
from catalog.importing.plan import Plan
from catalog.importing.runs import RunRefused, apply_now, keep_plan, start, start_undo, work_waiting
from catalog.models import Category, Collection, Review, Run
from orders.lifecycle import confirm
from orders.models import CartLine
from orders.views.carts import ADDING
from orders.views.orders import FINDING
from shop.middleware.limits import SEARCHING, SUGGESTING
from shop.models import Mail
from tests.factories import make_order, make_user, make_variant

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
WRONG = "wrong wrong wrong"
HERE, THERE = "192.0.2.1", "192.0.2.77"
OURS = {"origin": "http://testserver"}


@pytest.fixture(autouse=True)
def clock():
    """A quarter of a minute after the full hour: no window ends while a test counts."""
    now = datetime.now(UTC).replace(minute=0, second=15, microsecond=0)
    with time_machine.travel(now, tick=False) as traveller:
        yield traveller


def member(email="anna@example.com", *, is_verified=True):
    user = make_user(email)
    EmailAddress.objects.create(user=user, email=user.email, verified=is_verified, primary=True)
    return user


def log_in(email="anna@example.com", password=PASSWORD, ip=HERE, **headers):
    return Client(REMOTE_ADDR=ip).post(
        "/account/login/", {"login": email, "password": password}, headers=headers or None
    )


def let_time_pass(email_and_place_count: int = 1) -> None:
    """Every delay of a place is over; the counters of failures stay."""
    assert LoginFailures.objects.update(blocked_until=timezone.now() - timedelta(days=1)) == email_and_place_count


def assert_refused(answer, window: int) -> int:
    """429 that says in plain words and in its header when to come back, inside this window."""
    assert answer.status_code == 429
    seconds = int(answer.headers["Retry-After"])
    assert 0 < seconds <= window
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "done too often in a short time" in answer.content.decode()
    return seconds


# --- by place ---------------------------------------------------------------------------


def register(n, ip=HERE, email=None, **headers):
    facts = {"email": email or f"new{n}@example.com", "password1": "a long new passphrase"}
    return Client(REMOTE_ADDR=ip).post("/account/signup/", facts, headers=headers or None)


def reset(n, ip=HERE, email=None, **headers):
    facts = {"email": email or f"who{n}@example.com"}
    return Client(REMOTE_ADDR=ip).post("/account/password/reset/", facts, headers=headers or None)


def find_order(n, ip=HERE, **headers):
    facts = {"number": "HS-00000000", "email": f"eve{n}@example.com"}
    return Client(REMOTE_ADDR=ip).post("/orders/find/", facts, headers=headers or None)


def search(n, ip=HERE, **headers):
    return Client(REMOTE_ADDR=ip).get("/search/", {"q": f"mug {n}"}, headers=headers or None)


def suggest(n, ip=HERE, **headers):
    return Client(REMOTE_ADDR=ip).get("/suggest/", {"q": f"mug {n}"}, headers=headers or None)


def add(n, ip=HERE, **headers):
    return Client(REMOTE_ADDR=ip).post("/cart/add/", {"product": n}, headers={**OURS, **headers})


def fail(n, ip=HERE, **headers):
    return log_in(f"who{n}@example.com", WRONG, ip, **headers)


def use_up(limit, times, ip=HERE):
    for _ in range(times):
        limit.take(ip)


# (one attempt, how many of them, in how many seconds, the status of one that passes, what counts them)
PER_PLACE = {
    "login": (fail, 20, 300, 200, FAILING_HERE),
    "register": (register, 5, 3600, 302, REGISTERING),
    "reset": (reset, 10, 3600, 302, RESETTING_HERE),
    "find an order": (find_order, 10, 600, 422, FINDING),
    "search": (search, 60, 60, 200, SEARCHING),
    "add to cart": (add, 60, 60, 422, ADDING),
}
each_place = pytest.mark.parametrize(
    ("attempt", "times", "window", "status", "limit"), PER_PLACE.values(), ids=PER_PLACE
)


@each_place
def test_f114_the_last_allowed_attempt_of_a_place_passes_and_the_next_waits(
    attempt, times, window, status, limit, clock
):
    assert {attempt(n).status_code for n in range(times)} == {status}
    seconds = assert_refused(attempt(times), window)
    assert attempt(times + 1, ip=THERE).status_code == status
    clock.shift(seconds - 1)
    assert_refused(attempt(times), window)
    clock.shift(1)
    assert attempt(times).status_code == status


@each_place
def test_f116_a_forged_header_is_no_new_place(attempt, times, window, status, limit):
    use_up(limit, times - 1)
    assert attempt(1, **{"x-forwarded-for": "198.51.100.1"}).status_code == status
    assert_refused(attempt(times, **{"x-forwarded-for": "203.0.113.9"}), window)


@each_place
def test_f116_behind_one_proxy_the_last_hop_counts_and_no_other(attempt, times, window, status, limit, settings):
    settings.TRUSTED_PROXIES = 1
    use_up(limit, times - 1, ip="198.51.100.1")
    assert attempt(1, **{"x-forwarded-for": "203.0.113.1, 198.51.100.1"}).status_code == status
    assert_refused(attempt(times, ip=THERE, **{"x-forwarded-for": "203.0.113.250,198.51.100.1"}), window)
    assert attempt(times, **{"x-forwarded-for": "198.51.100.1, 198.51.100.2"}).status_code == status


@pytest.mark.parametrize("header", [{}, {"x-forwarded-for": "203.0.113.1"}, {"x-forwarded-for": " , "}])
def test_f116_with_too_few_hops_the_connection_itself_counts(settings, header):
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
    assert place_of(address) == place


def test_another_address_of_the_same_ipv6_network_is_no_new_place():
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


# --- login ---------------------------------------------------------------------------------------------


def test_f115_the_delay_after_five_failures_doubles_up_to_fifteen_minutes():
    member()
    delays = []
    for n in range(1, 19):
        cache.clear()
        ThrottleCounter.objects.all().delete()
        assert log_in(password=WRONG).status_code == 200
        if n >= FREE_FAILURES:
            delays.append(assert_refused(log_in(password=WRONG), LONGEST_DELAY_SECONDS))
            let_time_pass()
    assert delays == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]


def test_f115_the_right_password_waits_where_the_wrong_ones_came_from_and_passes_everywhere_else():
    member()
    for _ in range(5):
        assert log_in(password=WRONG).status_code == 200
    assert_refused(log_in(), 1)
    assert log_in(ip=THERE).status_code == 302
    assert log_in("berta@example.com", WRONG).status_code == 200
    let_time_pass(2)
    assert log_in().status_code == 302
    assert {log_in(password=WRONG).status_code for _ in range(5)} == {200}


def test_f115_a_hundred_failures_a_day_slow_everybody_and_lock_nobody_out(clock):
    member()
    for n in range(99):
        begin_attempt("anna@example.com", f"198.51.100.{n}")
    assert log_in("Anna@Example.com", WRONG, ip="198.51.100.99").status_code == 200  # the hundredth
    assert log_in(ip=THERE).status_code == 302  # the owner, who fails nowhere
    assert log_in(password=WRONG, ip="203.0.113.1").status_code == 200  # the hundred-and-first failure
    assert assert_refused(log_in(ip="203.0.113.1"), 1) == 1
    assert log_in(ip=THERE).status_code == 302
    for _ in range(5):
        assert log_in("berta@example.com", WRONG, ip="203.0.113.1").status_code == 200
    clock.shift(timedelta(days=1))
    assert log_in(password=WRONG, ip="203.0.113.2").status_code == 200
    assert log_in(password=WRONG, ip="203.0.113.2").status_code == 200


def test_f115_ninety_nine_failures_and_any_number_of_logins_slow_nobody():
    member()
    for n in range(99):
        begin_attempt("anna@example.com", f"198.51.100.{n}")
    for _ in range(30):
        begin_attempt("anna@example.com", HERE)
        end_well("anna@example.com", HERE)
    begin_attempt("anna@example.com", THERE)  # the hundredth
    begin_attempt("anna@example.com", HERE)
    with pytest.raises(TooManyAttempts):
        begin_attempt("anna@example.com", HERE)


def test_f114_logins_that_succeed_do_not_count_as_failures_of_the_place():
    member()
    for n in range(19):
        assert fail(n).status_code == 200
    assert {log_in().status_code for _ in range(3)} == {302}
    assert fail(19).status_code == 200
    assert_refused(log_in(), 300)


def test_a_login_that_has_to_wait_counts_as_no_failure():
    member()
    for _ in range(5):
        log_in(password=WRONG)
    before = sorted(ThrottleCounter.objects.values_list("count", flat=True))
    assert_refused(log_in(password=WRONG), 1)
    assert sorted(ThrottleCounter.objects.values_list("count", flat=True)) == before == [5, 5]


def test_f114_second_factors_are_counted_by_account_wherever_they_come_from():
    user = member()
    TOTP.activate(user, generate_totp_secret())
    client = Client(REMOTE_ADDR=HERE)
    assert client.post("/account/login/", {"login": user.email, "password": PASSWORD}).status_code == 302
    said = []
    for n in range(11):
        answer = client.post("/account/2fa/authenticate/", {"code": "000000"}, REMOTE_ADDR=f"198.51.100.{n}")
        said.append("Incorrect code" in answer.content.decode())
    assert said == [True] * 10 + [False]


def test_what_allauth_counts_itself_answers_with_the_same_page():
    user = member()
    client = Client()
    client.force_login(user)
    wrong = {"oldpassword": WRONG, "password1": "a long new passphrase", "password2": "a long new passphrase"}
    for _ in range(5):
        assert client.post("/account/password/change/", wrong).status_code == 200
    assert_refused(client.post("/account/password/change/", wrong), 60)


# --- mails to one address ------------------------------------------------------------------------------


def test_f114_an_address_gets_three_reset_mails_an_hour_from_anywhere_whether_it_is_known_or_not():
    member()
    for email in ("anna@example.com", "nobody@example.com"):
        for n in range(3):
            assert reset(n, ip=f"192.0.2.{n}", email=email.upper()).status_code == 302
        assert_refused(reset(3, ip="192.0.2.3", email=email), 3600)
    assert Mail.objects.filter(recipients=["anna@example.com"]).count() == 3


def test_f114_an_address_gets_three_mails_about_its_registration_an_hour_and_the_next_login_waits():
    member(is_verified=False)
    assert {log_in().status_code for _ in range(3)} == {302}
    assert_refused(log_in(ip=THERE), 3600)
    assert Mail.objects.filter(recipients=["anna@example.com"]).count() == 3


def test_f113_registering_again_and_again_looks_the_same_for_known_and_new_addresses():
    member("known@example.com")
    known = [register(0, ip=f"192.0.2.{n}", email="known@example.com") for n in range(4)]
    new = [register(0, ip=f"198.51.100.{n}", email="new@example.com") for n in range(4)]
    assert [answer.status_code for answer in known] == [answer.status_code for answer in new] == [302, 302, 302, 429]


def test_f114_one_place_asks_for_ten_mails_about_registrations_an_hour():
    for n in range(11):
        member(f"m{n}@example.com", is_verified=False)
    for n in range(10):
        assert log_in(f"m{n}@example.com").status_code == 302
    assert_refused(log_in("m10@example.com"), 3600)
    assert log_in("m10@example.com", ip=THERE).status_code == 302
    assert Mail.objects.count() == 11


def test_a_registration_with_a_weak_password_is_no_attempt():
    for n in range(6):
        facts = {"email": f"new{n}@example.com", "password1": "short"}
        assert Client(REMOTE_ADDR=HERE).post("/account/signup/", facts).status_code == 200
    assert register(1).status_code == 302


# --- search and filters --------------------------------------------------------------------------------


@pytest.fixture
def shelf():
    Category.objects.create(name="Tableware", slug="tableware", path="tableware")
    Collection.objects.create(name="Gifts", slug="gifts")


@pytest.mark.parametrize("url", ["/c/tableware/", "/collections/gifts/", "/c/sale/"])
def test_a_plain_listing_its_order_and_its_pages_are_not_counted(client, shelf, url):
    use_up(SEARCHING, 60, ip="127.0.0.1")
    for query in ({}, {"sort": "price-up", "page": "1", "after": ""}, {"min": ""}):
        assert client.get(url, query).status_code == 200
    assert_refused(client.get(url, {"min": "1"}), 60)


@pytest.mark.parametrize("url", ["/c/tableware/", "/collections/gifts/", "/c/sale/", "/search/"])
@pytest.mark.parametrize("query", [{"min": "5"}, {"stock": "1"}, {"material": "clay"}])
def test_filters_share_one_counter_with_the_search(client, shelf, url, query):
    use_up(SEARCHING, 59, ip="127.0.0.1")
    assert client.get(url, query).status_code == 200
    assert_refused(client.get(url, query), 60)
    assert client.get("/c/tableware/").status_code == 200


def test_a_piece_of_a_page_counts_as_the_page():
    use_up(SEARCHING, 59)
    assert search(59, **{"x-fragment": "1"}).status_code == 200
    assert_refused(search(60, **{"x-fragment": "1"}), 60)
    assert_refused(search(60), 60)


def test_suggestions_are_counted_for_themselves_and_say_in_one_sentence_that_they_pause():
    use_up(SUGGESTING, 59)
    assert suggest(59).status_code == 200
    refused = suggest(60)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "45")
    assert refused.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert refused.content.decode() == "Suggestions pause for 45 seconds. Press Enter to search."
    assert search(61).status_code == 200


@pytest.mark.parametrize(("query", "counted"), [("sort=price-up", 0), ("stock=1", 1)])
def test_a_filter_costs_one_counter_and_neither_cookie_nor_session(client, shelf, query, counted):
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(f"/c/tableware/?{query}")
    assert (answer.status_code, dict(answer.cookies)) == (200, {})
    assert "no-store" not in answer.headers.get("Cache-Control", "")
    assert "Cookie" not in answer.headers.get("Vary", "")
    tables = ("throttlecounter", "django_session", "shop_cache", "accounts_user")
    seen = [table for query in queries for table in tables if table in query["sql"]]
    assert seen == ["throttlecounter"] * counted


def test_a_search_that_cannot_be_counted_is_answered(client, monkeypatch):
    def is_away(*_: object) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(Limit, "take", is_away)
    assert client.get("/search/?q=mug").status_code == 200


def test_a_refused_search_sets_no_cookie():
    use_up(SEARCHING, 60)
    answer = search(0)
    assert_refused(answer, 60)
    assert dict(answer.cookies) == {}


# --- orders, reviews, Stripe's calls -------------------------------------------------------------------


def test_the_sixty_first_click_in_a_minute_puts_nothing_into_the_cart():
    variant = make_variant(on_hand=99)
    client = Client(REMOTE_ADDR=HERE)
    facts = {"product": variant.product_id, "quantity": "1"}
    use_up(ADDING, 58)
    assert [client.post("/cart/add/", facts, headers=OURS).status_code for _ in range(2)] == [302, 302]
    assert_refused(client.post("/cart/add/", facts, headers=OURS), 60)
    assert CartLine.objects.get().quantity == 2


def test_the_sixth_review_in_a_minute_waits_and_is_not_written(client):
    order = make_order(*(make_variant() for _ in range(6)))
    confirm(order)
    words = {"rating": "5", "title": "Lovely", "text": "Warm in the hand.", "author": "Anna"}
    urls = [f"{order.get_absolute_url()}review/{line.pk}/" for line in order.lines.order_by("pk")]
    assert [client.post(url, words).status_code for url in urls[:5]] == [200] * 5
    assert_refused(client.post(urls[5], words, headers={"x-forwarded-for": "203.0.113.9"}), 60)
    assert Review.objects.count() == 5
    assert client.post(urls[5], words, REMOTE_ADDR=THERE).status_code == 200


def test_stripes_calls_are_never_too_many(client):
    kinds = ("application/json", "text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded")
    bodies = (client.post("/payments/webhook/", f"{n}=1", content_type=kinds[n % 4]) for n in range(130))
    assert {answer.status_code for answer in bodies} == {400}
    assert ThrottleCounter.objects.count() == 0


# --- files of staff ------------------------------------------------------------------------------------


def desk() -> Client:
    client = Client()
    client.force_login(make_user(is_staff=True, is_superuser=True))
    return client


def planned_run(user, kind=Run.Kind.IMPORT) -> Run:
    return keep_plan(Plan(), kind, "file.csv", user_id=user.pk)


EXPORT, IMPORT = "/admin/catalog/run/export/", "/admin/catalog/run/add/"


def test_while_an_export_is_sent_its_account_gets_no_second_file_and_others_get_theirs():
    own, other = desk(), desk()
    sending = own.get(EXPORT)
    assert sending.status_code == 200
    assert assert_refused(own.get(EXPORT), 10) == 10
    assert_refused(own.post(IMPORT), 10)
    assert own.get(IMPORT).status_code == 200
    assert b"".join(other.get(EXPORT)).startswith(b"Handle,Title")
    assert b"".join(sending).startswith(b"Handle,Title")
    assert own.post(IMPORT, {"file": ""}).status_code == 422
    assert Turn.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_an_export_that_is_broken_off_gives_its_turn_back():
    client = desk()
    client.get(EXPORT).close()
    assert b"".join(client.get(EXPORT)).startswith(b"Handle,Title")


def test_a_turn_that_nobody_gives_back_ends_by_itself_and_late_news_of_it_takes_nobody_elses():
    first = take_turn("k")
    with pytest.raises(TooManyAttempts):
        take_turn("k")
    Turn.objects.update(held_until=first - timedelta(seconds=LONGEST_SECONDS + 1))
    second = take_turn("k")
    give_turn_back("k", first)
    assert Turn.objects.get().held_until == second
    give_turn_back("k", second)
    assert Turn.objects.count() == 0


def test_an_accounts_second_import_waits_until_the_first_is_carried_out_or_taken_back():
    anna, berta = make_user(), make_user()
    first, second = planned_run(anna), planned_run(anna)
    start(first)
    for verb in (lambda: start(second), lambda: apply_now(second)):
        with pytest.raises(
            RunRefused, match="Another import of yours is being worked on: please wait until it is done"
        ):
            verb()
    start(planned_run(berta))
    start(planned_run(anna, Run.Kind.BULK))
    assert work_waiting() == 3
    assert apply_now(second).status == "applied"
    first.refresh_from_db()
    start_undo(first)
    with pytest.raises(RunRefused, match="Another import of yours"):
        start_undo(second)


# --- at once -------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_f116_thirty_searches_at_once_by_somebody_who_has_ten_left_are_ten(at_once):
    use_up(SEARCHING, 50)
    answers = at_once(*(lambda: search(0).status_code for _ in range(30)))
    assert sorted(answers) == [200] * 10 + [429] * 20
    assert ThrottleCounter.objects.get().count == 60


@pytest.mark.django_db(transaction=True)
def test_f116_thirty_guesses_at_once_are_five(at_once):
    member()
    answers = at_once(*(lambda: log_in(password=WRONG).status_code for _ in range(30)))
    assert sorted(answers) == [200] * 5 + [429] * 25
    assert LoginFailures.objects.get().failures == 5


@pytest.mark.django_db(transaction=True)
def test_f116_thirty_registrations_at_once_from_one_place_are_five(at_once):
    answers = at_once(*(lambda n=n: register(n).status_code for n in range(30)))
    assert sorted(answers) == [302] * 5 + [429] * 25


@pytest.mark.django_db(transaction=True)
def test_of_eight_who_come_at_once_one_has_the_turn(at_once):
    results = at_once(*(lambda: take_turn("k") for _ in range(8)))
    assert sorted(type(result).__name__ for result in results) == ["TooManyAttempts"] * 7 + ["datetime"]


@pytest.mark.django_db(transaction=True)
def test_of_four_imports_that_an_account_starts_at_once_one_is_started(at_once):
    user = make_user()
    runs = [planned_run(user) for _ in range(4)]
    results = at_once(*(lambda run=run: start(run) for run in runs))
    assert sorted(type(result).__name__ for result in results) == ["NoneType", "RunRefused", "RunRefused", "RunRefused"]
    assert Run.objects.filter(status=Run.Status.WAITING).count() == 1
