"""Search: synonyms, typos, accents, codes and suggestions."""

from importlib import import_module

import pytest
from django.core.management import call_command
from django.db import connection

from catalog.listings import write_listings
from catalog.listings.search import correct_spelling
from catalog.models import (
    Page,
    Product,
    SearchTerm,
    Synonym,
    Variant,
)
from catalog.products.categories import create_category
from tests.factories import make_variant, shelve
from tests.reading import links_of, text_of

pytestmark = pytest.mark.django_db


def found(client, words: str) -> list[str]:
    return [card.title for card in client.get("/search/", {"q": words}).context["page"].cards]


def suggested(client, words: str) -> list[str]:
    return [row.title for row in client.get("/suggest/", {"q": words}).context["found"].listings]


def test_synonyms_find_products_with_other_names(client):
    make_variant(title="Velvet couch")
    make_variant(title="Living room bench")
    Synonym.objects.create(words=["sofa", "couch", "living room bench"])
    assert sorted(found(client, "sofa")) == ["Living room bench", "Velvet couch"]
    assert found(client, "velvet sofa") == ["Velvet couch"]
    assert found(client, "table") == []


def test_a_typo_is_corrected_and_the_correction_is_shown(client):
    make_variant(title="Porcelain teapot")
    make_variant(title="Linen napkin")
    answer = client.get("/search/?q=porcelan+teapott")
    assert [card.title for card in answer.context["page"].cards] == ["Porcelain teapot"]
    assert "Did you mean porcelain teapot?" in text_of(answer)
    assert links_of(answer)["/search/?q=porcelain%20teapot"] == "porcelain teapot"
    assert found(client, "napkinn") == ["Linen napkin"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("mig", "mug"),  # a replaced letter
        ("mg", "mug"),  # a missing letter
        ("mzug", "mug"),  # an additional letter
        ("mgu", "mug"),  # two swapped letters
        ("mg" + "u" * 300, "mg" + "u" * 300),
        ("mgi", "mgi"),
        ("gum", "gum"),
        ("mö", "mö"),
        ("jg", "jug"),  # the more frequent of two words
    ],
)
def test_one_typo_is_corrected_in_a_word_that_is_too_short_for_trigrams(typed, meant):
    SearchTerm.objects.bulk_create(SearchTerm(word=word, weight=1) for word in ("mug", "jag"))
    SearchTerm.objects.create(word="jug", weight=2)
    assert correct_spelling([(typed,)]) == [(meant,)]


@pytest.mark.parametrize("words", ["creme", "Crème", "CREME brulee", "brûlée", "cre"])
def test_accents_and_capitals_make_no_difference(client, words):
    make_variant(title="Crème brûlée dish")
    make_variant(title="Plate")
    assert found(client, words) == ["Crème brûlée dish"]


def test_a_barcode_or_sku_is_found_exactly_and_alone(client):
    mug = make_variant(title="Mug", barcode="4006381333931")
    make_variant(title=f"Holder for {mug.sku} and 4006381333931")
    assert found(client, "4006381333931") == ["Mug"]
    assert found(client, f" {mug.sku.lower()} ") == ["Mug"]


def test_a_variant_that_is_no_longer_sold_is_not_found_by_its_codes(client):
    mug = make_variant(title="Mug")
    Variant.objects.create(product=mug.product, option1="Old", sku="OLD-7", barcode="96385074", is_active=False)
    write_listings(Product.objects.all())
    assert [found(client, code) for code in ("OLD-7", "96385074", mug.sku)] == [[], [], ["Mug"]]


WRITTEN = [
    (
        "Mug Black/White",
        ["white", "black", "black/white", "Black / White", "BLACK-WHITE", "blackwhite", "whit", "black/wh"],
    ),
    ("Dr.Martens Polish", ["martens", "dr.martens", "Dr. Martens polish", "drmartens", "dr martens"]),
    ("Insole 42-315", ["42-315", "42 315", "42315", "315"]),
    ("Socks 38-40", ["38-40", "38–40", "38/40", "socks 38-40"]),
    ("Course node.js", ["node.js", "node", "nodejs", "Node.JS course"]),
    ("Bottle 1.5 l", ["1.5", "1,5", "1.5 l", "bottle 1,5 l"]),
    ("Children's T-shirt", ["children's", "children’s", "childrens", "children", "tshirt", "t-shirt", "T Shirt"]),
    ("Levi´s Straße Grüße", ["levis", "levi's", "levi’s", "strasse", "STRASSE", "straße", "grusse", "grüße"]),
    ("Smørrebrød œuf Łódź", ["smorrebrod", "smørrebrød", "oeuf", "lodz", "łódź"]),
    ("snake_case H&M Omega 3+", ["snake", "case", "snake_case", "h&m", "hm", "omega 3+", "omega-3"]),
    ("Kind\u00adle cof\u200bfee", ["kindle", "coffee", "kind\u00adle", "co\u200bffee"]),
    ("Йога-мат हिन्दी 한국어", ["йога", "йога-мат", "हिन्दी", "한국어"]),
]


@pytest.mark.parametrize(("title", "searches"), WRITTEN)
def test_indexed_text_and_searches_are_split_by_the_same_rule(client, title, searches):
    make_variant(title=title)
    make_variant(title="Plain thing 5 of 1")
    answers = {words: client.get("/search/", {"q": words}).context for words in searches}
    assert {words: [card.title for card in answer["page"].cards] for words, answer in answers.items()} == dict.fromkeys(
        searches, [title]
    )
    assert {answer["corrected"] for answer in answers.values()} == {""}


