"""The guards of carts, orders, promotions and gift cards."""

from typing import Any

from catalog.admin.base import Question
from orders import editing as order_editing
from orders import gift_cards, lifecycle
from orders.admin.order_page.registry import Panel
from orders.cart import drafts, editing, merging
from orders.checkout import placing, reservation_limit
from orders.customers import Buyer
from orders.models import Cart, CartLine, Order
from orders.promotions import uses as promotion_uses
from orders.views import carts
from tests.guards.registry import ALWAYS, Monkey, execute, guard, replace


@guard("cart-lock", "tests/races/test_checkout_races.py::test_twenty_posts_of_one_checkout_make_one_order")
def no_cart_lock(monkeypatch: Monkey) -> None:
    """Two submissions read the cart at once, and one cart may have two orders."""
    execute("ALTER TABLE orders_order DROP CONSTRAINT IF EXISTS orders_order_cart_id_key")
    replace(monkeypatch, "lock_cart", _read_cart, editing, placing, merging, lifecycle)


def _read_cart(**conditions: Any) -> Cart | None:
    return Cart.objects.filter(**conditions).first()


@guard("cart-upsert", "tests/races/test_cart_races.py::test_thirty_clicks_on_one_line_lose_no_click")
@guard(
    "cart-upsert-at-login", "tests/races/test_cart_races.py::test_a_login_of_a_shopper_without_a_cart_loses_no_click"
)
def no_upsert(monkeypatch: Monkey) -> None:
    """A click adds to the quantity that it read, even if others have added units since."""
    no_cart_lock(monkeypatch)
    as_read = "(SELECT quantity FROM orders_cartline AS seen WHERE seen.id = line.id) + excluded.quantity"
    monkeypatch.setattr(editing, "RAISED_QUANTITY", as_read)


@guard("digest", "tests/races/test_checkout_races.py::test_a_changed_address_after_back_makes_one_live_order")
def no_digest(monkeypatch: Monkey) -> None:
    """Any submission for the same cart counts as the same order, even with other details."""
    monkeypatch.setattr(placing, "is_same_submission", lambda placed, submission: True)


@guard(
    "place-lock",
    "tests/races/test_checkout_races.py::test_eight_orders_at_once_from_one_place_hold_no_more_than_it_may",
)
def no_place_lock(monkeypatch: Monkey) -> None:
    """Simultaneous orders from one place are counted before any of them is written."""
    monkeypatch.setattr(reservation_limit, "LOCK", "SELECT %s::text")


@guard("cart-owner", "tests/orders/test_cart_pages.py::test_a_line_of_another_cart_is_not_there")
def no_cart_owner(monkeypatch: Monkey) -> None:
    """Any line can be changed from any cart."""
    monkeypatch.setattr(
        carts, "set_quantity", lambda found, line_id, quantity: CartLine.objects.filter(pk=line_id).delete()
    )


@guard("total-check", "tests/orders/test_checkout.py::test_a_changed_price_is_asked_about_again")
@guard(
    "total-check-in-a-race",
    "tests/races/test_promotion_races.py::test_orders_are_charged_the_total_that_was_shown_while_it_changes[promotion]",
)
def no_total_check(monkeypatch: Monkey) -> None:
    """Orders are placed at the current total, even if the shopper saw another one."""
    monkeypatch.setattr(placing, "check_total", lambda contents, seen: None)


@guard(
    "promotion-limit",
    "tests/races/test_promotion_races.py::test_the_last_use_of_a_promotion_goes_to_one_of_twenty_buyers",
)
def no_promotion_limit(monkeypatch: Monkey) -> None:
    """A promotion is used without checking its counter, and no constraint prevents it."""
    monkeypatch.setattr(promotion_uses, "PROMOTION_HAS_USES_LEFT", ALWAYS)
    execute("ALTER TABLE orders_promotion DROP CONSTRAINT IF EXISTS promotion_not_overused")


@guard("coupon-limit", "tests/races/test_promotion_races.py::test_the_last_use_of_a_coupon_goes_to_one_of_fifty_buyers")
def no_coupon_limit(monkeypatch: Monkey) -> None:
    """A code is used without checking its counter, and no constraint prevents it."""
    monkeypatch.setattr(promotion_uses, "COUPON_HAS_USES_LEFT", ALWAYS)
    execute("ALTER TABLE orders_coupon DROP CONSTRAINT IF EXISTS coupon_not_overused")


