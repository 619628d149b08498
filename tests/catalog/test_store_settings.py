"""The shop's face: logo, icon, colours and an announcement for a time."""

import io
import re
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from catalog.clock import as_of
from catalog.markets import all_markets, default_market
from catalog.models import Store, StoreText
from catalog.store_colours import DEFAULTS, SCHEMES, button_ink, colour_problem, contrast
from catalog.store_texts import store_in
from orders.emails import send_confirmation
from shop.embedded.state import ROOT
from shop.models import Mail
from tests.factories import make_order, make_variant
from tests.reading import find, find_all, form_of, text_of

PAGE = "/admin/catalog/store/1/change/"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def store(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return Store.objects.create(pk=1, name="Loom", announcement="Closed on Monday")


def picture(width: int = 800, height: int = 200, file_format: str = "PNG") -> SimpleUploadedFile:
    buffer = io.BytesIO()
    Image.new("RGBA", (width, height), "#96431f80").convert("RGB" if file_format == "JPEG" else "RGBA").save(
        buffer, file_format
    )
    return SimpleUploadedFile("my logo.svg", buffer.getvalue(), content_type="image/svg+xml")


def save(client, **changes):
    fields = {**form_of(client.get(PAGE), id="store_form"), "dispatch_days": ["0", "1"], **changes}
    return client.post(PAGE, {name: value for name, value in fields.items() if value is not None})


def test_a_logo_is_stored_as_a_small_png_and_shown_in_header_and_mails(admin_client, client):
    assert save(admin_client, logo=picture()).status_code == 302
    store = Store.objects.get()
    assert re.fullmatch(r"store/[0-9a-f]{32}\.png", store.logo.name)
    assert (store.logo_width, store.logo_height) == (640, 160)
    shown = find(find(client.get("/cart/"), "a", class_="logo"), "img").attributes
    assert (shown["src"], shown["alt"], shown["width"]) == (store.logo.url, "Loom", "640")
    file = client.get(store.logo.url)
    assert (file.headers["Content-Type"], file.getvalue()[1:4]) == ("image/png", b"PNG")
    send_confirmation(make_order(make_variant()))
    message = message_from_bytes(Mail.objects.get().body.encode(), policy=policy.default)
    html = message.get_body(("html",)).get_content()
    logo = find(html, "img", alt="Loom").attributes
    assert logo["src"].startswith("http")
    assert logo["src"].endswith(store.logo.url)
    assert (logo["width"], logo["height"]) == ("176", "44")


def test_a_file_that_is_no_picture_is_refused_and_what_was_typed_is_kept(admin_client):
    svg = SimpleUploadedFile("logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    answer = save(admin_client, logo=svg, tagline="Woven")
    assert "The file is not a JPEG, PNG or WebP picture." in text_of(answer)
    assert find(answer, "input", name="tagline").attributes["value"] == "Woven"
    assert not Store.objects.get().logo


def test_the_icon_of_the_shop_is_the_one_in_the_browsers_tab(admin_client, client):
    assert "The icon must be square. This picture is 256 × 64 pixels." in text_of(save(admin_client, icon=picture()))
    assert save(admin_client, icon=picture(300, 300, "JPEG")).status_code == 302
    icon = Store.objects.get().icon
    assert find(client.get("/cart/"), "link", rel="icon").attributes["href"] == icon.url
    assert client.get("/favicon.ico").url == icon.url


def test_without_a_logo_the_name_is_shown(client):
    page = client.get("/cart/")
    assert find(page, "a", class_="logo").text == "Loom"
    assert not find_all(find(page, "a", class_="logo"), "img")


def test_colours_are_checked_for_contrast(admin_client, client):
    answer = text_of(save(admin_client, accent_light="#d9a596", button_light="blue"))
    assert "Links in this colour are hard to read on the light background: the contrast is 1.8" in answer
    assert "Enter a colour like #aabbcc." in answer
    assert save(admin_client, accent_light="#1c4fd6", button_light="#ffd54a").status_code == 302
    sheet = client.get("/swatches.css").content.decode()
    assert "--accent:light-dark(#1c4fd6,#eda07a);" in sheet
    assert "--btn:light-dark(#ffd54a,#f3ede4);--btn-ink:light-dark(#161412,#161412);" in sheet


def test_the_default_colours_are_those_of_the_style_sheet_and_readable():
    sheet = (ROOT / "static/css/shop.css").read_text()
    tokens = {name: pair.split(", ") for name, pair in re.findall(r"--([\w-]+): light-dark\((.+?)\);", sheet)}
    assert tokens["accent"] == [DEFAULTS["accent_light"], DEFAULTS["accent_dark"]]
    assert tokens["btn"] == [DEFAULTS["button_light"], DEFAULTS["button_dark"]]
    for number, scheme in enumerate(("light", "dark")):
        backgrounds = [tokens[name][number] for name in ("surface", "paper", "sunken")]
        assert [colour.replace("#fff", "#ffffff") if len(colour) == 4 else colour for colour in backgrounds] == list(
            SCHEMES[scheme].backgrounds
        )
        assert button_ink(DEFAULTS[f"button_{scheme}"], scheme) == tokens["btn-ink"][number]
    assert [colour_problem(name, colour) for name, colour in DEFAULTS.items()] == [""] * 4


def test_the_contrast_of_two_colours_is_the_one_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


def test_an_announcement_is_shown_for_its_time_in_each_market(us_market):
    now = timezone.now()
    Store.objects.update(announcement_from=now + timedelta(days=1), announcement_until=now + timedelta(days=2))
    american = all_markets()["us"]
    StoreText.objects.create(store_id=1, market="us", announcement="Sale", announcement_until=now + timedelta(days=1))
    shown = []
    for days in (0, 1.5, 3):
        with as_of(now + timedelta(days=days)):
            shown.append((store_in(default_market()).announcement, store_in(american).announcement))
    assert shown == [("", "Sale"), ("Closed on Monday", "Closed on Monday"), ("", "")]


def test_an_announcement_must_end_after_it_begins(admin_client):
    answer = save(admin_client, announcement_from="2026-12-02T10:00", announcement_until="2026-12-01T10:00")
    assert "“Shown until” must be after “shown from”." in text_of(answer)


def test_the_second_of_two_who_change_a_setting_is_told_what_the_first_wrote(admin_client):
    fields = {**form_of(admin_client.get(PAGE), id="store_form"), "dispatch_days": ["0", "1"]}
    Store.objects.update(name="Reef", tagline="Deep")
    answer = text_of(admin_client.post(PAGE, {**fields, "name": "Looms"}))
    assert "Name was changed to “Reef” while this page was open." in answer
    assert (Store.objects.get().name, Store.objects.get().tagline) == ("Reef", "Deep")
