"""The stand-in for Stripe books fees, and pays out what is available."""

import pytest

AT_ONCE = "4000000000000077"


@pytest.mark.parametrize(
    ("number", "fee"),
    [("4242424242424242", 103), ("4000002760000016", 61)],  # 3.25 % or 1.5 % of 24.00, and 0.25
)
def test_a_charge_pays_a_fee(stripe_desk, number, fee):
    transaction = stripe_desk.paid_intent(number)["latest_charge"]["balance_transaction"]
    assert (transaction["amount"], transaction["fee"], transaction["net"]) == (2400, fee, 2400 - fee)
    assert [(entry["amount"], entry["type"]) for entry in transaction["fee_details"]] == [(fee, "stripe_fee")]
    assert (transaction["status"], transaction["type"]) == ("pending", "charge")


def test_money_is_available_two_days_later(stripe_desk):
    transaction = stripe_desk.paid_intent()["latest_charge"]["balance_transaction"]
    stripe_desk.advance("2d")
    assert stripe_desk.call(f"balance_transactions/{transaction['id']}")["status"] == "available"


def test_a_payout_equals_the_sum_of_its_transactions(stripe_desk):
    first = stripe_desk.paid_intent(AT_ONCE)
    stripe_desk.paid_intent(AT_ONCE, 5000)
    stripe_desk.post("refunds", payment_intent=first["id"], amount=400)
    stripe_desk.paid_intent()  # available later
    payout = stripe_desk.pay_out()
    assert (payout["amount"], payout["status"]) == (2400 - 103 + 5000 - 188 - 400, "pending")
    parts = stripe_desk.transactions(payout=payout["id"])
    assert sorted(entry["type"] for entry in parts) == ["charge", "charge", "payout", "refund"]
    assert sum(entry["net"] for entry in parts if entry["type"] != "payout") == payout["amount"]
    (own,) = (entry for entry in parts if entry["type"] == "payout")
    assert (own["id"], own["net"]) == (payout["balance_transaction"], -payout["amount"])
    stripe_desk.advance("3d")
    assert stripe_desk.call(f"payouts/{payout['id']}")["status"] == "paid"
    kinds = [event["type"] for event in stripe_desk.events_about(payout["id"])]
    assert kinds == ["payout.created", "payout.reconciliation_completed", "payout.paid"]


def test_a_failed_payout_comes_back_and_joins_the_next(stripe_desk):
    stripe_desk.paid_intent(AT_ONCE)
    stripe_desk.switch(fail_payout="1")
    payout = stripe_desk.pay_out()
    stripe_desk.advance("3d")
    failed = stripe_desk.call(f"payouts/{payout['id']}")
    assert (failed["status"], failed["failure_code"]) == ("failed", "account_closed")
    (back,) = stripe_desk.transactions(type="payout_failure", source=payout["id"])
    assert (back["id"], back["net"]) == (failed["failure_balance_transaction"], payout["amount"])
    assert stripe_desk.pay_out()["amount"] == payout["amount"]


def test_a_payout_can_be_short_for_a_test(stripe_desk):
    stripe_desk.paid_intent(AT_ONCE)
    payout = stripe_desk.pay_out(short_by=1)
    parts = stripe_desk.transactions(payout=payout["id"])
    assert sum(entry["net"] for entry in parts if entry["type"] != "payout") == payout["amount"] + 1


def test_the_clock_pays_out_daily(stripe_desk):
    stripe_desk.switch(payouts="daily")
    stripe_desk.paid_intent()
    stripe_desk.advance("4d")
    newest = stripe_desk.call("payouts", limit="1")["data"][0]
    assert (newest["amount"], newest["currency"]) == (2400 - 103, "eur")


def test_an_empty_balance_pays_nothing_out(stripe_desk):
    with pytest.raises(AssertionError, match="refused payouts: 400"):
        stripe_desk.pay_out()


def test_lists_are_limited_to_ranges_and_go_both_ways(stripe_desk):
    start = stripe_desk.call_raw("sandbox/clock")["now"]
    first = stripe_desk.paid_intent()
    stripe_desk.advance("1d")
    second, third = stripe_desk.paid_intent(), stripe_desk.paid_intent()
    for kind, names in (
        ("payment_intents", [intent["id"] for intent in (third, second)]),
        ("charges", [intent["latest_charge"]["id"] for intent in (third, second)]),
        (
            "balance_transactions",
            [intent["latest_charge"]["balance_transaction"]["id"] for intent in (third, second)],
        ),
    ):
        later = stripe_desk.call(kind, **{"created[gt]": str(start + 3600), "created[lt]": str(start + 10**6)})
        assert [thing["id"] for thing in later["data"]] == names
    newer = stripe_desk.call("payment_intents", ending_before=first["id"], limit="1")
    assert ([thing["id"] for thing in newer["data"]], newer["has_more"]) == ([second["id"]], True)
    rest = stripe_desk.call("payment_intents", ending_before=second["id"])
    assert ([thing["id"] for thing in rest["data"]], rest["has_more"]) == ([third["id"]], False)
