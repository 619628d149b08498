"""What the checkout may refuse carries all that a page or an API shows of it."""

import pytest

from orders import errors
from orders.checkout.form import CheckoutForm
from orders.errors import CheckoutRefused

REFUSALS = {
    errors.EmptyCart: (),
    errors.CartChanged: (),
    errors.TotalChanged: (100, 200),
    errors.NotSold: ([1],),
    errors.TotalTooSmall: (50,),
    errors.NoDelivery: (),
    errors.NoAddress: (),
    errors.PromotionUsedUp: ("Spring",),
    errors.GiftCardSpent: (),
    errors.TooManyUnpaid: (),
    errors.TooMuchUnpaid: (3, 2),
}


def test_every_refusal_of_the_checkout_is_listed_here_and_has_a_code_of_its_own():
    assert set(REFUSALS) == set(CheckoutRefused.__subclasses__())
    assert len({refusal.code for refusal in REFUSALS}) == len(REFUSALS)


@pytest.mark.parametrize(("refusal", "arguments"), REFUSALS.items(), ids=lambda value: getattr(value, "code", ""))
def test_a_refusal_says_what_happened_and_names_a_field_of_the_form_where_it_belongs_to_one(refusal, arguments):
    raised = refusal(*arguments)
    assert raised.sentence
    assert raised.field in {"", *CheckoutForm.base_fields}


def test_the_sentence_about_a_promotion_names_it():
    assert errors.PromotionUsedUp("Spring").sentence == "“Spring” has been used up."
