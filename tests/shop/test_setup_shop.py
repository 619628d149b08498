"""A new shop is set up from a file or by questions, lists what is missing, and opens when it can sell."""

import io
from dataclasses import asdict
from decimal import Decimal
from unittest import mock

import pytest
from django.core.management import CommandError, call_command

from catalog.models import Location, Page, Store
from orders.models import CartLine, ClosingDay, Order, ShippingMethod, ShippingRate, TaxRate, TaxRegion
from orders.tax import MEMBER_STATES
from payments.cancellation import reopen
from shop import opening
from shop.embedded.state import ROOT
from shop.opening import is_open, missing_otherwise, missing_to_open
from shop.operations.health import beat_heart
from shop.setting_up import set_up
from shop.setting_up.answers import Seller, WrongAnswers, read_answers, starting_answers
from shop.setting_up.questions import Questions
from shop.setting_up.starting_values import PAGES, STARTING_TEXT, tax_rates
from tests.factories import make_cart, make_order, make_submission, make_user, make_variant

pytestmark = pytest.mark.django_db
STORE = '[store]\nname = "H"\nseller_name = "H"\nseller_address = "X"\ncontact_email = "a@hearth.shop"\n'
SELLER = Seller("Hearth", "Hearth GmbH", "Kraanlei 12\n10115 Berlin", "hello@hearth.shop")


@pytest.fixture
def closed(settings):
    """A production shop without any records."""
    settings.OPENS_WHEN_COMPLETE = True
    opening._OpenCache.open_until = 0.0
    yield
    opening._OpenCache.open_until = 0.0


def read_the_texts() -> None:
    for page in Page.objects.all():
        page.body = page.body.partition("</p>")[2]
        page.save()


def output_of(*arguments: str) -> str:
    output = io.StringIO()
    call_command("setup_shop", *arguments, stdout=output)
    return output.getvalue()


def test_a_fresh_shop_lacks_its_store_tax_delivery_and_legal_pages():
    sentences = [missing.sentence for missing in missing_to_open()]
    assert len(sentences) == 6
    assert (
        sentences[1]
        == "There is no tax rate for DE, the country of the shop: admin → Tax rates (0 if you charge none)."
    )
    assert sentences[3:] == [
        f"There is no page “{title}”: admin → Pages." for title in ("Imprint", "Terms of sale", "Privacy")
    ]


def test_setting_up_creates_everything_with_starting_values():
    set_up(starting_answers(SELLER))
    store = Store.objects.get()
    assert (store.name, store.seller_name, store.contact_email) == ("Hearth", "Hearth GmbH", "hello@hearth.shop")
    rates_at_home = TaxRate.objects.filter(country="DE", region="").values_list("tax_class", "percent")
    assert dict(rates_at_home) == {"standard": Decimal(19), "reduced": Decimal(7)}
    assert TaxRegion.objects.get(code="es-canaries").is_outside
    assert set(TaxRate.objects.filter(region="").values_list("country", flat=True)) == MEMBER_STATES - {"XI"}
    rates = {rate.zone.name: rate.price_minor for rate in ShippingRate.objects.select_related("zone")}
    assert rates == {"Germany": 490, "Other countries": 1490}
    assert ShippingMethod.objects.get(code="standard").free_from_minor == 6000
    assert set(Page.objects.values_list("section", "slug")) == {(page.section, page.slug) for page in PAGES}
    assert "Hearth GmbH" in Page.objects.get(slug="imprint").body
    assert Location.objects.get().name == "Warehouse"


def test_a_starting_text_keeps_the_shop_closed_until_somebody_has_read_it(closed):
    set_up(starting_answers(SELLER))
    assert [missing.sentence for missing in missing_to_open()] == [
        f"The page “{title}” still has its starting text. Read and change it: admin → Pages."
        for title in ("Imprint", "Terms of sale", "Privacy")
    ]
    assert not is_open()
    read_the_texts()
    assert missing_to_open() == []
    assert is_open()


