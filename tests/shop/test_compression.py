"""Public text is compressed; a page of one person, pictures and parts of files are not."""

import gzip

import pytest
from django.contrib.staticfiles import finders

from tests.factories import make_user, make_variant

ACCEPTS = {"Accept-Encoding": "gzip, deflate, br"}


def encoding_of(client, path: str, **headers: str) -> str:
    answer = client.get(path, headers={**ACCEPTS, **headers})
    assert answer.getvalue()
    return answer.headers.get("Content-Encoding", "")


@pytest.mark.django_db
def test_public_pages_are_compressed_and_say_that_they_vary(client):
    make_variant()
    answer = client.get("/", headers=ACCEPTS)
    assert (answer.headers["Content-Encoding"], answer.headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert gzip.decompress(answer.content).lstrip().startswith(b"<!doctype html>")
    assert "Content-Encoding" not in client.get("/").headers


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/cart/", "/account/login/", "/orders/find/"])
def test_a_page_of_one_person_is_not_compressed(client, path):
    assert encoding_of(client, path) == ""


@pytest.mark.django_db
def test_the_page_with_the_second_factors_secret_is_not_compressed(client):
    client.force_login(make_user())
    answer = client.get("/account/", headers=ACCEPTS)
    assert "Content-Encoding" not in answer.headers


@pytest.mark.django_db
def test_style_sheets_and_scripts_are_compressed_and_fonts_are_not(client):
    sheet = client.get("/static/css/shop.css", headers=ACCEPTS)
    assert sheet.headers["Content-Encoding"] == "gzip"
    with open(finders.find("css/shop.css"), "rb") as file:
        assert gzip.decompress(sheet.getvalue()) == file.read()
    assert encoding_of(client, "/static/js/shop.js") == "gzip"
    assert encoding_of(client, "/static/fonts/figtree.woff2") == ""


@pytest.mark.django_db
def test_a_part_of_a_file_is_sent_as_it_is(client):
    answer = client.get("/static/css/shop.css", headers={**ACCEPTS, "Range": "bytes=0-9"})
    assert (answer.status_code, answer.headers.get("Content-Encoding"), len(answer.getvalue())) == (206, None, 10)
