"""The tiles of the desk's home page: what they count, who sees them, and the lists behind them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.admin.tile_registry import tiles
from catalog.listings import write_listings
from catalog.models import Price, Product, Review, Stock, Variant
from orders.lifecycle import confirm
from orders.models import Order
from payments.models import Dispute, Payment, Refund, RefundRequest, StripeEvent
from shop.models import Mail
from tests.factories import make_order, make_user, make_variant
from tests.orders.staff_pages import staff as log_in

pytestmark = pytest.mark.django_db


def paid(**changes) -> Order:
    order = make_order()
    confirm(order)
    Order.objects.filter(pk=order.pk).update(**changes)
    return order


def days_ago(count: int):
    return timezone.localdate() - timedelta(days=count)


def event(status: str, age: timedelta) -> None:
    now = timezone.now()
    row = StripeEvent.objects.create(
        stripe_id=f"evt_{status}_{age}", type="x", livemode=False, status=status, next_try_at=now
    )
    StripeEvent.objects.filter(pk=row.pk).update(received_at=now - age)


def review(status: str = "pending") -> Review:
    return Review.objects.create(
        product=make_variant().product, rating=4, author="Anna", status=status, created_at=timezone.now()
    )


def flagged(flag: str) -> Payment:
    return Payment.objects.create(order=make_order(), currency="EUR", amount_minor=100, flag=flag)


def short_order() -> None:
    order = paid()
    Stock.objects.filter(variant=order.lines.get().variant).update(on_hand=0, shortfall=1)


def without_prices() -> None:
    variant = make_variant()
    Price.objects.filter(variant=variant).delete()
    write_listings(Product.objects.filter(pk=variant.product_id))


def without_variant() -> None:
    variant = make_variant()
    Variant.objects.filter(pk=variant.pk).update(is_active=False)
    write_listings(Product.objects.filter(pk=variant.product_id))


def mail(status: str) -> None:
    Mail.objects.create(
        message_id=f"<{status}>",
        sender="a@b.example",
        recipients=["c@d.example"],
        subject="x",
        status=status,
        next_try_at=timezone.now(),
    )


def refund_request(**fields) -> None:
    RefundRequest.objects.create(
        **{
            "order": make_order(),
            "currency": "EUR",
            "total_minor": 100,
            "goodwill_minor": 100,
            "reason": "late",
            **fields,
        }
    )


def at_stripe(**fields) -> None:
    refund_request(reason="at_stripe", status="approved", decided_at=timezone.now(), **fields)


def refund(status: str) -> None:
    Refund.objects.create(payment=flagged(""), amount_minor=100, currency="EUR", status=status)


def dispute(status: str) -> None:
    number = Dispute.objects.count()
    fields = {"status": status, "currency": "EUR", "amount_minor": 100, "opened_at": timezone.now()}
    Dispute.objects.create(stripe_id=f"du_{number}", payment=flagged(""), **fields)


def offline(method: str, status: str, due_days: int = 0) -> Payment:
    payment = flagged("")
    due_at = timezone.now() + timedelta(days=due_days)
    Payment.objects.filter(pk=payment.pk).update(method=method, status=status, due_at=due_at)
    return payment


def offline_refund(status: str) -> None:
    payment = offline("transfer", "captured")
    Refund.objects.create(payment=payment, amount_minor=100, currency="EUR", status=status)


def authorized(hours_left: int) -> None:
    capture_before = timezone.now() + timedelta(hours=hours_left)
    Payment.objects.filter(pk=flagged("").pk).update(status="authorized", capture_before=capture_before)


# Tile → what makes it count one, and what does not count.
WORK: dict[str, tuple[Callable, list[Callable]]] = {
    "late-to-ship": (
        lambda: paid(ship_by=days_ago(2)),
        [
            lambda: paid(ship_by=days_ago(0)),
            lambda: paid(ship_by=None),
            lambda: paid(ship_by=days_ago(2), fulfillment_status="shipped", status="completed"),
            lambda: Order.objects.filter(pk=make_order().pk).update(ship_by=days_ago(2)),
        ],
    ),
    "to-ship-today": (lambda: paid(ship_by=days_ago(0)), [lambda: paid(ship_by=days_ago(-1))]),
    "short-of-stock": (short_order, [paid]),
    "unpaid": (make_order, [paid]),
    "payments-to-check": (lambda: flagged("mismatch"), [lambda: flagged("")]),
    "expiring": (lambda: authorized(47), [lambda: authorized(49), lambda: flagged("")]),
    "disputes": (lambda: dispute("needs_response"), [lambda: dispute("under_review")]),
    "refunds-to-approve": (refund_request, [at_stripe]),
    "failed-refunds": (lambda: refund("failed"), [lambda: refund("pending")]),
    "overdue-payments": (lambda: offline("invoice", "agreed", -1), [lambda: offline("invoice", "agreed", 1)]),
    "partly-paid": (lambda: offline("transfer", "processing"), [lambda: offline("transfer", "open")]),
    "refunds-to-send": (lambda: offline_refund("pending"), [lambda: refund("pending")]),
    "refunds-to-assign": (at_stripe, [refund_request]),
    "stuck-events": (
        lambda: event("failed", timedelta(0)),
        [lambda: event("new", timedelta(minutes=59)), lambda: event("done", timedelta(days=1))],
    ),
    "out-of-stock": (lambda: make_variant(on_hand=0), [make_variant]),
    "without-price": (without_prices, [make_variant]),
    "without-variant": (
        without_variant,
        [lambda: Product.objects.create(handle="draft", slug="draft", title="Draft")],
    ),
    "low-stock": (lambda: make_variant(on_hand=5), [lambda: make_variant(on_hand=6)]),
    "reviews": (review, [lambda: review("published")]),
    "without-picture": (make_variant, [lambda: Product.objects.create(handle="draft", slug="draft", title="Draft")]),
    "failed-mails": (lambda: mail("dead"), [lambda: mail("queued")]),
}


def count_of(code: str) -> int:
    owner = make_user(is_staff=True, is_superuser=True)
    return next((shown.count for shown in tiles.shown_to(owner) if shown.tile.code == code), 0)


def test_every_tile_is_tried_here():
    assert set(tiles.tiles) == set(WORK)


@pytest.mark.parametrize("code", WORK)
def test_a_tile_counts_what_the_list_behind_it_shows(client, code):
    log_in(client, is_superuser=True)
    waiting, others = WORK[code]
    waiting()
    for other in others:
        other()
    context = client.get(tiles.tiles[code].url).context
    listed = context["cl"].queryset.count() if "cl" in context else len(context["rows"])
    assert count_of(code) == listed == 1


def test_a_tile_is_for_staff_who_may_open_its_list():
    paid(ship_by=days_ago(1))
    assert tiles.shown_to(make_user(is_staff=True)) == []


def test_tiles_are_counted_with_one_query_and_the_most_urgent_come_first():
    paid(ship_by=days_ago(1))
    make_order()
    owner = make_user(is_staff=True, is_superuser=True)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        shown = tiles.shown_to(owner)
    assert len(queries) == 1
    assert [(tile.tile.code, tile.count) for tile in shown] == [
        ("late-to-ship", 1),
        ("unpaid", 1),
        ("without-picture", 2),
    ]


def test_a_tile_says_since_when_its_oldest_row_waits():
    paid(ship_by=days_ago(3))
    paid(ship_by=days_ago(1))
    shown = tiles.shown_to(make_user(is_staff=True, is_superuser=True))[0]
    assert shown.oldest == days_ago(3)
    assert shown.detail.startswith("Oldest was due on ")


def test_an_order_is_due_when_its_parcel_must_leave_to_arrive_as_promised():
    order = make_order()
    assert timezone.localdate() <= order.ship_by <= order.arrives_from
