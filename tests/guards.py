"""The guards that races lean on. `bin/test --controls` removes them one by one and expects red."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest
from allauth.account.forms import ResetPasswordForm
from django.contrib.admin import ModelAdmin
from django.db import connection

from accounts import forms, links, notices
from accounts.limits import throttle
from catalog.admin.base import Question
from catalog.admin.concurrent_edits import ConcurrentEditForm
from catalog.admin.products.product import ProductAdmin
from catalog.inventory import adjusting, reserving, rows, stocktakes, transfers
from catalog.models import Location, Stock, Stocktake, Transfer, TransferLine
from orders import gift_cards, lifecycle
from orders.admin.order_page.registry import Panel
from orders.cart import drafts, editing, merging
from orders.checkout import placing, reservation_limit
from orders.customers import Buyer
from orders.models import Cart, CartLine, Order
from orders.promotions import uses as promotion_uses
from orders.views import carts
from payments import cancellation, gateway, ledger, sessions, settlement, views
from payments.models import Journal, Payment, Refund
from shop.middleware import second_factor

Monkey = pytest.MonkeyPatch
ALWAYS = "TRUE"  # the condition of a statement that asks for nothing


@dataclass(frozen=True)
class Guard:
    """How to remove a guard, and the test that must then fail."""

    remove: Callable[[Monkey], None]
    test: str


GUARDS: dict[str, Guard] = {}


def remove(name: str, monkeypatch: Monkey) -> None:
    GUARDS[name].remove(monkeypatch)


def guard(name: str, test: str) -> Callable[[Callable[[Monkey], None]], Callable[[Monkey], None]]:
    """Register a function that removes the guard of this name, with the test that must then fail."""

    def register(function: Callable[[Monkey], None]) -> Callable[[Monkey], None]:
        GUARDS[name] = Guard(function, test)
        return function

    return register


def _execute(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _replace(monkeypatch: Monkey, name: str, function: Callable[..., Any], *modules: ModuleType) -> None:
    """Replace a function in every module that imports it."""
    for module in modules:
        monkeypatch.setattr(module, name, function)


@guard("stock-condition", "tests/races/test_stock_races.py::test_forty_buyers_for_ten_units_buy_exactly_ten")
@guard(
    "stock-condition-two-locations",
    "tests/races/test_stock_races.py::test_ten_units_over_two_locations_sell_exactly_ten",
)
def no_stock_condition(monkeypatch: Monkey) -> None:
    """Stock is taken without checking that there is enough, and no constraint prevents it."""
    _execute("ALTER TABLE catalog_stock DROP CONSTRAINT IF EXISTS stock_not_oversold")
    monkeypatch.setattr(reserving, "HAS_ENOUGH", ALWAYS)


@guard("cart-lock", "tests/races/test_checkout_races.py::test_twenty_posts_of_one_checkout_make_one_order")
def no_cart_lock(monkeypatch: Monkey) -> None:
    """Two submissions read the cart at once, and one cart may have two orders."""
    _execute("ALTER TABLE orders_order DROP CONSTRAINT IF EXISTS orders_order_cart_id_key")
    _replace(monkeypatch, "lock_cart", _read_cart, editing, placing, merging, lifecycle)


def _read_cart(**conditions: Any) -> Cart | None:
    return Cart.objects.filter(**conditions).first()


@guard("settle-lock", "tests/races/test_payment_races.py::test_return_page_and_webhook_together_settle_once")
def no_settle_lock(monkeypatch: Monkey) -> None:
    """Two settlements read the order at once, and a capture may be booked twice."""
    _execute("ALTER TABLE payments_journal DROP CONSTRAINT IF EXISTS journal_once")
    monkeypatch.setattr(settlement, "lock_with_cart", lambda order_id: Order.objects.get(pk=order_id))
    monkeypatch.setattr(settlement, "lock_payment", lambda payment_id: Payment.objects.get(pk=payment_id))
    monkeypatch.setattr(lifecycle, "unchanged", lambda order: Order.objects.filter(pk=order.pk))
    monkeypatch.setattr(ledger, "find_or_create", _create_journal)


def _create_journal(kind: str, provider_ref: str, fields: Mapping[str, Any]) -> tuple[Journal, bool]:
    return Journal.objects.create(kind=kind, provider_ref=provider_ref, **fields), True


@guard("stocktake-lock", "tests/races/test_staff_races.py::test_a_count_posted_by_eight_at_once_corrects_once")
def no_stocktake_lock(monkeypatch: Monkey) -> None:
    """Two requests read the stocktake at once, and both find it open."""
    monkeypatch.setattr(stocktakes, "lock_stocktake", lambda stocktake_id: Stocktake.objects.get(pk=stocktake_id))


@guard("transfer-lock", "tests/races/test_staff_races.py::test_a_transfer_received_by_eight_at_once_arrives_once")
def no_transfer_lock(monkeypatch: Monkey) -> None:
    """Two requests read the transfer at once, and both find all units in transit."""

    def read_transfer(transfer_id: int) -> tuple[Transfer, list[TransferLine]]:
        transfer = Transfer.objects.get(pk=transfer_id)
        return transfer, list(transfer.lines.order_by("pk"))

    monkeypatch.setattr(transfers, "lock_transfer", read_transfer)


@guard(
    "return-lock", "tests/races/test_staff_races.py::test_shipped_units_are_returned_once_even_to_different_locations"
)
def no_return_lock(monkeypatch: Monkey) -> None:
    """Two returns of one line read at once how many of its units are with the customer."""
    monkeypatch.setattr(adjusting, "lock_shipped", lambda moved: None)


@guard("row-order", "tests/races/test_stock_races.py::test_carts_in_any_order_never_wait_in_a_circle")
@guard(
    "row-order-of-transfers",
    "tests/races/test_staff_races.py::test_transfers_both_ways_and_buyers_never_wait_in_a_circle",
)
def no_row_order(monkeypatch: Monkey) -> None:
    """Stock rows are locked in the order of the request."""

    def lock_rows(stock_ids: Iterable[int]) -> None:
        for pk in stock_ids:
            Stock.objects.select_for_update().get(pk=pk)

    def locked_rows(variant_ids: Iterable[int], location: Location) -> dict[int, Stock]:
        return {variant_id: rows.locked_row(variant_id, location) for variant_id in variant_ids}

    monkeypatch.setattr(reserving, "LOCK_ORDER", "array_position(%(ids)s::bigint[], stock.id::bigint)")
    monkeypatch.setattr(reserving, "lock_rows", lock_rows)
    _replace(monkeypatch, "locked_rows", locked_rows, transfers, stocktakes, adjusting)


@guard("cart-upsert", "tests/races/test_cart_races.py::test_thirty_clicks_on_one_line_lose_no_click")
@guard(
    "cart-upsert-at-login", "tests/races/test_cart_races.py::test_a_login_of_a_shopper_without_a_cart_loses_no_click"
)
def no_upsert(monkeypatch: Monkey) -> None:
    """A click adds to the quantity that it read, even if others have added units since."""
    no_cart_lock(monkeypatch)
    as_read = "(SELECT quantity FROM orders_cartline AS seen WHERE seen.id = line.id) + excluded.quantity"
    monkeypatch.setattr(editing, "RAISED_QUANTITY", as_read)


@guard(
    "counting-statement",
    "tests/accounts/test_throttles.py::test_thirty_searches_at_once_by_somebody_who_has_ten_left_are_ten",
)
def no_counting_statement(monkeypatch: Monkey) -> None:
    """An attempt reads the counter and then writes one more."""
    as_read = (
        "(SELECT seen.count FROM accounts_throttlecounter AS seen"
        " WHERE seen.key = excluded.key AND seen.window_start = excluded.window_start)"
    )
    monkeypatch.setattr(throttle, "COUNTED", as_read)


@guard("event-key", "tests/races/test_payment_races.py::test_one_event_twenty_times_has_one_effect")
def no_event_key(monkeypatch: Monkey) -> None:
    """The inbox stores the same event twice."""
    _execute("ALTER TABLE payments_stripeevent DROP CONSTRAINT IF EXISTS payments_stripeevent_stripe_id_key")


@guard("digest", "tests/races/test_checkout_races.py::test_a_changed_address_after_back_makes_one_live_order")
def no_digest(monkeypatch: Monkey) -> None:
    """Any submission for the same cart counts as the same order, even with other details."""
    monkeypatch.setattr(placing, "is_same_submission", lambda placed, submission: True)


@guard("close-before-cancel", "tests/payments/test_cancellation.py::test_a_paid_order_is_settled_instead_of_expired")
def no_close(monkeypatch: Monkey) -> None:
    """Orders are canceled without closing their payment at Stripe."""
    monkeypatch.setattr(cancellation, "close_payments", lambda order: order.payments.update(status="canceled"))


@guard("signature", "tests/payments/test_inbox.py::test_only_our_signatures_are_taken")
def no_signature(monkeypatch: Monkey) -> None:
    """Webhook signatures are not checked."""
    monkeypatch.setattr(gateway, "check_signature", lambda text, signature: None)


@guard(
    "idempotency-key", "tests/payments/test_sessions.py::test_a_lost_answer_is_asked_for_again_and_makes_one_session"
)
def no_idempotency_key(monkeypatch: Monkey) -> None:
    """Each try is a new request to Stripe."""
    counter = iter(range(10**6))
    original = gateway.create_session
    monkeypatch.setattr(
        gateway, "create_session", lambda parameters, key: original(parameters, f"{key}-{next(counter)}")
    )


@guard(
    "place-lock",
    "tests/races/test_checkout_races.py::test_eight_orders_at_once_from_one_place_hold_no_more_than_it_may",
)
def no_place_lock(monkeypatch: Monkey) -> None:
    """Simultaneous orders from one place are counted before any of them is written."""
    monkeypatch.setattr(reservation_limit, "LOCK", "SELECT %s::text")


@guard("cart-holder", "tests/payments/test_cancellation.py::test_whoever_has_only_the_link_gets_a_cart_of_their_own")
def cart_for_everybody(monkeypatch: Monkey) -> None:
    """Everybody who opens the link of an order gets the cookie of its cart."""
    monkeypatch.setattr(views, "holds_cart", lambda request, order: True)


@guard(
    "next-key",
    "tests/payments/test_sessions.py::test_a_failure_that_stripe_repeats_for_the_key_does_not_stop_the_next_attempt",
)
@guard(
    "next-key-of-refunds",
    "tests/payments/test_refunds.py::test_a_failure_that_stripe_repeats_for_a_refund_is_asked_around_and_the_money_goes_back_once[fail]",
)
def one_key_for_ever(monkeypatch: Monkey) -> None:
    """A payment or refund keeps its first idempotency key, even if Stripe has stored an error for it."""
    monkeypatch.setattr(Payment, "idempotency_key", property(lambda payment: str(payment.key)))
    monkeypatch.setattr(Refund, "idempotency_key", property(lambda refund: str(refund.key)))


@guard(
    "search-before-next-key",
    "tests/payments/test_sessions.py::test_a_failure_that_stripe_repeats_for_the_key_does_not_stop_the_next_attempt[fail_late]",
)
def no_search(monkeypatch: Monkey) -> None:
    """What Stripe created in a request without an answer is not looked up."""
    monkeypatch.setattr(gateway, "find_sessions", lambda payment_key, made_at: [])


@guard(
    "one-recorded-session",
    "tests/payments/test_sessions.py::test_only_the_recorded_session_of_a_payment_can_be_paid",
)
def no_recorded_session(monkeypatch: Monkey) -> None:
    """A new session is used even if the payment's row already has another one."""

    def record(payment: Payment, state: gateway.SessionState) -> Payment:
        payment.session_id, payment.session_url = state.session_id, state.url
        return payment

    monkeypatch.setattr(sessions, "record_session", record)


