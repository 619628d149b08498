"""Money is whole minor units."""

import pytest
from babel.numbers import get_currency_precision, list_currencies
from hypothesis import given
from hypothesis import strategies as st

from catalog.money import (
    AmountRefused,
    apportion,
    charge_step,
    exponent,
    format_money,
    percent_of,
    round_half_up,
    to_major,
    to_minor,
)

# https://docs.stripe.com/currencies, read for version 2026-10. Of ISK and UGX, which have no decimals there, the amount
# is given in hundredths all the same, in whole hundreds.
STRIPE_ZERO = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF"
STRIPE_ZERO_IN_HUNDREDTHS = "ISK UGX"
STRIPE_THREE = "BHD JOD KWD OMR TND"
# What CLDR shows with other decimals than are charged: coins that are not in use, and what is no longer or was never paid
# with. A change of CLDR shows here, and never in a shop.
CLDR_WITHOUT_COINS = "AFN ALL IQD IRR ISK KPW LAK LBP MMK RSD SLL SOS SYP UGX YER"
CLDR_HISTORY = "ADP BYR CLF ESP ITL LUF MGF MRO STD TMM TRL UYI UYW ZMK ZWD"


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("24.00", "EUR", 2400),
        (" 5 ", "EUR", 500),
        ("12,5", "EUR", 1250),
        ("1299", "EUR", 129900),
        ("1,299.00", "EUR", 129900),
        ("1.299,00", "EUR", 129900),
        ("1 299,5", "EUR", 129950),
        ("1\u202f299\u202f000,50", "EUR", 129900050),
        ("1’299.00", "CHF", 129900),
        ("1,299,000", "EUR", 129900000),
        ("1500", "JPY", 1500),
        ("1.234", "KWD", 1234),
        ("1,299.000", "KWD", 1299000),
        ("12.55", "RSD", 1255),
    ],
)
def test_amounts_are_read_by_their_currency(text, currency, minor):
    assert to_minor(text, currency) == minor


@pytest.mark.parametrize(
    "text", ["", "NaN", "1e5", "١٢", "--1", "1.2.3", "1,29.00", "1,299,00", "Infinity", "€5", "1 2", "1.299.00"]
)
def test_text_that_is_no_amount_is_refused(text):
    with pytest.raises(AmountRefused, match="amount"):
        to_minor(text, "EUR")


@pytest.mark.parametrize(
    ("text", "currency", "sentence"),
    [
        ("1,299", "EUR", "This could mean 1299.00 or 1.30. Enter one of them."),
        ("1.299", "EUR", "This could mean 1299.00 or 1.30. Enter one of them."),
        ("12.505", "EUR", "This could mean 12505.00 or 12.51. Enter one of them."),
        ("1.000", "EUR", "This could mean 1000.00 or 1.00. Enter one of them."),
        ("1,299", "KWD", "This could mean 1299.000 or 1.299. Enter one of them."),
        ("1,500", "JPY", "This could mean 1500 or 2. Enter one of them."),
        ("0.005", "EUR", "EUR has 2 decimal places."),
        ("1299.505", "EUR", "EUR has 2 decimal places."),
        ("12.5051", "EUR", "EUR has 2 decimal places."),
        ("24.0000", "EUR", "EUR has 2 decimal places."),
        ("5.00", "JPY", "JPY has no decimal places."),
        ("1.2345", "KWD", "KWD has 3 decimal places."),
        ("five", "EUR", "Enter an amount like 12.50."),
        ("five", "JPY", "Enter an amount like 1250."),
        ("-1", "EUR", "An amount cannot be negative."),
        ("9" * 13, "EUR", "The amount is too large."),
        ("999999999999.99", "EUR", "The amount is too large."),
    ],
)
def test_an_amount_that_cannot_be_charged_or_means_two_is_refused_in_one_sentence(text, currency, sentence):
    with pytest.raises(AmountRefused) as refused:
        to_minor(text, currency)
    assert str(refused.value) == sentence


def test_decimals_are_those_that_stripe_charges():
    assert {code for code in list_currencies() if exponent(code) == 0} == set(STRIPE_ZERO.split())
    assert {code for code in list_currencies() if exponent(code) == 3} == {*STRIPE_THREE.split(), "IQD", "LYD"}
    assert {exponent(code) for code in STRIPE_ZERO_IN_HUNDREDTHS.split()} == {2}


def test_stripe_charges_whole_steps_of_some_currencies():
    assert {charge_step(code) for code in STRIPE_THREE.split()} == {10}
    assert {charge_step(code) for code in STRIPE_ZERO_IN_HUNDREDTHS.split()} == {100}
    assert {charge_step(code) for code in ("EUR", "JPY", "RSD")} == {1}


def test_decimals_differ_from_those_of_cldr_where_coins_are_not_in_use():
    others = {code for code in list_currencies() if get_currency_precision(code) != exponent(code)}
    assert others == {*CLDR_WITHOUT_COINS.split(), *CLDR_HISTORY.split()}


@pytest.mark.parametrize("currency", sorted(list_currencies()))
def test_the_digits_shown_are_the_digits_charged(currency):
    shown = format_money(123456, currency)
    assert "".join(filter(str.isdigit, shown)) == "123456"
    assert (shown[-1 - exponent(currency)] == ".") is (exponent(currency) > 0)


def test_three_times_a_shown_price_is_the_shown_price_of_three():
    assert [format_money(minor, "RSD") for minor in (1255, 3765, 4005)] == [
        "RSD\xa012.55",
        "RSD\xa037.65",
        "RSD\xa040.05",
    ]


@given(st.integers(0, 10**12), st.decimals(0, 100, places=3))
def test_a_percentage_is_rounded_like_everything_else(amount, percent):
    assert percent_of(amount, percent) == round_half_up(amount * percent / 100)


def test_money_is_written_as_readers_write_it():
    assert format_money(2400, "EUR") == "€24.00"
    assert format_money(1500, "JPY") == "¥1,500"
    assert format_money(123456, "EUR", "de") == "1.234,56\xa0€"


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=30))
def test_parts_always_add_up(amount, weights):
    parts = apportion(amount, weights)
    assert sum(parts) == (amount if sum(weights) else 0)
    assert all(part >= 0 for part in parts)


def test_halves_are_rounded_away_from_zero():
    assert [round_half_up(to_major(n, "EUR") * 10) for n in (5, 15, -5)] == [1, 2, -1]
