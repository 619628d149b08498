"""The guards that races lean on. `bin/test --controls` removes them one by one and expects red."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from allauth.account.forms import ResetPasswordForm
from django.contrib.admin import ModelAdmin
from django.db import connection
from django.db.models import Model, QuerySet
from django.utils import timezone

from accounts import forms, links, notices
from accounts.limits.throttle import Limit, TooManyAttempts
from accounts.models import ThrottleCounter
from catalog.admin.base import Question
from catalog.admin.concurrent_edits import SeenForm
from catalog.admin.products.product import ProductAdmin
from catalog.inventory import adjusting, reserving, rows, stocktakes, transfers
from catalog.models import Location, Stock, StockMovement, Stocktake, Transfer, TransferLine
from orders import gift_cards, lifecycle
from orders.admin import orders as order_pages
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


def _execute(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def no_stock_condition(monkeypatch: Monkey) -> None:
    """Take whatever is asked for, and let the table hold it."""
    _execute("ALTER TABLE catalog_stock DROP CONSTRAINT IF EXISTS stock_not_oversold")
    own = "    AND stock.on_hand >= stock.reserved + wanted.quantity - stock.backorder_limit\n"
    locked = "  WHERE locked.on_hand >= locked.reserved + wanted.quantity - locked.backorder_limit\n"
    assert own in reserving.TAKE
    assert locked in reserving.TAKE
    monkeypatch.setattr(reserving, "TAKE", reserving.TAKE.replace(own, "").replace(locked, ""))


def no_cart_lock(monkeypatch: Monkey) -> None:
    """Two submissions look at the cart together, and the table holds two orders of one cart."""
    _execute("ALTER TABLE orders_order DROP CONSTRAINT IF EXISTS orders_order_cart_id_key")
    monkeypatch.setattr(Cart.objects, "select_for_update", Cart.objects.all)


def no_settle_lock(monkeypatch: Monkey) -> None:
    """Two settlements look at the order together, and the books take one capture twice."""
    _execute("ALTER TABLE payments_journal DROP CONSTRAINT IF EXISTS journal_once")
    monkeypatch.setattr(settlement, "lock_with_cart", lambda order_id: Order.objects.get(pk=order_id))
    monkeypatch.setattr(Payment.objects, "select_for_update", Payment.objects.all)
    monkeypatch.setattr(lifecycle, "_move", _set_status)
    monkeypatch.setattr(ledger, "_book", _book_always)


def _set_status(order: Order, target: str, **facts: object) -> None:
    Order.objects.filter(pk=order.pk).update(status=target, **facts)
    order.refresh_from_db()


def _book_always(kind: str, provider_ref: str, order: Order, amounts: dict[str, int], payment: object = None) -> bool:
    Journal.objects.create(kind=kind, provider_ref=provider_ref, order=order, currency=order.currency)
    return True


def _without_lock(monkeypatch: Monkey, *models: type[Model]) -> None:
    """Rows of these tables are looked at without waiting for whoever changes them."""
    locked = QuerySet.select_for_update

    def select(self: QuerySet, *arguments: Any, **options: Any) -> QuerySet:
        return self.all() if self.model in models else locked(self, *arguments, **options)

    monkeypatch.setattr(QuerySet, "select_for_update", select)


def no_stocktake_lock(monkeypatch: Monkey) -> None:
    """Two posts look at the stocktake together and both find it open."""
    _without_lock(monkeypatch, Stocktake)


def no_transfer_lock(monkeypatch: Monkey) -> None:
    """Two people at the door look at the transfer together, and both find everything in transit."""
    _without_lock(monkeypatch, Transfer, TransferLine)


def no_return_lock(monkeypatch: Monkey) -> None:
    """Two returns of one line look together at how much of it is out."""
    _without_lock(monkeypatch, StockMovement)


def no_row_order(monkeypatch: Monkey) -> None:
    """Stock rows are locked in the order in which they are asked for."""

    def lock_rows(stock_ids: Iterable[int]) -> None:
        for pk in stock_ids:
            Stock.objects.select_for_update().get(pk=pk)

    def locked_rows(variant_ids: Iterable[int], location: Location) -> dict[int, Stock]:
        return {variant_id: rows.locked_row(variant_id, location) for variant_id in variant_ids}

    in_order = "ORDER BY stock.id FOR UPDATE"
    assert in_order in reserving.TAKE
    as_asked = "ORDER BY array_position(%(ids)s::bigint[], stock.id::bigint) FOR UPDATE"
    monkeypatch.setattr(reserving, "TAKE", reserving.TAKE.replace(in_order, as_asked))
    monkeypatch.setattr(reserving, "lock_rows", lock_rows)
    for module in (transfers, stocktakes, adjusting):
        monkeypatch.setattr(module, "locked_rows", locked_rows)


def no_upsert(monkeypatch: Monkey) -> None:
    """A click adds to the number that it read, whatever others have added since."""
    no_cart_lock(monkeypatch)
    own = "line.quantity + excluded.quantity"
    assert own in editing.ADD
    read = "(SELECT quantity FROM orders_cartline AS seen WHERE seen.id = line.id) + excluded.quantity"
    monkeypatch.setattr(editing, "ADD", editing.ADD.replace(own, read))


def no_counting_statement(monkeypatch: Monkey) -> None:
    """An attempt looks how many there were, and then writes one more."""

    def take(self: Limit, key: str) -> None:
        row = {"key": self._stored_key(key), "window_start": self._window_start(timezone.now())}
        count = ThrottleCounter.objects.filter(**row).values_list("count", flat=True).first() or 0
        if count >= self.times:
            raise TooManyAttempts(self.seconds_left())
        ThrottleCounter.objects.update_or_create(**row, defaults={"count": count + 1})

    monkeypatch.setattr(Limit, "take", take)


def no_event_key(monkeypatch: Monkey) -> None:
    """The inbox takes the same event twice."""
    _execute("ALTER TABLE payments_stripeevent DROP CONSTRAINT IF EXISTS payments_stripeevent_stripe_id_key")


def no_digest(monkeypatch: Monkey) -> None:
    """An order of the same cart counts as the same order, whatever was typed."""
    monkeypatch.setattr(placing, "_existing_order", lambda placed, submission: placed)


def no_close(monkeypatch: Monkey) -> None:
    """Orders are given up without closing their payment at Stripe."""
    monkeypatch.setattr(cancellation, "close_payments", lambda order: order.payments.update(status="canceled"))


def no_signature(monkeypatch: Monkey) -> None:
    """Whoever writes to the webhook is Stripe."""
    monkeypatch.setattr(gateway, "_check_signature", lambda text, signature: None)


def no_idempotency_key(monkeypatch: Monkey) -> None:
    """Each try is a new request to Stripe."""
    counter = iter(range(10**6))
    original = gateway.create_session
    monkeypatch.setattr(
        gateway, "create_session", lambda parameters, key: original(parameters, f"{key}-{next(counter)}")
    )


def no_place_lock(monkeypatch: Monkey) -> None:
    """Orders from one place are counted together before any of them is written."""
    monkeypatch.setattr(reservation_limit, "LOCK", "SELECT %s::text")


def cart_for_everybody(monkeypatch: Monkey) -> None:
    """Whoever has an order's link is given the cookie of its cart."""
    monkeypatch.setattr(views, "_holds_cart", lambda request, order: True)