def test_setting_up_again_changes_nothing_that_staff_changed():
    set_up(starting_answers(SELLER))
    Store.objects.update(tagline="Ours", contact_email="new@hearth.shop")
    TaxRate.objects.filter(country="DE").update(percent=16)
    ShippingMethod.objects.filter(code="standard").update(name="Parcel")
    ShippingRate.objects.update(price_minor=1)
    Page.objects.filter(slug="terms").update(body="<p>Ours.</p>")
    Location.objects.update(code="berlin", name="Berlin")
    ClosingDay.objects.filter(name="Christmas Day").delete()
    assert set_up(starting_answers(SELLER)) == []
    store = Store.objects.get()
    assert (store.tagline, store.contact_email) == ("Ours", "new@hearth.shop")
    assert TaxRate.objects.get(country="DE", tax_class="standard").percent == 16
    assert set(ShippingRate.objects.values_list("price_minor", flat=True)) == {1}
    assert Page.objects.get(slug="terms").body == "<p>Ours.</p>"
    assert Location.objects.get().name == "Berlin"
    assert not ClosingDay.objects.filter(name="Christmas Day").exists()


def test_what_staff_deleted_in_one_part_is_created_again_and_the_rest_stays():
    set_up(starting_answers(SELLER))
    Page.objects.filter(slug="care").delete()
    assert set_up(starting_answers(SELLER)) == ["Page: Care (a starting text: read and change it)."]


def test_starting_values_are_not_added_to_rates_and_methods_that_the_owner_chose(tmp_path):
    (tmp_path / "shop.toml").write_text(STORE)
    output_of("--from", str(ROOT / "docs/setup.example.toml"))
    assert set_up(read_answers(tmp_path / "shop.toml")) == []
    assert set(TaxRate.objects.values_list("country", flat=True)) == {"AT", "DE"}
    assert set(ShippingMethod.objects.values_list("code", flat=True)) == {"standard", "austria"}
    TaxRate.objects.filter(country="DE").delete()
    assert set_up(read_answers(tmp_path / "shop.toml")) == ["Tax: DE 19 % (reduced: 7 %)."]


def test_the_example_file_sets_up_a_shop_that_lacks_only_its_texts_and_a_mailbox(closed):
    new = output_of("--from", str(ROOT / "docs/setup.example.toml"))
    assert "Tax: AT 20 %, DE 19 %." in new or "Tax: DE 19 %, AT 20 %." in new
    assert "Delivery: International delivery to Austria." in new
    assert "Page: Imprint.\n" in new
    assert [missing.sentence.split("”")[0] for missing in missing_to_open()] == [
        "Nobody can get mail at hello@hearth.example, the contact e-mail: admin → Store.",
        "The page “Terms of sale",
        "The page “Privacy",
    ]


def test_the_two_methods_have_names_of_their_own():
    set_up(starting_answers(SELLER))
    assert list(ShippingMethod.objects.order_by("position").values_list("name", flat=True)) == [
        "Standard delivery",
        "International delivery",
    ]


def test_it_ends_with_what_each_further_market_still_needs(us_market):
    output = output_of("--from", str(ROOT / "docs/setup.example.toml"))
    assert output.rstrip().endswith(
        "Your further markets still need:\n- The market /us/ has no delivery method. Add one with rates in USD."
    )