@guard("customer-limit", "tests/races/test_promotion_races.py::test_one_customer_with_ten_tabs_has_one_first_order")
def no_customer_limit(monkeypatch: Monkey) -> None:
    """One customer may use a promotion as often as they like."""
    monkeypatch.setattr(promotion_uses, "CUSTOMER_HAS_USES_LEFT", ALWAYS)


@guard(
    "final-use",
    "tests/races/test_promotion_races.py::test_only_one_of_two_orders_paid_at_once_from_two_places_keeps_the_use",
)
def no_final_use(monkeypatch: Monkey) -> None:
    """Paid orders keep their use of a promotion even if its limit has been reached."""
    monkeypatch.setattr(lifecycle, "keep_uses", lambda order: None)


@guard(
    "limits-lock",
    "tests/races/test_promotion_races.py::test_a_new_limit_waits_for_an_order_that_is_being_placed_and_counts_it",
)
def no_limits_lock(monkeypatch: Monkey) -> None:
    """A limit is changed without waiting for orders that are being placed."""
    monkeypatch.setattr(promotion_uses, "share_limits", lambda promotion_ids: None)


@guard("gift-card-balance", "tests/races/test_promotion_races.py::test_a_gift_card_that_twenty_tabs_spend_pays_once")
def no_card_balance(monkeypatch: Monkey) -> None:
    """A gift card pays more than its balance, and no constraint prevents it."""
    monkeypatch.setattr(gift_cards, "HAS_BALANCE", ALWAYS)
    execute("ALTER TABLE orders_giftcard DROP CONSTRAINT IF EXISTS gift_card_balance")


@guard(
    "carts-before-promotions",
    "tests/races/test_lock_order_races.py::test_an_account_whose_order_is_given_up_while_its_next_cart_is_ordered_never_waits_in_a_circle",
)
def no_lock_order(monkeypatch: Monkey) -> None:
    """Canceling an order locks its carts after its promotions."""
    restore_cart = lifecycle.restore_cart

    def give_back_first(cart_id: Any) -> Cart | None:
        lifecycle.give_back_uses(Order.objects.get(cart_id=cart_id))
        return restore_cart(cart_id)

    monkeypatch.setattr(lifecycle, "restore_cart", give_back_first)


@guard(
    "limits-of-the-owner",
    "tests/orders/test_who_is_a_customer.py::test_updating_the_address_of_a_guest_shows_the_same_page_for_known_and_unknown_ones",
)
def limits_of_anybody(monkeypatch: Monkey) -> None:
    """The checkout page looks up the limits of any e-mail address that was typed."""
    monkeypatch.setattr(Buyer, "with_email", lambda buyer, email: buyer)


@guard(
    "draft-of-the-owner",
    "tests/orders/test_checkout_drafts.py::test_logging_in_keeps_the_draft_of_the_same_mailbox_and_forgets_that_of_another",
)
def drafts_of_anybody(monkeypatch: Monkey) -> None:
    """At login, a draft stays with the cart even if somebody else typed it."""
    monkeypatch.setattr(merging, "drop_foreign_draft", lambda cart: None)
    monkeypatch.setattr(drafts, "drop_foreign_draft", lambda cart: None)


@guard(
    "personal-data",
    "tests/shop/test_staff_pages.py::test_personal_data_of_orders_is_for_the_roles_that_need_it[Read-only-False-False]",
)
def no_hiding(monkeypatch: Monkey) -> None:
    """Everybody who may view an order sees its customer."""
    monkeypatch.setattr(Panel, "is_shown_to", lambda panel, user: True)


@guard(
    "question-before-cancel",
    "tests/orders/test_fulfillment_and_admin.py::test_an_order_that_was_paid_while_the_page_asked_is_asked_about_again",
)
def no_question(monkeypatch: Monkey) -> None:
    """Any submitted form counts as a confirmation."""
    monkeypatch.setattr(Question, "is_answered", lambda question, request: request.method == "POST")


@guard(
    "order-lock-of-edits",
    "tests/races/test_order_edit_races.py::test_an_address_that_is_corrected_while_the_parcel_is_shipped_stays",
)
def no_lock_of_edits(monkeypatch: Monkey) -> None:
    """The address of an order is corrected without waiting for others who change the order."""
    monkeypatch.setattr(order_editing, "lock_order", lambda order_id: Order.objects.get(pk=order_id))


@guard(
    "order-unchanged",
    "tests/orders/test_order_correction_pages.py::test_the_second_of_two_staff_sees_what_the_first_changed_before_it_is_overwritten",
)
def no_version_of_orders(monkeypatch: Monkey) -> None:
    """A form about an order overwrites what others have changed since it was opened."""
    monkeypatch.setattr(order_editing, "check_unchanged", lambda order, seen: None)