def one_key_for_ever(monkeypatch: Monkey) -> None:
    """A payment and a refund keep their first idempotency key, whatever Stripe has stored for it."""
    monkeypatch.setattr(Payment, "idempotency_key", property(lambda payment: str(payment.key)))
    monkeypatch.setattr(Refund, "idempotency_key", property(lambda refund: str(refund.key)))


def no_search(monkeypatch: Monkey) -> None:
    """Nobody looks for what a request without an answer has made."""
    monkeypatch.setattr(gateway, "find_sessions", lambda payment_key, made_at: [])


def no_recorded_session(monkeypatch: Monkey) -> None:
    """Whoever made a session hands it out, whatever the payment's row says."""

    def record(payment: Payment, state: gateway.SessionState) -> Payment:
        payment.session_id, payment.session_url = state.session_id, state.url
        return payment

    monkeypatch.setattr(sessions, "_record", record)


def no_cart_owner(monkeypatch: Monkey) -> None:
    """Any line can be changed from any cart."""
    monkeypatch.setattr(
        carts, "set_quantity", lambda found, line_id, quantity: CartLine.objects.filter(pk=line_id).delete()
    )


def no_amount_check(monkeypatch: Monkey) -> None:
    """Whatever Stripe took counts as the order's total."""
    monkeypatch.setattr(settlement, "_is_what_was_ordered", lambda payment, state: True)