def test_own_texts_come_from_files_and_replace_a_starting_text_but_no_text_of_staff(tmp_path):
    set_up(starting_answers(SELLER))
    Page.objects.filter(slug="privacy").update(body="<p>Staff's.</p>")
    (tmp_path / "terms.html").write_text("<p>Our terms.</p><script>alert(1)</script>")
    (tmp_path / "shop.toml").write_text(
        '[store]\nname = "H"\nseller_name = "H"\nseller_address = "X"\ncontact_email = "a@hearth.shop"\n'
        '[pages]\nterms = "terms.html"\nprivacy = "<p>From the file.</p>"\n'
    )
    assert set_up(read_answers(tmp_path / "shop.toml")) == ["Page: Terms of sale."]
    assert Page.objects.get(slug="terms").body == "<p>Our terms.</p>"
    assert Page.objects.get(slug="privacy").body == "<p>Staff's.</p>"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[store", "is not valid TOML"),
        ('[shop]\nname = "H"', "the file has shop, which is not known"),
        ('[store]\nname = "H"', "is missing seller_name, seller_address, contact_email."),
        (STORE + '[tax]\nDE = "19 %"', "'19 %' is not a percentage"),
        (STORE + "[tax]\nDE = 119", "'119' is not a percentage"),
        (
            STORE + '[[delivery]]\ncode = "a"\nname = "A"\ncountries = ["DE"]\nprice = "4.905"',
            "'4.905' is not an amount in EUR",
        ),
        (
            STORE + '[[delivery]]\ncode = "a"\nname = "A"\ncountries = ["US"]\nprice = "4.90"',
            "US is not in SHOP_COUNTRIES",
        ),
        (STORE + '[[delivery]]\ncode = "a"\nname = "A"\ncountries = ["DE"]', "number 1 is missing price."),
        (
            STORE + '[[delivery]]\ncode = "a"\nname = "A"\ncountries = ["DE"]\nprice = "1"\ndays = [3, 2]',
            "days must be two",
        ),
        (STORE + '[pages]\nhome = "x"', "[pages] has home, which is not known"),
        (STORE + '[pages]\nterms = "nowhere.html"', "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_meant_gets_one_sentence_and_sets_nothing_up(tmp_path, text, sentence):
    file = tmp_path / "shop.toml"
    file.write_text(text)
    with pytest.raises(CommandError) as caught:
        output_of("--from", str(file))
    assert sentence in str(caught.value)
    assert (Store.objects.count(), TaxRate.objects.count()) == (0, 0)


def test_a_country_without_starting_values_asks_for_its_tax(settings, tmp_path):
    settings.SHOP_COUNTRY = "US"
    with pytest.raises(WrongAnswers, match=r"There is no default tax rate for US. Enter it under \[tax\]"):
        starting_answers(SELLER)
    file = tmp_path / "shop.toml"
    file.write_text(STORE + '[tax]\nUS = "0"')
    assert read_answers(file).tax == {"US": Decimal(0)}


def test_a_seller_outside_the_union_charges_the_tax_of_home_only():
    assert tax_rates("CH", ("CH", "DE", "AT")) == {"CH": "8.1"}
    assert tax_rates("DE", ("DE", "AT", "CH")) == {"AT": "20", "DE": "19"}


def test_questions_are_asked_again_until_they_can_be_used():
    typed = iter(
        ["", "Hearth", "Hearth GmbH", "Kraanlei 12", "10115 Berlin", "", "hello", "hello@hearth.shop", "", ""]
        + ["nineteen", "16", "1,299", "3.50", "none", "", ""]
    )
    problems: list[str] = []
    answers = Questions(lambda _question: next(typed), problems.append).answers()
    assert answers.seller.seller_address == "Kraanlei 12\n10115 Berlin"
    assert (answers.tax["DE"], answers.tax["FR"]) == (Decimal(16), Decimal(20))
    assert [(way.price_minor, way.free_from_minor) for way in answers.delivery] == [(350, None), (1490, None)]
    assert problems == [
        "Please enter something. Customers see it.",
        "Address of the seller (several lines; end with an empty line):",
        "Enter a valid email address.",
        "[tax] DE: 'nineteen' is not a percentage. Enter one like \"19\".",
        "'1,299' is not an amount in EUR. Enter one like 4.90.",
    ]


def test_without_a_terminal_nobody_is_asked():
    with mock.patch("sys.stdin.isatty", return_value=False), pytest.raises(CommandError, match="with --from FILE"):
        output_of()


def test_the_check_lists_what_is_missing_and_exits_1_while_the_shop_is_closed(capsys):
    with pytest.raises(SystemExit) as caught:
        output_of("--check")
    assert caught.value.code == 1
    set_up(starting_answers(SELLER))
    read_the_texts()
    assert ClosingDay.objects.filter(name="Christmas Day", country="DE").exists()
    assert output_of("--check").startswith("\nThe shop is open.")
    make_user(is_staff=True, is_superuser=True)
    make_variant()
    assert [missing.sentence for missing in missing_otherwise()] == [
        "No worker runs, so no e-mail is sent and unpaid orders do not expire: start celery, as in docs/operations.md, Jobs."
    ]
    beat_heart()
    assert missing_otherwise() == []
    ClosingDay.objects.all().delete()
    assert [missing.sentence for missing in missing_otherwise()] == [
        "There are no closing days from today on, so deliveries are promised on public holidays: run manage.py seed_holidays DE."
    ]


@pytest.mark.parametrize(
    "path", ["/", "/search/?q=a", "/cart/", "/checkout/", "/help/care/", "/sitemap.xml", "/nowhere/"]
)
def test_a_closed_shop_shows_opening_soon(client, closed, path):
    answer = client.get(path)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "3600")
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "<h1>Opening soon</h1>" in answer.text
    assert '<meta name="robots" content="noindex">' in answer.text


def test_a_closed_shop_is_no_error_in_the_log(client, closed, caplog):
    client.get("/")
    assert [record.levelname for record in caplog.records if record.levelname != "INFO"] == []


def test_a_closed_shop_takes_no_form(client, closed):
    assert (
        client.post("/cart/add/", {"variant": make_variant().pk}, headers={"origin": "http://testserver"}).status_code
        == 503
    )


@pytest.mark.parametrize("what", ["again", "replace"])
def test_nothing_is_bought_in_a_closed_shop_by_way_of_an_older_order(client, closed, what):
    order = make_order()
    reopen(order)
    form = {**asdict(make_submission()), "cart_mark": "x", "total": "2890", "due": "2890"}
    client.cookies["cart"] = str(make_cart(make_variant()).token)
    assert client.post(f"{order.get_absolute_url()}{what}/", form).status_code == 503
    assert Order.objects.count() == 1
    assert (
        CartLine.objects.filter(cart__ordered_at=None).count() == 2
    )  # what came back of the order, and the other cart


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/healthz", 200),
        ("/readyz", 200),
        ("/account/login/", 200),
        ("/admin/", 302),
        ("/legal/imprint/", 404),
        ("/orders/find/", 200),
        ("/payments/webhook/", 405),
        ("/robots.txt", 200),
        ("/static/css/soon.css", 200),
    ],
)
def test_what_runs_a_closed_shop_works(client, closed, path, status):
    answer = client.get(path)
    answer.close()
    assert answer.status_code == status


