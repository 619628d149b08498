"""The policy of each page stands beside its view, and all middleware reads it there."""

import pytest

from catalog.pages import (
    ACCOUNT,
    CART,
    INTERNAL,
    ORDER,
    SHARED_FILE,
    STOREFRONT,
    closed_to_robots,
    mounted_views,
    policy_of_path,
    policy_of_view,
)


def test_every_view_declares_its_page_policy():
    without = [str(pattern.pattern) for pattern, _first in mounted_views() if not policy_of_view(pattern.callback)]
    assert without == []


@pytest.mark.parametrize(
    ("path", "policy"),
    [
        ("/", STOREFRONT),
        ("/p/vase/", STOREFRONT),
        ("/help/delivery/", STOREFRONT),
        ("/nothing/here/", STOREFRONT),
        ("/cart/", CART),
        ("/checkout/", CART),
        ("/orders/find/", ORDER),
        ("/account/", ACCOUNT),
        ("/account/login/", ACCOUNT),
        ("/account/2fa/totp/activate/", ACCOUNT),
        ("/account/security/", ACCOUNT),
        ("/admin/", INTERNAL),
        ("/admin/orders/order/", INTERNAL),
        ("/admin/no/such/page/", INTERNAL),
        ("/payments/webhook/", INTERNAL),
        ("/mailbox/", INTERNAL),
        ("/robots.txt", SHARED_FILE),
        ("/healthz", SHARED_FILE),
        ("/media/a.webp", SHARED_FILE),
    ],
)
def test_a_page_is_of_the_kind_that_its_view_names(path, policy):
    assert policy_of_path(path) == policy


@pytest.mark.parametrize(
    ("path", "throttle"),
    [
        ("/search/", "search"),
        ("/c/sale/", "search"),
        ("/c/vases/tall/", "search"),
        ("/suggest/", "suggest"),
        ("/admin/catalog/run/add/", "upload"),
        ("/admin/catalog/run/export/", "export"),
        ("/admin/catalog/run/", ""),
        ("/p/vase/", ""),
    ],
)
def test_what_costs_much_is_throttled(path, throttle):
    assert policy_of_path(path).throttle == throttle


@pytest.mark.parametrize(
    ("path", "is_open"),
    [
        ("/", False),
        ("/cart/", False),
        ("/checkout/", False),
        ("/orders/00000000-0000-0000-0000-000000000000/", True),
        ("/orders/00000000-0000-0000-0000-000000000000/again/", False),
        ("/orders/00000000-0000-0000-0000-000000000000/replace/", False),
        ("/legal/terms/", True),
        ("/help/delivery/", False),
    ],
)
def test_a_closed_shop_answers_only_what_belongs_to_running_it_and_to_older_orders(path, is_open):
    assert policy_of_path(path).is_always_open is is_open


def test_robots_leave_alone_what_belongs_to_one_person_or_to_the_staff():
    assert closed_to_robots() == (
        ["/admin/", "/mailbox/", "/payments/", "/staff/"],
        ["/account/", "/back-in-stock/", "/cart/", "/checkout/", "/orders/", "/search/", "/suggest/"],
    )