def no_message_key(monkeypatch: Monkey) -> None:
    """The outbox takes the same mail twice."""
    _execute("ALTER TABLE shop_mail DROP CONSTRAINT IF EXISTS shop_mail_message_id_key")


def no_total_check(monkeypatch: Monkey) -> None:
    """Orders are placed at whatever they cost now."""
    monkeypatch.setattr(placing, "_check", lambda contents, seen, *, has_address: None)


def no_promotion_limit(monkeypatch: Monkey) -> None:
    """A promotion is taken whatever its counter says, and the table holds it."""
    condition = " AND uses < most_uses\n  RETURNING id\n), coupon"
    assert condition in promotion_uses.TAKE
    monkeypatch.setattr(promotion_uses, "TAKE", promotion_uses.TAKE.replace(condition, "\n  RETURNING id\n), coupon"))
    _execute("ALTER TABLE orders_promotion DROP CONSTRAINT IF EXISTS promotion_not_overused")


def no_coupon_limit(monkeypatch: Monkey) -> None:
    """A code is taken whatever its counter says, and the table holds it."""
    condition = " AND uses < most_uses\n  RETURNING id\n), elsewhere"
    assert condition in promotion_uses.TAKE
    monkeypatch.setattr(
        promotion_uses, "TAKE", promotion_uses.TAKE.replace(condition, "\n  RETURNING id\n), elsewhere")
    )
    _execute("ALTER TABLE orders_coupon DROP CONSTRAINT IF EXISTS coupon_not_overused")


def no_customer_limit(monkeypatch: Monkey) -> None:
    """One customer may use a promotion as often as they like."""
    condition = "\n    WHERE seen.uses < (SELECT most_each FROM standing) + (SELECT count(*) FROM elsewhere)"
    assert condition in promotion_uses.TAKE
    monkeypatch.setattr(promotion_uses, "TAKE", promotion_uses.TAKE.replace(condition, ""))


def no_final_use(monkeypatch: Monkey) -> None:
    """Paid orders keep whatever use of a promotion they were placed with."""
    monkeypatch.setattr(lifecycle, "keep_uses", lambda order: None)


def no_limits_lock(monkeypatch: Monkey) -> None:
    """A limit is changed while orders that it does not count yet are being written."""
    monkeypatch.setattr(promotion_uses, "_share_limits", lambda promotion_ids: None)


def no_card_balance(monkeypatch: Monkey) -> None:
    """A gift card pays whatever is on it, and the table holds a balance below zero."""
    condition = " AND balance_minor >= %(amount)s"
    assert condition in gift_cards.TAKE
    monkeypatch.setattr(gift_cards, "TAKE", gift_cards.TAKE.replace(condition, ""))
    _execute("ALTER TABLE orders_giftcard DROP CONSTRAINT IF EXISTS gift_card_balance")


def no_lock_order(monkeypatch: Monkey) -> None:
    """Whoever gives an order up locks its carts after its promotions."""
    restore_cart = lifecycle.restore_cart

    def give_back_first(cart_id: Any) -> Cart | None:
        lifecycle.give_back_uses(Order.objects.get(cart_id=cart_id))
        return restore_cart(cart_id)

    monkeypatch.setattr(lifecycle, "restore_cart", give_back_first)


def no_comparing(monkeypatch: Monkey) -> None:
    """A page of the product form that is older than what is stored is saved as it stands."""
    monkeypatch.setattr(SeenForm, "_compare", lambda form: None)


def no_product_lock(monkeypatch: Monkey) -> None:
    """Two who save one product compare with the same row, before either has written it."""
    monkeypatch.setattr(ProductAdmin, "get_object", ModelAdmin.get_object)


def limits_of_anybody(monkeypatch: Monkey) -> None:
    """The checkout's page looks up the limits of whatever e-mail address was typed."""
    monkeypatch.setattr(Buyer, "with_email", lambda buyer, email: buyer)


def drafts_of_anybody(monkeypatch: Monkey) -> None:
    """At login a draft stays with the cart, whoever typed it."""
    monkeypatch.setattr(merging, "drop_foreign_draft", lambda cart: None)
    monkeypatch.setattr(drafts, "drop_foreign_draft", lambda cart: None)


