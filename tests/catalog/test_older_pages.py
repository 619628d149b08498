"""Two people edit one product: the older page overwrites nothing, and reports what the other one changed."""

import json

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from catalog.markets import default_market
from catalog.models import Option, Product, RelatedProduct, Variant
from catalog.prices import prices_at, set_price
from tests.factories import make_options, make_user, make_variant
from tests.reading import form_of, text_of

ROUNDS = 3


def url_of(product: Product) -> str:
    return f"/admin/catalog/product/{product.pk}/change/"


def opened(client: Client, product: Product) -> dict[str, str]:
    """The fields of the product's page as the browser would send them back."""
    return form_of(client.get(url_of(product)), id="product_form")


def messages_in(answer) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]


@pytest.mark.django_db
def test_a_description_saved_meanwhile_survives_a_maker_saved_from_an_older_page(client, staff):
    product = make_variant().product
    older = opened(client, product)
    client.post(url_of(product), {**opened(client, product), "description": "<p>Fired twice.</p>\r\n<p>Light.</p>"})
    answer = client.post(url_of(product), {**older, "vendor": "Alma"})
    product.refresh_from_db()
    assert (answer.status_code, product.description, product.vendor) == (
        302,
        "<p>Fired twice.</p>\n<p>Light.</p>",
        "Alma",
    )
    assert "You changed this while the page was open, and the change was kept: description." in messages_in(answer)


@pytest.mark.django_db
def test_a_field_that_both_changed_is_refused_once_with_both_values(client, staff):
    product = make_variant().product
    older = opened(client, product)
    client.post(url_of(product), {**opened(client, product), "title": "Reef cup", "vendor": "Berg"})
    answer = client.post(url_of(product), {**older, "title": "Sea cup", "seo_title": "A cup"})
    page = text_of(answer)
    assert answer.status_code == 200
    assert "You changed this to “Reef cup” while the page was open." in page
    again = form_of(answer, id="product_form")
    assert (again["title"], again["seo_title"], again["vendor"]) == ("Sea cup", "A cup", "Berg")
    assert Product.objects.get().title == "Reef cup"
    assert client.post(url_of(product), again).status_code == 302
    assert Product.objects.values_list("title", "seo_title", "vendor").get() == ("Sea cup", "A cup", "Berg")


@pytest.mark.django_db
def test_prices_and_skus_of_an_older_page_take_nothing_back(client, staff):
    variant = make_variant(2400)
    older = opened(client, variant.product)
    set_price(variant.pk, default_market(), regular_minor=3000)
    Variant.objects.update(sku="NEW-1", grams=350)
    assert client.post(url_of(variant.product), {**older, "variants-0-is_active": ""}).status_code == 302
    assert prices_at([variant.pk], default_market())[variant.pk].amount_minor == 3000
    assert Variant.objects.values_list("sku", "grams", "is_active").get() == ("NEW-1", 350, False)
    answer = client.post(url_of(variant.product), {**older, "variants-0-price": "26.00"})
    assert "Price was changed to “30.00” while this page was open." in text_of(answer)
    assert prices_at([variant.pk], default_market())[variant.pk].amount_minor == 3000


@pytest.mark.django_db
def test_an_older_page_of_a_variant_takes_nothing_back(client, staff):
    variant = make_variant(2400)
    url = f"/admin/catalog/variant/{variant.pk}/change/"
    older = form_of(client.get(url), id="variant_form")
    Variant.objects.update(grams=350)
    answer = client.post(url, {**older, "origin": "PT"})
    assert (answer.status_code, Variant.objects.values_list("grams", "origin").get()) == (302, (350, "PT"))
    assert "Somebody else changed this while the page was open, and the change was kept: weight (g)." in messages_in(
        answer
    )
    answer = client.post(url, {**older, "grams": "400"})
    assert "Weight (g) was changed to “350” while this page was open." in text_of(answer)


@pytest.mark.django_db
def test_rows_added_or_removed_meanwhile_stay_so(client, staff):
    product = make_variant().product
    first, second = make_variant().product, make_variant().product
    make_options(product, "Glaze", "Size")
    RelatedProduct.objects.create(product=product, related=first)
    older = opened(client, product)
    Option.objects.get(name="Size").delete()
    RelatedProduct.objects.create(product=product, related=second, position=2)
    answer = client.post(url_of(product), {**older, "vendor": "Alma"})
    assert (answer.status_code, [option.name for option in product.options.all()]) == (302, ["Glaze"])
    assert [row.related for row in product.related_rows.all()] == [first, second]
    answer = client.post(url_of(product), {**older, "options-1-name": "Volume"})
    assert (answer.status_code, [option.name for option in product.options.all()]) == (302, ["Glaze"])
    assert (
        "You changed this while the page was open, and the change was kept: maker, "
        "a removed option (add “Volume” again if you need it)."
    ) in messages_in(answer), messages_in(answer)


@pytest.mark.django_db
def test_an_up_to_date_page_shows_no_warning(client, staff):
    product = make_variant().product
    Product.objects.update(
        description="<p>One</p>\n<p>Two</p>\n", tags=["a", "b"], publish_at="2026-01-02T03:04:05.678+00:00"
    )
    fields = opened(client, product)
    answer = client.post(url_of(product), {**fields, "vendor": "Alma"})
    assert answer.status_code == 302
    assert not [sentence for sentence in messages_in(answer) if "the page was open" in sentence]
    assert json.loads(fields["shown_values"])["tags"] == "a,b"


@pytest.mark.django_db(transaction=True)
def test_the_second_of_two_simultaneous_saves_of_one_field_is_refused(at_once):
    owner = make_user(is_staff=True, is_superuser=True)
    for number in range(ROUNDS):
        product = make_variant().product
        clients = [Client(), Client()]
        for client in clients:
            client.force_login(owner)
        fields = opened(clients[0], product)
        titles = [f"Cup {number}", f"Bowl {number}"]
        answers = at_once(
            *(
                lambda client=client, title=title, product=product, fields=fields: client.post(
                    url_of(product), {**fields, "title": title}
                )
                for client, title in zip(clients, titles, strict=True)
            )
        )
        assert sorted(answer.status_code for answer in answers) == [200, 302]
        saved = titles[[answer.status_code for answer in answers].index(302)]
        assert Product.objects.get(pk=product.pk).title == saved