def test_staff_see_the_closed_shop_and_what_it_lacks(client, closed):
    client.force_login(make_user(is_staff=True))
    answer = client.get("/")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "private, no-store")
    assert "Only staff can see the shop" in answer.text
    assert "There is no tax rate for DE" in client.get("/staff/opening/").text
    client.force_login(make_user())
    assert client.get("/").status_code == 503
    assert client.get("/staff/opening/").status_code == 302


def test_a_market_of_its_own_is_closed_too(client, closed, us_market):
    assert client.get("/us/").status_code == 503


def test_an_open_shop_is_asked_about_once_a_minute(client, closed, django_assert_num_queries):
    set_up(starting_answers(SELLER))
    read_the_texts()
    assert is_open()
    with django_assert_num_queries(0):
        assert is_open()
    assert client.get("/").status_code == 200
    assert "Only staff" not in client.get("/").text


def test_the_legal_pages_that_somebody_wrote_are_linked_from_the_closed_shop(client, closed):
    set_up(starting_answers(SELLER))
    Page.objects.filter(slug="imprint").update(body="<p>Ours.</p>")
    text = client.get("/").text
    assert "/legal/imprint/" in text
    assert "/legal/terms/" not in text
    assert STARTING_TEXT not in text


def test_tests_and_the_demo_are_open(settings):
    assert not settings.OPENS_WHEN_COMPLETE
    assert is_open()