def no_hiding(monkeypatch: Monkey) -> None:
    """Whoever sees an order sees its customer."""
    monkeypatch.setattr(order_pages, "without_hidden", lambda fields, hidden: tuple(fields))


def no_question(monkeypatch: Monkey) -> None:
    """Whatever is sent counts as a yes."""
    monkeypatch.setattr(Question, "is_answered", lambda question, request: request.method == "POST")


def no_append_only(monkeypatch: Monkey) -> None:
    """Ledgers can be rewritten."""
    for table in ("catalog_stockmovement", "orders_orderevent", "payments_journal", "payments_posting"):
        _execute(f"DROP TRIGGER IF EXISTS append_only ON {table}")


# Guard → (how to remove it, the tests that must then fail).
def no_state_in_links(monkeypatch: Monkey) -> None:
    """Confirm an added address whatever has become of the password since, and keep it pending."""
    monkeypatch.setattr(links, "_state", lambda _user: "")
    monkeypatch.setattr(notices, "drop_pending", lambda _user: None)


def no_unconfirmed_check(monkeypatch: Monkey) -> None:
    """Send a reset to every address that somebody added."""
    monkeypatch.setattr(forms.CountedResetForm, "clean_email", ResetPasswordForm.clean_email)


def no_second_factor(monkeypatch: Monkey) -> None:
    """Let staff in with a password alone."""
    monkeypatch.setattr(second_factor, "is_mfa_enabled", lambda _user: True)


