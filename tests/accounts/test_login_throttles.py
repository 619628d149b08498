"""Logins are delayed after failures but never locked, and each address gets only a few e-mails an hour."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.limits import logins
from accounts.limits.logins import FREE_FAILURES, MAX_DELAY_SECONDS, begin_attempt, record_success
from accounts.limits.throttle import TooManyAttempts
from accounts.models import LoginFailures, ThrottleCounter
from shop.models import Mail
from tests.accounts.second_factors import add_app
from tests.accounts.throttling import (
    HERE,
    PASSWORD,
    THERE,
    WRONG,
    assert_refused,
    fail,
    let_time_pass,
    link_in,
    log_in,
    member,
    register,
    reset,
)
from tests.reading import text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@pytest.mark.fault("F115")
def test_the_delay_after_five_failures_doubles_up_to_fifteen_minutes():
    member()
    delays = []
    for n in range(1, 19):
        cache.clear()
        ThrottleCounter.objects.all().delete()
        assert log_in(password=WRONG).status_code == 200
        if n >= FREE_FAILURES:
            delays.append(assert_refused(log_in(password=WRONG), MAX_DELAY_SECONDS))
            let_time_pass()
    assert delays == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]


@pytest.mark.fault("F115")
def test_the_right_password_waits_where_the_wrong_ones_came_from_and_passes_everywhere_else():
    member()
    for _ in range(5):
        assert log_in(password=WRONG).status_code == 200
    assert_refused(log_in(), 1)
    assert log_in(ip=THERE).status_code == 302
    assert log_in("berta@example.com", WRONG).status_code == 200
    let_time_pass(2)
    assert log_in().status_code == 302
    assert {log_in(password=WRONG).status_code for _ in range(5)} == {200}


@pytest.mark.fault("F115")
def test_a_hundred_failures_a_day_slow_everybody_and_lock_nobody_out(clock):
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


@pytest.mark.fault("F115")
def test_ninety_nine_failures_and_any_number_of_logins_slow_nobody():
    member()
    for n in range(99):
        begin_attempt("anna@example.com", f"198.51.100.{n}")
    for _ in range(30):
        begin_attempt("anna@example.com", HERE)
        record_success("anna@example.com", HERE)
    begin_attempt("anna@example.com", THERE)  # the hundredth
    begin_attempt("anna@example.com", HERE)
    with pytest.raises(TooManyAttempts):
        begin_attempt("anna@example.com", HERE)


@pytest.mark.fault("F114")
def test_logins_that_succeed_do_not_count_as_failures_of_the_place():
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


@pytest.mark.fault("F114")
def test_second_factor_attempts_are_counted_by_account_from_any_place():
    user = member()
    add_app(user)
    client = Client(REMOTE_ADDR=HERE)
    assert client.post("/account/login/", {"login": user.email, "password": PASSWORD}).status_code == 302
    is_wrong_code = []
    for n in range(11):
        answer = client.post("/account/2fa/authenticate/", {"code": "000000"}, REMOTE_ADDR=f"198.51.100.{n}")
        is_wrong_code.append("This code is not correct" in text_of(answer))
    assert is_wrong_code == [True] * 10 + [False]


def test_limits_of_allauth_answer_with_the_same_page():
    user = member()
    client = Client()
    client.force_login(user)
    wrong = {"oldpassword": WRONG, "password1": "a long new passphrase", "password2": "a long new passphrase"}
    for _ in range(5):
        assert client.post("/account/password/change/", wrong).status_code == 200
    assert_refused(client.post("/account/password/change/", wrong), 60)


def test_strangers_who_ask_for_resets_lock_nobody_out_and_send_five_mails_an_hour_at_most():
    member()
    for email in ("anna@example.com", "nobody@example.com"):
        answers = [reset(n, ip=f"192.0.2.{n}", email=email.upper()) for n in range(7)]
        assert {answer.headers["Location"] for answer in answers} == {"/account/password/reset/done/"}
        assert Mail.objects.filter(recipients=[email]).count() == 5
    # The owner still has a link that works: each of the five, for an hour.
    for mail in Mail.objects.filter(recipients=["anna@example.com"]):
        assert Client().get(link_in(mail)).status_code == 302


def test_strangers_who_try_to_register_an_address_keep_its_owner_from_nothing():
    member(is_verified=False)
    for n in range(7):
        register(n, ip=f"198.51.100.{n}", email="anna@example.com")
        register(n, ip=f"198.51.100.{n}", email="new@example.com")
    assert log_in(ip=THERE).status_code == 302
    assert reset(0, ip=THERE, email="anna@example.com").status_code == 302
    assert Mail.objects.filter(recipients=["anna@example.com"]).count() == 7
    assert Client().get(link_in(Mail.objects.filter(recipients=["new@example.com"]).last())).status_code == 200


@pytest.mark.fault("F113")
def test_registering_again_and_again_looks_the_same_for_known_and_new_addresses():
    member("known@example.com")
    known = [register(0, ip=f"192.0.2.{n}", email="known@example.com") for n in range(7)]
    new = [register(0, ip=f"198.51.100.{n}", email="new@example.com") for n in range(7)]
    assert [answer.status_code for answer in known] == [answer.status_code for answer in new] == [302] * 7
    for email in ("known@example.com", "new@example.com"):
        assert Mail.objects.filter(recipients=[email]).count() == 5


@pytest.mark.fault("F114")
def test_one_place_asks_for_ten_mails_about_registrations_an_hour():
    for n in range(11):
        member(f"m{n}@example.com", is_verified=False)
    for n in range(10):
        assert log_in(f"m{n}@example.com").status_code == 302
    assert_refused(log_in("m10@example.com"), 3600)
    assert log_in("m10@example.com", ip=THERE).status_code == 302
    assert Mail.objects.count() == 11


def test_a_registration_without_an_address_is_no_attempt():
    for _ in range(6):
        assert Client(REMOTE_ADDR=HERE).post("/account/signup/", {"email": "nobody"}).status_code == 422
    assert register(1).status_code == 302


@pytest.mark.fault("F116")
@pytest.mark.django_db(transaction=True)
def test_thirty_guesses_at_once_are_five(at_once, monkeypatch):
    member()
    # A busy machine takes longer than the first delay of a second, so here it is ten minutes.
    monkeypatch.setattr(logins, "COUNT_UNLESS_BLOCKED", logins.COUNT_UNLESS_BLOCKED.replace("2 ^", "600 * 2 ^"))
    answers = at_once(*(lambda: log_in(password=WRONG).status_code for _ in range(30)))
    assert sorted(answers) == [200] * 5 + [429] * 25
    assert LoginFailures.objects.get().failures == 5
