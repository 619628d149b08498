"""The contents of a shop for chaos: a store with tax and delivery, and products of which a few are scarce."""

from django.db.models import Sum

from catalog.inventory import receive
from catalog.listings import write_listings
from catalog.models import Location, Product, Stock, Variant
from shop.demo.seeding import seed_store
from shop.synthetic.filling import fill

PLENTY = 100_000  # units of each variant, so that nothing sells out
SCARCE = 3  # products that sell out during a run


def fill_shop(products: int, scarce_units: int) -> None:
    """Create store, tax, delivery and products; the last few have only `scarce_units` units each."""
    seed_store(is_own_catalogue=True)
    fill(products)
    location = Location.objects.earliest("pk")
    variants = list(Variant.objects.order_by("pk").values_list("pk", "product__handle"))
    scarce = {handle for _pk, handle in variants[-SCARCE:]}
    Stock.objects.update(backorder_limit=0)
    for variant_id, handle in variants:
        held = Stock.objects.filter(variant=variant_id).aggregate(sum=Sum("on_hand"))["sum"] or 0
        wanted = scarce_units if handle in scarce else PLENTY
        if wanted > held:
            receive(variant_id, location, wanted - held)
    write_listings(Product.objects.all())
