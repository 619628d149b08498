"""A made-up catalogue is a catalogue like any other."""

import pytest
from django.core.management import CommandError, call_command

from catalog.listings import wrong_listings
from catalog.models import Listing, Product, StockMovement, Variant
from shop.operations.audit import run_audit


@pytest.mark.django_db(transaction=True)
def test_made_up_products_are_listed_stocked_and_found_like_real_ones(client):
    call_command("seed_catalog", products=120)
    assert (Product.objects.count(), Listing.objects.count()) == (120, 120)
    assert Variant.objects.filter(movements=None, stock__on_hand__gt=0).count() == 0
    assert StockMovement.objects.count() > 100
    assert wrong_listings(Product.objects.all()) == []
    assert run_audit() == []
    titles = list(Product.objects.order_by("pk").values_list("title", flat=True))
    page = client.get("/search/", {"q": titles[0]}).context["page"]
    assert titles[0] in [card.title for card in page.cards]
    call_command("seed_catalog", products=120)
    assert list(Product.objects.order_by("pk").values_list("title", flat=True)[120:]) == titles


@pytest.mark.parametrize("number", [0, -1, 10_000_001])
def test_an_absurd_number_of_products_is_refused(number):
    with pytest.raises(CommandError, match="1 to 10,000,000"):
        call_command("seed_catalog", products=number)
