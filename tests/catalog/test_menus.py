"""The menus of header and footer: automatic until staff change them, without links to what shoppers cannot see."""

import pytest

from catalog.clock import shop_now
from catalog.markets import all_markets, default_market, in_market
from catalog.menus import Link, Menus, store_with_menus
from catalog.models import Category, Collection, Menu, MenuEntry, Page, Product, Store
from catalog.products.categories import create_category
from tests.catalog.test_staff_permissions import role
from tests.factories import make_listed_variants, make_variant
from tests.reading import find, find_all, form_of, messages_of, text_of

LIST = "/admin/catalog/menu/"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def shop():
    Store.objects.create(pk=1, name="Loom", contact_email="hi@loom.example")
    for name in ("Bath", "Bed", "Desk", "Kitchen", "Light", "Table"):
        create_category(name, None)


def labels(elements) -> list[str]:
    return [element.text for element in elements]


def header_of(client, path="/cart/") -> list[str]:
    return labels(find_all(find(client.get(path), "nav", aria_label="Main"), "a"))


def footer_of(client) -> dict[str, list[str]]:
    columns = find(client.get("/cart/"), "div", class_="foot-g").children
    return {find(column, "h2").text: labels(find_all(column, "a")) for column in columns if not isinstance(column, str)}


def start(client, place="header") -> str:
    client.post(f"{LIST}start/{place}/")
    return f"{LIST}{Menu.objects.filter(place=place).first().pk}/change/"


def save(client, url, **changes):
    return client.post(url, {**form_of(client.get(url), id="menu_form"), **changes})


def make_linked_pages():
    for section, slug in (("help", "delivery"), ("legal", "terms"), ("legal", "privacy"), ("legal", "imprint")):
        Page.objects.create(section=section, slug=slug, title=slug.capitalize(), body="<p>Text</p>")
    Page.objects.create(section="about", slug="about", title="About us", body="<p>Text</p>")


def test_until_staff_change_them_the_menus_are_automatic(client):
    make_linked_pages()
    assert header_of(client) == ["Bath", "Bed", "Desk", "Kitchen", "Light", "Table", "Sale"]
    footer = footer_of(client)
    assert list(footer) == ["Shop", "Help", "Company"]
    assert footer["Company"] == ["About", "Terms", "Privacy", "Imprint", "hi@loom.example"]


def test_deleted_pages_are_not_linked_and_moved_ones_are_where_they_are_now(client):
    make_linked_pages()
    Page.objects.filter(slug="privacy").delete()
    Page.objects.filter(slug="imprint").update(body="")
    Page.objects.filter(slug="delivery").update(section="about")
    footer = footer_of(client)
    assert footer["Help"] == ["Find your order", "Delivery"]
    assert footer["Company"] == ["About", "Terms", "hi@loom.example"]
    menus = Menus(store_with_menus(default_market()), default_market())
    assert menus.short_footer == [Link("Delivery", "/about/delivery/"), Link("Terms", "/legal/terms/")]
    product = client.get(make_listed_variants(1)[0].product.get_absolute_url())
    assert "More about delivery." in text_of(find(product, "main"))


def test_a_changed_menu_starts_with_what_is_shown_and_is_in_the_order_of_its_numbers(admin_client, client):
    url = start(admin_client)
    assert header_of(client) == ["Bath", "Bed", "Desk", "Kitchen", "Sale", "Light", "Table"]
    changes = {"entries-4-position": "0", "entries-0-label": "Bathroom", "entries-1-DELETE": "on"}
    assert save(admin_client, url, **changes).status_code == 302
    assert header_of(client) == ["Sale", "Bathroom", "Desk", "Kitchen", "Light", "Table"]


def test_links_go_to_what_staff_type_by_path_url_or_name(admin_client):
    url = start(admin_client)
    Collection.objects.create(name="For two", slug="for-two")
    Page.objects.create(section="about", slug="us", title="Us")
    for typed, kind in {
        "/c/kitchen/": "category",
        "for two": "collection",
        "/about/us/": "page",
        "Gift cards": "gift_cards",
        "/search/?q=lamp": "path",
        "https://photos.example/loom": "path",
        "HTTP://photos.example/loom": "path",
        "mailto:hi@loom.example?subject=Hello": "path",
    }.items():
        MenuEntry.objects.all().delete()
        fields = form_of(admin_client.get(url), id="menu_form")
        assert admin_client.post(url, {**fields, "entries-0-goes_to": typed}).status_code == 302
        assert MenuEntry.objects.get().kind == kind


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("/c/nothing/", "There is no page at /c/nothing/."),
        ("/admin/", "/admin/ is not a page for shoppers."),
        ("//evil.example", "There is no category, collection or page “//evil.example”."),
        ("javascript:alert(1)", "There is no category, collection or page “javascript:alert(1)”."),
        ("https://[", "“https://[” is not a complete URL."),
        ("https://", "“https://” is not a complete URL."),
        ("https://user:pw@evil.example/", "has a name or a password before “@”"),
        ("https://loom.example\\@evil.example/", "has a character that no URL may have"),
        ("HTTPS://loom.example\\@evil.example/", "has a character that no URL may have"),
        ("https://loom.example/\u202emoc.live", "has a character that no URL may have"),
        ("/\\evil.example", "A path has no backslash"),
        ("/search/?q=\u200bx", "A path has no backslash and no characters that nobody sees."),
        ("ftp://files.example/", "There is no category, collection or page “ftp://files.example/”."),
        ("mailto:nobody", "“nobody” is not an e-mail address."),
        ("mailto:a@loom.example?bcc=\u200bb", "is followed by a character that no URL may have"),
    ],
)
def test_a_link_to_nothing_is_refused_and_what_was_typed_is_kept(admin_client, typed, sentence):
    answer = save(admin_client, start(admin_client), **{"entries-0-goes_to": typed})
    assert sentence in text_of(answer)
    assert find(answer, "input", name="entries-0-goes_to").attributes["value"] == typed


