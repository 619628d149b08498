"""Each refusal of the checkout carries everything that a page or an API shows about it."""

from typing import get_type_hints

import pytest

from orders import errors
from orders.checkout.form import CheckoutForm
from orders.errors import CheckoutRefused

EXAMPLES = {int: 2, str: "Spring", list[int]: [1]}
REFUSALS = sorted(CheckoutRefused.__subclasses__(), key=lambda refusal: refusal.code)


def example_of(refusal: type[CheckoutRefused]) -> CheckoutRefused:
    """Create the refusal with an example for each of its arguments."""
    arguments = get_type_hints(refusal.__init__) if "__init__" in vars(refusal) else {}
    return refusal(**{name: EXAMPLES[kind] for name, kind in arguments.items() if name != "return"})


def test_every_refusal_of_the_checkout_has_a_code_of_its_own():
    assert len({refusal.code for refusal in REFUSALS} - {CheckoutRefused.code}) == len(REFUSALS) >= 11


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.code)
def test_a_refusal_says_what_happened_and_names_a_field_of_the_form_where_it_belongs_to_one(refusal):
    raised = example_of(refusal)
    assert raised.sentence
    assert raised.field in {"", *CheckoutForm.base_fields}


def test_the_sentence_about_a_promotion_names_it():
    assert errors.PromotionUsedUp("Spring").sentence == "“Spring” has been used up."
