"""Numbers that staff type: one sentence says what to enter."""

import pytest
from django.core.exceptions import ValidationError

from catalog.admin.products.bulk_edit import BulkForm
from catalog.inputs import NumberField, PercentField
from orders.admin.shipping import ChangeRateForm, TaxRateForm


def refusal(field, typed):
    with pytest.raises(ValidationError) as caught:
        field.clean(typed)
    return caught.value.messages


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("1234567", "Enter a percentage between 0 and 100."),
        ("1e99", "Enter a percentage between 0 and 100."),
        ("-1", "Enter a percentage between 0 and 100."),
        ("many", "Enter a percentage between 0 and 100."),
        ("NaN", "Enter a percentage between 0 and 100."),
        ("12.34567", "Enter at most 3 decimal places."),
        ("", "This field is required."),
    ],
)
def test_what_is_no_percentage_is_refused_with_one_sentence(typed, sentence):
    assert refusal(PercentField(), typed) == [sentence]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("123456789012", "Enter a number with at most 9 digits before the decimal point."),
        ("1.23456", "Enter at most 3 decimal places."),
    ],
)
def test_a_number_that_the_column_cannot_hold_is_refused_with_one_sentence(typed, sentence):
    assert refusal(NumberField(max_digits=12, decimal_places=3), typed) == [sentence]


def test_every_percentage_of_the_desk_is_refused_alike():
    errors = BulkForm({"ids": "1", "percent": "99999999", "sale_percent": "95"}).errors
    assert (errors["percent"], errors["sale_percent"]) == (
        ["Enter a percentage between -90 and 1000."],
        ["Enter a percentage between 1 and 90."],
    )
    for form in (TaxRateForm, ChangeRateForm):
        assert form({"percent": "12345678"}).errors["percent"] == ["Enter a percentage between 0 and 100."]
