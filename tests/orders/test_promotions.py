"""Promotions, from the rows that staff write to the order that they hold for."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.utils import timezone

from catalog.listings import rows
from catalog.models import Category, Collection, CollectionEntry, Product
from catalog.products.categories import ensure_category
from catalog.products.slugs import move_category
from orders import lifecycle
from orders.admin.promotions.preview import try_promotion
from orders.cart.codes import drop_code
from orders.checkout import place_order
from orders.customers import Buyer
from orders.errors import CartRefused, CouponRefused, GiftCardRefused, PromotionUsedUp, TotalChanged
from orders.models import Coupon, Order, Promotion, PromotionCustomer, PromotionUse
from orders.promotions import give_back_uses, plain_code
from orders.promotions.coupons import end_codes, make_batch, make_code, recount
from shop.operations.audit import run_audit
from tests.factories import (
    contents_of,
    make_cart,
    make_order,
    make_promotion,
    make_shipping,
    make_submission,
    make_tax,
    make_user,
    make_variant,
    place,
    seen_of,
    with_codes,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def delivery():
    make_shipping()
    make_tax()


def totals_of(cart, buyer=None):
    return contents_of(cart, buyer).totals


def test_an_automatic_promotion_holds_without_a_code():
    make_promotion(percent=10)
    assert totals_of(make_cart(make_variant(2400))).discount_minor == 240


def test_a_promotion_that_is_off_does_nothing():
    make_promotion(percent=10, is_active=False)
    assert totals_of(make_cart(make_variant(2400))).discount_minor == 0


def test_a_code_is_found_with_any_spaces_dashes_and_case():
    make_promotion(percent=10, codes=("WELCOME10",))
    cart = with_codes(make_cart(make_variant(2400)), " wel-come 10 ")
    assert cart.codes == ["WELCOME10"]
    assert totals_of(cart).discount_minor == 240
    drop_code(cart, "WELCOME10")
    assert totals_of(make_cart(make_variant(2400))).discount_minor == 0


def test_an_unknown_code_is_reported():
    cart = make_cart(make_variant())
    with pytest.raises(GiftCardRefused, match="We do not know this code"):
        with_codes(cart, "NOSUCH")
    with pytest.raises(CartRefused, match="Enter a code"):
        with_codes(cart, " -- ")


def test_the_cart_shows_why_a_code_does_not_apply():
    make_promotion(percent=10, codes=("BIG",), minimum_minor=5000, name="Ten off")
    cart = with_codes(make_cart(make_variant(2400)), "BIG")
    note = contents_of(cart).code_notes[0]
    assert (note.is_good, note.sentence) == (False, "Ten off: Add €26.00 of eligible items to use it.")


def test_a_cart_takes_five_codes_at_most():
    for number in range(6):
        make_promotion(percent=1, codes=(f"CODE{number}",))
    cart = with_codes(make_cart(make_variant()), *(f"CODE{n}" for n in range(5)))
    with pytest.raises(CartRefused, match="at most 5 codes"):
        with_codes(cart, "CODE5")


def test_it_begins_and_ends_on_the_second():
    begins = timezone.now().replace(microsecond=0) + timedelta(days=1)
    make_promotion(percent=10, begins_at=begins, ends_at=begins + timedelta(hours=1))
    cart = make_cart(make_variant(2400))
    moments = {-1: 0, 0: 240, 3599: 240, 3600: 0}
    for seconds, off in moments.items():
        with time_machine.travel(begins + timedelta(seconds=seconds), tick=False):
            assert totals_of(cart).discount_minor == off, seconds


def test_a_category_takes_all_below_it_with_it():
    root = Category.objects.create(name="Tableware", slug="tableware", path="tableware")
    leaf = Category.objects.create(name="Mugs", slug="mugs", path="tableware/mugs", parent=root)
    beside = Category.objects.create(name="Tableware old", slug="tableware-old", path="tableware-old")
    inside, outside = make_variant(1000), make_variant(1000)
    Product.objects.filter(pk=inside.product_id).update(category=leaf)
    Product.objects.filter(pk=outside.product_id).update(category=beside)
    make_promotion(lane="product", percent=10, categories=[root])
    totals = totals_of(make_cart(inside, outside))
    assert [line.discount_minor for line in totals.lines] == [100, 0]


def test_a_category_that_moves_while_its_path_is_read_takes_all_below_it_with_it(monkeypatch):
    root = ensure_category(["Tableware"])
    variant = make_variant(1000)
    Product.objects.filter(pk=variant.product_id).update(category=ensure_category(["Tableware", "Mugs"]))
    make_promotion(lane="product", percent=10, categories=[root])
    read_path, moves = rows._paths_above, iter([lambda: move_category(root, parent=None, slug="kitchen")])

    def move_and_read(path):
        next(moves, lambda: None)()
        return read_path(path)

    monkeypatch.setattr(rows, "_paths_above", move_and_read)
    assert totals_of(make_cart(variant)).discount_minor == 100


def test_collections_by_hand_and_by_rule_take_part():
    chosen, cheap, neither = make_variant(5000), make_variant(900), make_variant(5000)
    by_hand = Collection.objects.create(name="Picks", slug="picks")
    CollectionEntry.objects.create(collection=by_hand, product=chosen.product)
    by_rule = Collection.objects.create(name="Cheap", slug="cheap", kind="rule", rule_below_minor=1000)
    make_promotion(lane="product", percent=10, collections=[by_hand, by_rule])
    totals = totals_of(make_cart(chosen, cheap, neither))
    assert [line.discount_minor for line in totals.lines] == [500, 90, 0]


def test_a_gift_is_a_free_line_that_takes_stock():
    gift = make_variant(900, on_hand=1, title="Soap")
    make_promotion("gift", "gift", gift_variant=gift, minimum_minor=2000, name="A soap for you")
    cart = make_cart(make_variant(2400))
    order = place(cart)
    lines = list(order.lines.all())
    assert [(line.title, line.subtotal_minor, line.discount_minor, line.total_minor) for line in lines][1] == (
        "Soap",
        900,
        900,
        0,
    )
    assert order.total_minor == 2400 + 490
    assert gift.stock.get().reserved == 1
    assert "Soap" not in [item.variant.product.title for item in contents_of(make_cart(make_variant(2400))).gifts]
    assert run_audit() == []


def test_the_last_unit_goes_to_a_buyer_rather_than_to_a_gift():
    last = make_variant(2400, on_hand=1)
    make_promotion("gift", "gift", gift_variant=last, name="One more")
    order = place(make_cart(last))
    assert [(line.quantity, line.total_minor) for line in order.lines.all()] == [(1, 2400)]


def test_two_promotions_never_give_the_same_last_gift():
    gift = make_variant(900, on_hand=1)
    make_promotion("gift", "gift", gift_variant=gift)
    make_promotion("gift", "gift", gift_variant=gift)
    order = place(make_cart(make_variant(2400)))
    assert [line.total_minor for line in order.lines.all()] == [2400, 0]
    assert run_audit() == []


def test_two_promotions_with_the_same_gift_give_one_unit_each():
    gift = make_variant(900, on_hand=2)
    make_promotion("gift", "gift", gift_variant=gift)
    make_promotion("gift", "gift", gift_variant=gift)
    order = place(make_cart(make_variant(2400)))
    assert [line.total_minor for line in order.lines.all()] == [2400, 0, 0]
    assert gift.stock.get().reserved == 2
    assert run_audit() == []


def test_a_gift_that_is_shipped_needs_another_shipped_line():
    make_promotion("gift", "gift", gift_variant=make_variant(900))
    cart = make_cart(make_variant(1500, needs_shipping=False, is_tracked=False))
    order = place(cart, shipping_code="none", line1="", postcode="", city="")
    assert [line.total_minor for line in order.lines.all()] == [1500]


def test_a_gift_card_is_no_gift():
    card = make_variant(2500, is_gift_card=True, needs_shipping=False, is_tracked=False)
    make_promotion("gift", "gift", gift_variant=card)
    order = place(make_cart(make_variant(2400)))
    lifecycle.confirm(order)
    assert [line.total_minor for line in order.lines.all()] == [2400]
    assert [str(finding) for finding in run_audit() if finding.invariant.startswith("O7")] == []


def test_the_code_with_uses_left_applies_if_a_cart_has_two_codes_of_one_promotion():
    promotion = make_promotion(percent=10, codes=("FIRST", "SECOND"), most_uses_of_code=1)
    place(with_codes(make_cart(make_variant()), "FIRST"), email="a@example.com")
    order = place(with_codes(make_cart(make_variant()), "FIRST", "SECOND"), email="b@example.com")
    assert order.discount_minor == 240
    assert list(promotion.coupons.order_by("code").values_list("code", "uses")) == [("FIRST", 1), ("SECOND", 1)]


def test_a_customer_group_pays_less_after_logging_in():
    group = Group.objects.create(name="Friends")
    make_promotion(percent=20, groups=[group])
    user = make_user()
    user.groups.add(group)
    cart = make_cart(make_variant(1000), user=user)
    assert totals_of(cart, Buyer("DE", user_id=user.pk)).discount_minor == 200
    assert totals_of(cart, Buyer("DE")).discount_minor == 0


@pytest.mark.parametrize(
    ("email", "again"),
    [
        ("ann@example.com", "Ann+again@Example.com"),
        ("ann@example.com", "ann@example.com\u200b"),
        ("ann@example.com", "ann@exam\u00adple.com"),
        ("ann@example.com", "ann@\uff45xample.com"),
        ("ann@b\u00fccher.example", "ann@xn--bcher-kva.example"),
    ],
)
def test_a_first_order_is_a_first_order_once_whatever_the_address_is_spelled_like(email, again):
    make_promotion(percent=10, is_first_order_only=True, name="Hello")
    first = place(make_cart(make_variant(1000)), email=email)
    assert first.discount_minor == 100
    second = make_cart(make_variant(1000))
    assert totals_of(second, Buyer("DE", email=again)).discount_minor == 0
    assert place(second, email=again).discount_minor == 0


def test_the_cart_shows_a_first_order_discount_and_the_checkout_checks_it_again():
    make_promotion(percent=10, is_first_order_only=True)
    place(make_cart(make_variant(1000)), email="ann@example.com")
    cart = make_cart(make_variant(1000))
    seen = seen_of(cart)  # nobody has said who they are
    with pytest.raises(TotalChanged):
        place_order(cart.pk, make_submission(email="ann@example.com"), seen=seen)
    assert Order.objects.count() == 1


def test_uses_are_counted_where_there_is_a_limit_and_given_back_once():
    promotion = make_promotion(percent=10, codes=("TEN",), most_uses=5, most_uses_of_code=2, most_uses_each=3)
    order = place(with_codes(make_cart(make_variant()), "TEN"))
    counted = lambda: (  # noqa: E731
        Promotion.objects.get().uses,
        Coupon.objects.get().uses,
        PromotionCustomer.objects.get().uses,
    )
    assert counted() == (1, 1, 1)
    lifecycle.cancel(order, Order.CancelReason.EXPIRED)
    assert counted() == (0, 0, 0)
    give_back_uses(order)
    assert counted() == (0, 0, 0)
    assert PromotionUse.objects.get(promotion=promotion).given_back_at is not None
    assert run_audit() == []


@pytest.mark.fault("F010")
def test_a_use_of_an_order_that_lives_again_is_taken_again_or_refused():
    make_promotion(percent=10, codes=("TEN",), most_uses=1)
    order = place(with_codes(make_cart(make_variant(on_hand=9)), "TEN"))
    lifecycle.cancel(order, Order.CancelReason.EXPIRED)
    order.refresh_from_db()
    lifecycle.confirm_late(order)
    assert Promotion.objects.get().uses == 1
    lifecycle.cancel(order, Order.CancelReason.STAFF)
    other = place(with_codes(make_cart(make_variant(on_hand=9)), "TEN"), email="b@example.com")
    assert other.discount_minor == 240
    order.refresh_from_db()
    with pytest.raises(PromotionUsedUp):
        lifecycle.confirm_late(order)


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        ({"most_uses": 1}, "It has been used up."),
        ({"most_uses_of_code": 1}, "It has been used up."),
        ({"most_uses_each": 1}, "You have used it as often as each customer may."),
    ],
)
def test_a_reached_limit_is_shown_in_the_cart(limits, why):
    make_promotion(percent=10, codes=("TEN",), name="Ten", **limits)
    place(with_codes(make_cart(make_variant()), "TEN"), email="ann@example.com")
    cart = with_codes(make_cart(make_variant()), "TEN")
    note = contents_of(cart, Buyer("DE", email="ann@example.com")).code_notes[0]
    assert (note.is_good, note.sentence) == (False, f"Ten: {why}")


def test_no_counter_moves_without_a_limit():
    make_promotion(percent=10)
    place(make_cart(make_variant()))
    assert (Promotion.objects.get().uses, PromotionCustomer.objects.count(), PromotionUse.objects.count()) == (0, 0, 1)


def test_a_limit_that_comes_later_counts_what_was_used_before():
    promotion = make_promotion(percent=10)
    make_order()
    make_order()
    Promotion.objects.update(most_uses=3)
    recount(promotion)
    assert Promotion.objects.get().uses == 2
    Promotion.objects.update(uses=0, most_uses=1)
    with pytest.raises(CouponRefused, match="more often"):
        recount(promotion)


def test_a_promotion_that_ends_between_page_and_button_is_asked_about_again():
    ends = timezone.now() + timedelta(minutes=5)
    make_promotion(percent=10, ends_at=ends)
    cart = make_cart(make_variant(2400))
    seen = seen_of(cart)
    with time_machine.travel(ends), pytest.raises(TotalChanged) as refused:
        place_order(cart.pk, make_submission(), seen=seen)
    assert (refused.value.expected, refused.value.actual) == (2650, 2890)
    assert Order.objects.count() == 0


def test_another_market_has_its_own_promotions():
    make_promotion(percent=10, market="us")
    assert totals_of(make_cart(make_variant(2400))).discount_minor == 0


def test_a_promotion_that_gets_a_code_holds_only_with_one():
    promotion = make_promotion(percent=10)
    make_code(promotion, "TEN")
    assert Promotion.objects.get().needs_code is True
    assert totals_of(make_cart(make_variant(2400))).discount_minor == 0


def test_codes_that_are_ended_open_nothing_and_orders_keep_theirs():
    make_promotion(percent=10, codes=("TEN",))
    place(with_codes(make_cart(make_variant(2400)), "TEN"))
    assert end_codes(Coupon.objects.all()) == 1
    assert totals_of(with_codes(make_cart(make_variant(2400)), "TEN")).discount_minor == 0
    assert run_audit() == []


def test_a_batch_has_as_many_codes_as_were_asked_for_and_each_is_good_once():
    promotion = make_promotion(percent=10, needs_code=True)
    batch = make_batch(promotion, 250, prefix="fair-")
    codes = list(Coupon.objects.filter(batch=batch).values_list("code", flat=True))
    assert len(set(codes)) == 250
    assert all(code.startswith("FAIR") and len(code) == 14 for code in codes)
    place(with_codes(make_cart(make_variant()), codes[0]))
    assert contents_of(with_codes(make_cart(make_variant()), codes[0])).totals.discount_minor == 0


@pytest.mark.parametrize(("text", "words"), [("AB", "at least 3"), ("TEN", "already exists")])
def test_an_invalid_code_is_refused_with_the_reason(text, words):
    promotion = make_promotion(percent=10, codes=("TEN",))
    with pytest.raises(CouponRefused, match=words):
        make_code(promotion, text)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("ten-10", "TEN10"), ("ｔｅｎ", "TEN"), ("\u202eTEN", "TEN"), ("t;e'n\x00", "TEN"), ("ß" * 50, "SS" * 20)],
)
def test_codes_are_normalized_to_letters_and_digits(typed, kept):
    assert plain_code(typed) == kept


def test_staff_try_a_promotion_that_is_still_off():
    promotion = make_promotion(percent=25, is_active=False, needs_code=True, minimum_minor=4000)
    variant = make_variant(2400)
    at = timezone.now()
    trial = try_promotion(promotion, {variant.pk: 2}, country="DE", at=at, with_code=True)
    assert (trial.saved_minor, trial.with_it.total_minor) == (1200, 4800 - 1200 + 490)
    too_little = try_promotion(promotion, {variant.pk: 1}, country="DE", at=at, with_code=True)
    assert [reason.why for reason in too_little.with_it.reasons] == ["Add €16.00 of eligible items to use it."]
    without = try_promotion(promotion, {variant.pk: 2}, country="DE", at=at, with_code=False)
    assert [reason.why for reason in without.with_it.reasons] == ["It needs a code."]
    assert Promotion.objects.get().is_active is False


def test_free_delivery_by_promotion_is_what_the_methods_show():
    make_shipping(990, "express")
    make_promotion("delivery_percent", "delivery", percent=100, methods=["standard"])
    options = contents_of(make_cart(make_variant(2400))).options
    assert [(option.code, option.price_minor) for option in options] == [("standard", 0), ("express", 990)]


def test_percentages_keep_three_decimals():
    make_promotion(percent=Decimal("12.345"))
    assert totals_of(make_cart(make_variant(10000))).discount_minor == 1235