@pytest.mark.parametrize(
    ("sku", "searches"),
    [
        (
            "NOR.0707-60",
            ["nor.0707", "0707-60", "NOR070760", "nor.0707-60", "nor 0707 60", "NOR-0707.60", "nor0707", "NOR.07"],
        ),
        ("AB/12-X", ["AB/12", "ab12x", "12-x", "AB/12-X", "ab-12"]),
        ("X_9+A", ["x_9", "x9a", "9+a"]),
    ],
)
def test_an_item_number_is_found_by_its_parts_however_they_are_divided(client, sku, searches):
    mug = make_variant(title="Mug")
    Variant.objects.filter(pk=mug.pk).update(sku=sku)
    make_variant(title="Plate")
    write_listings(Product.objects.all())
    assert {words: found(client, words) for words in searches} == dict.fromkeys(searches, ["Mug"])
    assert {words: suggested(client, words) for words in searches} == dict.fromkeys(searches, ["Mug"])


@pytest.mark.parametrize(
    ("barcode", "searches"),
    [
        ("4006381333931", ["4 006381 333931", "4006381-333931", "4\u00a0006381\u2009333931", "04006381333931"]),
        ("0012345678905", ["012345678905", "0 12345 67890 5", "12345678905"]),
        ("012345678905", ["0012345678905", "00012345678905"]),
        ("96385074", ["9638 5074", "0000096385074"]),
    ],
)
def test_a_barcode_is_found_as_it_is_printed_and_with_or_without_leading_zeros(client, barcode, searches):
    make_variant(title="Mug", barcode=barcode)
    make_variant(title="Plate")
    assert {words: found(client, words) for words in searches} == dict.fromkeys(searches, ["Mug"])


@pytest.mark.parametrize("words", ["42-315", "1.5", "3840", "350m1", "№ 7"])
def test_digits_are_never_mended(client, words):
    make_variant(title="Teapot 316 350ml 42-316")
    answer = client.get("/search/", {"q": words})
    assert (answer.context["corrected"], "Did you mean" in text_of(answer)) == ("", False)


def test_a_typo_beside_a_number_is_corrected(client):
    make_variant(title="Teapot 42-315")
    assert client.get("/search/?q=taepot+42-315").context["corrected"] == "teapot 42 315"


def test_a_synonym_is_found_however_it_is_divided(client):
    make_variant(title="Cotton tee")
    Synonym.objects.create(words=["tee", "t shirt"])
    assert (found(client, "t-shirt"), found(client, "cotton T-Shirt")) == (["Cotton tee"], ["Cotton tee"])


def test_suggestions_take_punctuation_and_accents_as_searches_do(client):
    shelve(create_category("Möbel"), "Dr.Martens Polish")
    Page.objects.create(slug="delivery", title="Größen", body="<p>Fast</p>")
    assert suggested(client, "dr.mart") == ["Dr.Martens Polish"]
    context = client.get("/suggest/?q=mob").context["found"]
    assert [category.name for category in context.categories] == ["Möbel"]
    assert [page.title for page in client.get("/suggest/?q=grossen").context["found"].pages] == ["Größen"]


def test_listings_of_an_older_rule_are_found_by_the_new_words_after_refresh_search(client):
    make_variant(title="Mug Black/White")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE catalog_listing SET search = to_tsvector('mercer_en', title)")
    assert found(client, "white") == []
    call_command("refresh_search", "--all")
    assert found(client, "white") == ["Mug Black/White"]


def test_the_migration_rewrites_the_search_words_of_a_filled_shop(client):
    shelve(create_category("Salt/Pepper"), "Mug Black/White")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE catalog_listing SET search = to_tsvector('mercer_en', title)")
    SearchTerm.objects.create(word="black/white")
    import_module("catalog.migrations.0008_search_words").write_search_again(None, None)
    assert [found(client, words) for words in ("white", "pepper", Variant.objects.get().sku)] == [
        ["Mug Black/White"]
    ] * 3
    assert not SearchTerm.objects.filter(word="black/white").exists()


def test_the_page_of_nothing_found_helps_on(client):
    shelve(create_category("Chairs"), "Oak chair")
    page = client.get("/search/?q=zzzzzz")
    text = text_of(page)
    assert "Nothing was found for “zzzzzz”" in text
    assert "Popular right now" in text
    assert "Oak chair" in text
    assert links_of(page)["/c/chairs/"] == "Chairs"


def test_suggestions_are_products_categories_and_pages(client):
    shelve(create_category("Delight"), "Delicate dish")
    Page.objects.create(slug="delivery", title="Delivery", body="<p>Fast</p>")
    Product.objects.filter(pk=make_variant(title="Deluxe draft").product_id).update(status="draft")
    write_listings(Product.objects.all())
    context = client.get("/suggest/?q=del").context["found"]
    assert [row.title for row in context.listings] == ["Delicate dish"]
    assert [category.name for category in context.categories] == ["Delight"]
    assert [page.title for page in context.pages] == ["Delivery"]


def test_words_of_later_products_are_suggested_and_correct_typos(client):
    for title in ("Copper kettle", "Walnut spoon"):
        make_variant(title=title)
    assert "Walnut spoon" in text_of(client.get("/suggest/?q=waln"))
    assert found(client, "wallnut") == ["Walnut spoon"]
