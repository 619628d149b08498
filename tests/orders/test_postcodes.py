"""One reading of postcodes, for tax regions and shipping zones."""

import pytest

from orders.delivery.postcodes import first_invalid_pattern, is_within, narrowness


@pytest.mark.parametrize(
    ("country", "postcode", "text", "is_inside"),
    [
        ("DE", "10115", "10000-19999", True),
        ("DE", "20000", "10000-19999", False),
        ("DE", "1011", "10000-19999", False),
        ("DE", "D-10115", "10000-19999", True),
        ("DE", "10115", " 10115 ", True),
        ("DE", "10115", "10000–19999", True),
        ("DE", "", "*", False),
        ("DE", "anything", "*", True),
        ("DE", "10115", "", False),
        ("ES", "35001", "35*, 38*", True),
        ("FI", "FIN-22100", "22*", True),
        ("LU", "L-2449", "2000-2999", True),
        ("LU", "L-2449", "2449", True),
        ("US", "90210", "90000-96199", True),
        ("US", "90210-1234", "90000-96199", True),
        ("US", "90210 1234", "90000-96199", True),
        ("US", "902101234", "90210", True),
        ("US", "89999-9999", "90000-96199", False),
        ("NL", "1791 AB", "1791-1797", True),
        ("NL", "1798 AB", "1791-1797", False),
        ("NL", "1791 AB", "1791AA-1791AZ", True),
        ("PT", "9500-321", "9500-9999", True),
        ("PT", "1100-148", "1100148", True),
        ("BR", "01310-100", "01000-05999", True),
        ("SE", "114 55", "11000-11999", True),
        ("GB", "sw1a 1aa", "SW1*", True),
        ("GB", "SE1 1AA", "SW1*", False),
        ("GB", "SW1A 1AA", "SW1A", True),
        ("GB", "BT1 5GS", "BT1-BT99", True),
        ("GB", "bt15gs", "BT1-BT99", True),
        ("GB", "BT12 5GS", "BT10-BT20", True),
        ("GB", "BT1 5GS", "BT10-BT20", False),
        ("GB", "BT12 5GS", "BT1-BT9", False),
        ("GB", "B1 5GS", "BT1-BT99", False),
        ("GB", "EC1A 1BB", "EC1-EC4", True),
        ("GB", "N1 9GU", "E1-E20", False),
        ("IE", "D02 X285", "D02", True),
        ("CA", "K1A 0B1", "K1A", True),
        ("CA", "K1A 0B1", "K1A0A1-K1A0Z9", True),
        ("AR", "C1425ABC", "1400-1499", True),
        ("MT", "VLT 1117", "VLT", True),
    ],
)
def test_postcodes_match_ranges_prefixes_and_lists(country, postcode, text, is_inside):
    assert is_within(postcode, text, country) is is_inside


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("10-20, 3x*", ""),
        ("BT1-BT99, SW1A, 1791 AA - 1791 AZ", ""),
        ("10-20, a;b", "A;B"),
        ("1--2", "1--2"),
        ("20000-10000", "20000-10000"),
        ("90210-1234", "90210-1234"),
        ("BT9-BT1", "BT9-BT1"),
        ("", ""),
    ],
)
def test_a_part_without_postcodes_is_reported(text, part):
    assert first_invalid_pattern(text) == part


def test_a_whole_code_is_narrower_than_a_range_and_a_range_than_a_country():
    texts = ["*", "10000-99999", "2*", "27000-27999", "274*", "27498"]
    found = [narrowness("27498", text, "DE") for text in texts]
    assert found == sorted(found)
    assert len({*found}) == 5  # a range over 10000-99999 says as little as *