@guard("cart-owner", "tests/orders/test_cart_pages.py::test_a_line_of_another_cart_is_not_there")
def no_cart_owner(monkeypatch: Monkey) -> None:
    """Any line can be changed from any cart."""
    monkeypatch.setattr(
        carts, "set_quantity", lambda found, line_id, quantity: CartLine.objects.filter(pk=line_id).delete()
    )


@guard("amount-check", "tests/payments/test_settlement.py::test_another_amount_than_ordered_is_flagged_and_not_paid")
def no_amount_check(monkeypatch: Monkey) -> None:
    """Any amount that Stripe received counts as the order's total."""
    monkeypatch.setattr(settlement, "is_amount_ordered", lambda payment, state: True)


@guard("message-key", "tests/shop/test_outbox.py::test_the_same_message_id_is_one_mail")
def no_message_key(monkeypatch: Monkey) -> None:
    """The outbox stores the same e-mail twice."""
    _execute("ALTER TABLE shop_mail DROP CONSTRAINT IF EXISTS shop_mail_message_id_key")


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
    _execute("ALTER TABLE orders_promotion DROP CONSTRAINT IF EXISTS promotion_not_overused")


@guard("coupon-limit", "tests/races/test_promotion_races.py::test_the_last_use_of_a_coupon_goes_to_one_of_fifty_buyers")
def no_coupon_limit(monkeypatch: Monkey) -> None:
    """A code is used without checking its counter, and no constraint prevents it."""
    monkeypatch.setattr(promotion_uses, "COUPON_HAS_USES_LEFT", ALWAYS)
    _execute("ALTER TABLE orders_coupon DROP CONSTRAINT IF EXISTS coupon_not_overused")


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
    _execute("ALTER TABLE orders_giftcard DROP CONSTRAINT IF EXISTS gift_card_balance")


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
    "older-page",
    "tests/catalog/test_older_pages.py::test_a_description_saved_meanwhile_survives_a_maker_saved_from_an_older_page",
)
def no_comparing(monkeypatch: Monkey) -> None:
    """An outdated product form overwrites newer values."""
    monkeypatch.setattr(ConcurrentEditForm, "compare_with_stored", lambda form: None)


