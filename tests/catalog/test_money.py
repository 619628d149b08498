"""Money is whole minor units."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.money import apportion, format_money, round_half_up, to_major, to_minor


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [("24.00", "EUR", 2400), (" 5 ", "EUR", 500), ("0.005", "EUR", 1), ("1500", "JPY", 1500), ("1.234", "KWD", 1234)],
)
def test_amounts_are_read_by_their_currency(text, currency, minor):
    assert to_minor(text, currency) == minor


@pytest.mark.parametrize(
    "text", ["", "NaN", "1e5", "1,50", "١٢", "--1", "1.2.3", "9" * 13, "Infinity", "999999999999.99"]
)
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(ValueError, match="amount"):
        to_minor(text, "EUR")


def test_money_is_written_as_readers_write_it():
    assert format_money(2400, "EUR") == "€24.00"
    assert format_money(1500, "JPY") == "¥1,500"
    assert format_money(123456, "EUR", "de") == "1.234,56\xa0€"


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=30))
def test_parts_always_add_up(amount, weights):
    parts = apportion(amount, weights)
    assert sum(parts) == (amount if sum(weights) else 0)
    assert all(part >= 0 for part in parts)


def test_half_goes_away_from_zero():
    assert [round_half_up(to_major(n, "EUR") * 10) for n in (5, 15, -5)] == [1, 2, -1]
