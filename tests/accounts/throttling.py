"""Helpers that make limited attempts and check refused ones."""

import re
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.models import LoginFailures
from shop.mail.outbox import parsed
from tests.factories import make_user
from tests.reading import text_of

PASSWORD = "correct horse battery"
WRONG = "wrong wrong wrong"
HERE, THERE = "192.0.2.1", "192.0.2.77"
OURS = {"origin": "http://testserver"}


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
    """Assert that the answer is 429 and says in its text and header when to try again, within this window."""
    assert answer.status_code == 429
    seconds = int(answer.headers["Retry-After"])
    assert 0 < seconds <= window
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "too many attempts in a short time" in text_of(answer)
    return seconds


def register(n, ip=HERE, email=None, **headers):
    form = {"email": email or f"new{n}@example.com"}
    return Client(REMOTE_ADDR=ip).post("/account/signup/", form, headers=headers or None)


def reset(n, ip=HERE, email=None, **headers):
    form = {"email": email or f"who{n}@example.com"}
    return Client(REMOTE_ADDR=ip).post("/account/password/reset/", form, headers=headers or None)


def link_in(mail) -> str:
    """The path behind the button of a mail."""
    text = parsed(mail).get_body(("plain",)).get_content()
    return re.search(rf"{re.escape(settings.SHOP_URL)}(/account/(?:signup|password|confirm-email)/\S{{20,}})", text)[1]


def find_order(n, ip=HERE, **headers):
    form = {"number": "HS-00000000", "email": f"eve{n}@example.com"}
    return Client(REMOTE_ADDR=ip).post("/orders/find/", form, headers=headers or None)


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