def test_a_link_whose_target_is_hidden_is_not_shown_and_comes_back_with_it(client):
    menu = Menu.objects.create(place="header")
    collection = Collection.objects.create(name="For two", slug="for-two")
    variant = make_listed_variants(1)[0]
    MenuEntry.objects.create(menu=menu, kind="collection", collection=collection)
    MenuEntry.objects.create(menu=menu, kind="product", product=variant.product, label="The mug")
    MenuEntry.objects.create(menu=menu, kind="gift_cards")
    MenuEntry.objects.create(menu=menu, kind="path", path="/c/sale/", label="Sale")
    assert header_of(client) == ["For two", "The mug", "Sale"]
    Collection.objects.update(is_active=False)
    Product.objects.update(status="archived")
    assert header_of(client) == ["Sale"]
    Collection.objects.update(is_active=True)
    assert header_of(client) == ["For two", "Sale"]


def test_a_link_follows_the_new_url_of_a_category(client):
    menu = Menu.objects.create(place="header")
    MenuEntry.objects.create(menu=menu, kind="category", category=Category.objects.get(path="kitchen"))
    Category.objects.filter(path="kitchen").update(path="cooking", slug="cooking")
    assert find(client.get("/cart/"), "nav", aria_label="Main").text == "Kitchen"
    assert find(find(client.get("/cart/"), "nav", aria_label="Main"), "a").attributes["href"] == "/c/cooking/"


def test_a_market_has_its_own_texts_and_its_own_urls(us_market):
    menu = Menu.objects.create(place="footer", title="Colours", titles={"us": "Colors"})
    MenuEntry.objects.create(menu=menu, kind="path", path="/c/sale/", label="Sale", labels={"us": "Clearance"})
    american = all_markets()["us"]
    with in_market(american):
        columns = Menus(store_with_menus(american), american).footer
    assert [(column.title, column.links[0].label, column.links[0].url) for column in columns] == [
        ("Colors", "Clearance", "/us/c/sale/")
    ]


def test_staff_type_the_text_of_a_market_beside_the_other_one(admin_client, us_market):
    assert save(admin_client, start(admin_client), **{"entries-0-labels_us": "Bathrooms"}).status_code == 302
    assert MenuEntry.objects.get(category__path="bath").labels == {"us": "Bathrooms"}


def test_own_menus_cost_no_query_more_than_the_store(django_assert_num_queries):
    market = default_market()
    for place in ("header", "footer"):
        menu = Menu.objects.create(place=place, title="Shop")
        for category in Category.objects.all():
            MenuEntry.objects.create(menu=menu, kind="category", category=category)
        MenuEntry.objects.create(menu=menu, kind="product", product=make_variant().product)
    shop_now()
    with django_assert_num_queries(1):
        menus = Menus(store_with_menus(market), market)
        assert (len(menus.header.start), len(menus.header.rest), len(menus.footer[0].links)) == (5, 2, 7)


def test_the_footer_is_changed_column_by_column(admin_client, client):
    before = footer_of(client)
    url = start(admin_client, "footer")
    assert footer_of(client) == {**before, "Help": ["Find your order"], "Company": ["hi@loom.example"]}
    save(admin_client, url, title="Our range")
    assert list(footer_of(client)) == ["Our range", "Help", "Company"]
    admin_client.post(url.replace("change", "delete"), {"post": "yes"})
    assert list(footer_of(client)) == ["Help", "Company"]


def test_the_second_of_two_who_change_a_link_is_told_what_the_first_wrote(admin_client):
    url = start(admin_client)
    fields = form_of(admin_client.get(url), id="menu_form")
    MenuEntry.objects.filter(category__path="bath").update(label="Baths")
    answer = text_of(admin_client.post(url, {**fields, "entries-0-label": "Bathroom"}))
    assert "Text was changed to “Baths” while this page was open." in answer


def test_only_staff_who_may_change_menus_can_start_one(client):
    role(client, "Support")
    assert client.post(f"{LIST}start/header/").status_code == 403
    assert client.get(LIST).status_code == 403
    assert not Menu.objects.exists()


def test_a_footer_of_its_own_says_how_to_change_it(admin_client):
    page = admin_client.post(f"{LIST}start/footer/", follow=True)
    assert messages_of(page) == [
        "The footer now has its own columns. Open one to change it. Delete them all to get the automatic footer back."
    ]
