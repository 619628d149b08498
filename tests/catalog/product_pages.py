"""The product form as a browser sees and sends it."""

from django.http import HttpResponse
from django.test import Client

from catalog.markets import default_market
from catalog.models import Product, Variant
from catalog.prices import prices_at
from tests.reading import errors_of, form_of


def price_of(variant: Variant) -> int:
    return prices_at([variant.pk], default_market())[variant.pk].amount_minor


def save(client: Client, product: Product, **changes: object) -> tuple[HttpResponse, list[str]]:
    """Save the product's page with these changes; return the answer and the mistakes that it names."""
    url = f"/admin/catalog/product/{product.pk}/change/"
    answer = client.post(url, {**form_of(client.get(url), id="product_form"), **changes})
    return answer, errors_of(answer) if answer.status_code == 200 else []
