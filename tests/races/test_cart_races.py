"""Simultaneous clicks: none is lost, and a variant has one line with at most 99 units."""

import pytest

from orders.cart import MAX_LINE_QUANTITY, add_to_cart, set_quantity
from orders.cart.merging import join_carts
from orders.errors import CartRefused
from orders.models import Cart, CartLine
from tests.factories import make_cart, make_user, make_variant

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.fault("F011")
def test_thirty_clicks_on_one_line_lose_no_click(at_once):
    variant = make_variant(on_hand=200)
    cart = make_cart(variant)
    results = at_once(*(lambda: add_to_cart(cart, variant, 1) for _ in range(30)))
    assert results == [None] * 30
    assert list(CartLine.objects.values_list("cart", "quantity")) == [(cart.pk, 31)]


@pytest.mark.fault("F011")
def test_thirty_clicks_into_an_empty_cart_make_one_line(at_once):
    variant, cart = make_variant(on_hand=200), make_cart()
    results = at_once(*(lambda: add_to_cart(cart, variant, 2) for _ in range(30)))
    assert results == [None] * 30
    assert list(CartLine.objects.values_list("cart", "quantity")) == [(cart.pk, 60)]


@pytest.mark.fault("F011")
def test_thirty_clicks_stop_at_ninety_nine(at_once):
    variant = make_variant(on_hand=200)
    cart = make_cart(variant, quantity=80)
    results = at_once(*(lambda: add_to_cart(cart, variant, 1) for _ in range(30)))
    assert results == [None] * 30
    assert CartLine.objects.get().quantity == MAX_LINE_QUANTITY == 99


@pytest.mark.fault("F011")
def test_a_login_during_the_clicks_keeps_every_click_that_was_taken(at_once):
    variant, user = make_variant(on_hand=200), make_user()
    own, anonymous = make_cart(variant, quantity=5, user=user), make_cart(variant, quantity=2)
    clicks = [lambda: add_to_cart(anonymous, variant, 1) for _ in range(30)]
    results = at_once(*clicks[:15], lambda: join_carts(anonymous.token, user.pk), *clicks[15:])
    taken = results.count(None) - 1
    assert results[15] is None
    assert sum(isinstance(result, CartRefused) for result in results) == 30 - taken
    assert list(CartLine.objects.values_list("cart", "quantity")) == [(own.pk, 7 + taken)]
    assert Cart.objects.values_list("pk", "token").get() == (own.pk, anonymous.token)


@pytest.mark.fault("F011")
def test_a_login_of_a_shopper_without_a_cart_loses_no_click(at_once):
    variant, user = make_variant(on_hand=200), make_user()
    anonymous = make_cart(variant, quantity=2)
    clicks = [lambda: add_to_cart(anonymous, variant, 1) for _ in range(30)]
    results = at_once(*clicks[:15], lambda: join_carts(anonymous.token, user.pk), *clicks[15:])
    assert results == [None] * 31
    assert list(CartLine.objects.values_list("cart__user", "quantity")) == [(user.pk, 32)]


@pytest.mark.fault("F011")
def test_clicks_in_both_carts_during_a_login_end_on_one_line_of_at_most_ninety_nine(at_once):
    variant, user = make_variant(on_hand=200), make_user()
    own, anonymous = make_cart(variant, quantity=45, user=user), make_cart(variant, quantity=45)
    clicks = [lambda: add_to_cart(own, variant, 1), lambda: add_to_cart(anonymous, variant, 1)] * 15
    join = [lambda: join_carts(anonymous.token, user.pk)] * 2
    results = at_once(*join, *clicks)
    taken = results[2:].count(None)
    assert taken >= 15
    assert results[:2] == [None, None]
    assert {type(result) for result in results} <= {type(None), CartRefused}
    assert list(CartLine.objects.values_list("cart", "quantity")) == [(own.pk, min(99, 90 + taken))]


def test_a_typed_number_and_clicks_at_once_end_at_one_of_their_orders(at_once):
    variant = make_variant(on_hand=200)
    cart = make_cart(variant, quantity=1)
    line = cart.lines.get()
    clicks = [lambda: add_to_cart(cart, variant, 1) for _ in range(8)]
    results = at_once(*clicks[:4], lambda: set_quantity(cart, line.pk, 50), *clicks[4:])
    assert results == [None] * 9
    assert 50 <= CartLine.objects.get().quantity <= 58
