"""Phone numbers are accepted in many spellings and stored in one."""

import pytest

from accounts.phones import phone_example, shown_phone, stored_phone


@pytest.mark.parametrize(
    ("written", "country", "stored", "shown"),
    [
        ("(202) 555-0143", "US", "+12025550143", "+1 202-555-0143"),
        ("202.555.0143", "US", "+12025550143", "+1 202-555-0143"),
        ("(202) 555-0143 ext. 12", "US", "+12025550143 ext. 12", "+1 202-555-0143 ext. 12"),
        ("+1 202 555 0143 x12", "DE", "+12025550143 ext. 12", "+1 202-555-0143 ext. 12"),
        ("(030) 901820", "DE", "+4930901820", "+49 30 901820"),
        ("030 901820", "DE", "+4930901820", "+49 30 901820"),
        ("+49 (0)30 901820", "DE", "+4930901820", "+49 30 901820"),
        ("0049 30 901820", "US", "+4930901820", "+49 30 901820"),
        ("030\u2013901820", "DE", "+4930901820", "+49 30 901820"),
        ("030\u2011901820", "DE", "+4930901820", "+49 30 901820"),
        ("\u202a+49 30 901820\u202c", "US", "+4930901820", "+49 30 901820"),
        ("\u200e09 224 61 11", "BE", "+3292246111", "+32 9 224 61 11"),
        ("+32 9 000 00 00", "BE", "+3290000000", "+32 900 00 000"),
        ("06 6982", "IT", "+39066982", "+39 06 6982"),
    ],
)
def test_phone_numbers_are_stored_in_one_spelling(written, country, stored, shown):
    assert stored_phone(written, country) == stored
    assert shown_phone(stored) == shown
    assert stored_phone(stored, "JP") == stored_phone(shown, "JP") == stored


@pytest.mark.parametrize("text", ["call me", "12", "+49", "0" * 30])
def test_phone_numbers_that_cannot_be_dialed_are_refused(text):
    with pytest.raises(ValueError, match="not a phone number"):
        stored_phone(text, "DE")


def test_nothing_stays_nothing():
    assert stored_phone(" \u200e", "DE") == ""


def test_numbers_stored_before_are_shown_as_they_are():
    assert shown_phone("+32 9 000 (bell twice)") == "+32 9 000 (bell twice)"


def test_an_error_can_name_a_number_of_the_country():
    assert phone_example("US").startswith("+1 ")