GUARDS: dict[str, tuple[Callable[[Monkey], None], str]] = {
    "stock-condition": (no_stock_condition, "tests/races/test_stock_races.py::test_forty_buyers_for_ten_units_buy_exactly_ten"),
    "stock-condition-two-locations": (no_stock_condition, "tests/races/test_stock_races.py::test_ten_units_over_two_locations_sell_exactly_ten"),
    "cart-lock": (no_cart_lock, "tests/races/test_checkout_races.py::test_twenty_posts_of_one_checkout_make_one_order"),
    "settle-lock": (no_settle_lock, "tests/races/test_payment_races.py::test_return_page_and_webhook_together_settle_once"),
    "event-key": (no_event_key, "tests/races/test_payment_races.py::test_one_event_twenty_times_has_one_effect"),
    "digest": (no_digest, "tests/races/test_checkout_races.py::test_a_changed_address_after_back_makes_one_live_order"),
    "close-before-cancel": (no_close, "tests/payments/test_cancellation.py::test_a_paid_order_is_settled_instead_of_expired"),
    "signature": (no_signature, "tests/payments/test_inbox.py::test_only_our_signatures_are_taken"),
    "idempotency-key": (no_idempotency_key, "tests/payments/test_sessions.py::test_a_lost_answer_is_asked_for_again_and_makes_one_session"),
    "next-key": (one_key_for_ever, "tests/payments/test_sessions.py::test_a_failure_that_stripe_repeats_for_the_key_does_not_stop_the_next_attempt"),
    "next-key-of-refunds": (one_key_for_ever, "tests/payments/test_refunds.py::test_a_failure_that_stripe_repeats_for_a_refund_is_asked_around_and_the_money_goes_back_once[fail]"),
    "search-before-next-key": (no_search, "tests/payments/test_sessions.py::test_a_failure_that_stripe_repeats_for_the_key_does_not_stop_the_next_attempt[fail_late]"),
    "one-recorded-session": (no_recorded_session, "tests/payments/test_sessions.py::test_of_two_sessions_of_one_payment_only_the_recorded_one_can_be_paid"),
    "place-lock": (no_place_lock, "tests/races/test_checkout_races.py::test_eight_orders_at_once_from_one_place_hold_no_more_than_it_may"),
    "cart-holder": (cart_for_everybody, "tests/payments/test_cancellation.py::test_whoever_has_only_the_link_gets_a_cart_of_their_own"),
    "cart-owner": (no_cart_owner, "tests/orders/test_cart_pages.py::test_a_line_of_another_cart_is_not_there"),
    "amount-check": (no_amount_check, "tests/payments/test_settlement.py::test_another_amount_than_ordered_is_flagged_and_not_paid"),
    "message-key": (no_message_key, "tests/shop/test_outbox.py::test_the_same_message_id_is_one_mail"),
    "total-check": (no_total_check, "tests/orders/test_checkout.py::test_a_changed_price_is_asked_about_again"),
    "stocktake-lock": (no_stocktake_lock, "tests/races/test_staff_races.py::test_a_count_posted_by_eight_at_once_corrects_once"),
    "transfer-lock": (no_transfer_lock, "tests/races/test_staff_races.py::test_a_transfer_received_by_eight_at_once_arrives_once"),
    "return-lock": (no_return_lock, "tests/races/test_staff_races.py::test_what_was_shipped_comes_back_once_whatever_the_place"),
    "row-order": (no_row_order, "tests/races/test_stock_races.py::test_carts_in_any_order_never_wait_in_a_circle"),
    "row-order-of-transfers": (no_row_order, "tests/races/test_staff_races.py::test_transfers_both_ways_and_buyers_never_wait_in_a_circle"),
    "cart-upsert": (no_upsert, "tests/races/test_cart_races.py::test_thirty_clicks_on_one_line_lose_no_click"),
    "cart-upsert-at-login": (no_upsert, "tests/races/test_cart_races.py::test_a_login_of_a_shopper_without_a_cart_loses_no_click"),
    "counting-statement": (no_counting_statement, "tests/accounts/test_throttles.py::test_thirty_searches_at_once_by_somebody_who_has_ten_left_are_ten"),
    "link-state": (no_state_in_links, "tests/accounts/test_links.py::test_an_address_that_somebody_added_is_worth_nothing_after_the_password_is_changed"),
    "reset-to-confirmed": (no_unconfirmed_check, "tests/accounts/test_links.py::test_an_address_that_is_not_confirmed_gets_no_reset_link"),
    "staff-second-factor": (no_second_factor, "tests/accounts/test_staff.py::test_staff_without_a_second_factor_reach_its_set_up_only"),
    "total-check-in-a-race": (no_total_check, "tests/races/test_promotion_races.py::test_nobody_is_charged_what_they_did_not_see_while_it_changes[promotion]"),
    "promotion-limit": (no_promotion_limit, "tests/races/test_promotion_races.py::test_the_last_use_of_a_promotion_goes_to_one_of_twenty_buyers"),
    "coupon-limit": (no_coupon_limit, "tests/races/test_promotion_races.py::test_the_last_use_of_a_coupon_goes_to_one_of_fifty_buyers"),
    "customer-limit": (no_customer_limit, "tests/races/test_promotion_races.py::test_one_customer_with_ten_tabs_has_one_first_order"),
    "final-use": (no_final_use, "tests/races/test_promotion_races.py::test_of_two_orders_from_two_places_that_are_paid_at_once_one_keeps_the_use"),
    "limits-lock": (no_limits_lock, "tests/races/test_promotion_races.py::test_a_new_limit_waits_for_an_order_that_is_being_placed_and_counts_it"),
    "gift-card-balance": (no_card_balance, "tests/races/test_promotion_races.py::test_a_gift_card_that_twenty_tabs_spend_pays_once"),
    "carts-before-promotions": (no_lock_order, "tests/races/test_lock_order_races.py::test_an_account_whose_order_is_given_up_while_its_next_cart_is_ordered_never_waits_in_a_circle"),
    "older-page": (no_comparing, "tests/catalog/test_older_pages.py::test_a_description_saved_meanwhile_survives_a_maker_saved_from_an_older_page"),
    "product-lock": (no_product_lock, "tests/catalog/test_older_pages.py::test_of_two_who_save_one_field_at_once_the_second_is_told"),
    "limits-of-the-owner": (limits_of_anybody, "tests/orders/test_who_is_a_customer.py::test_updating_the_address_of_a_guest_shows_the_same_page_for_known_and_unknown_ones"),
    "draft-of-the-owner": (drafts_of_anybody, "tests/orders/test_checkout_drafts.py::test_logging_in_keeps_the_draft_of_the_same_mailbox_and_forgets_that_of_another"),
    "personal-data": (no_hiding, "tests/shop/test_staff_pages.py::test_personal_data_of_orders_is_for_the_roles_that_need_it[Read-only-False-False]"),
    "question-before-cancel": (no_question, "tests/orders/test_fulfillment_and_admin.py::test_an_order_that_was_paid_while_the_page_asked_is_asked_about_again"),
    "append-only": (no_append_only, "tests/shop/test_ledger_guards.py"),
}  # fmt: skip


def remove(name: str, monkeypatch: Monkey) -> None:
    GUARDS[name][0](monkeypatch)