@guard(
    "product-lock",
    "tests/catalog/test_older_pages.py::test_the_second_of_two_simultaneous_saves_of_one_field_is_refused",
)
def no_product_lock(monkeypatch: Monkey) -> None:
    """Two requests that save one product compare with the same row, before either has written it."""
    monkeypatch.setattr(ProductAdmin, "get_object", ModelAdmin.get_object)


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


@guard("append-only", "tests/shop/test_ledger_guards.py")
def no_append_only(monkeypatch: Monkey) -> None:
    """Ledgers can be rewritten."""
    for table in ("catalog_stockmovement", "orders_orderevent", "payments_journal", "payments_posting"):
        _execute(f"DROP TRIGGER IF EXISTS append_only ON {table}")


@guard(
    "link-state",
    "tests/accounts/test_links.py::test_an_address_that_somebody_added_is_worth_nothing_after_the_password_is_changed",
)
def no_state_in_links(monkeypatch: Monkey) -> None:
    """Links confirm an address even after the password has changed, and pending addresses are kept."""
    monkeypatch.setattr(links, "account_state", lambda _user: "")
    monkeypatch.setattr(notices, "drop_pending", lambda _user: None)


@guard("reset-to-confirmed", "tests/accounts/test_links.py::test_an_address_that_is_not_confirmed_gets_no_reset_link")
def no_unconfirmed_check(monkeypatch: Monkey) -> None:
    """Resets are sent to unconfirmed addresses too."""
    monkeypatch.setattr(forms.CountedResetForm, "clean_email", ResetPasswordForm.clean_email)


@guard("staff-second-factor", "tests/accounts/test_staff.py::test_staff_without_a_second_factor_reach_its_set_up_only")
def no_second_factor(monkeypatch: Monkey) -> None:
    """Staff can log in with only a password."""
    monkeypatch.setattr(second_factor, "is_mfa_enabled", lambda _user: True)
