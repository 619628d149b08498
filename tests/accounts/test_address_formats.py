"""Addresses as each country writes them: parts, names, postcodes, states and printed labels."""

import pytest
from babel import Locale

from accounts.address_formats import address_format


@pytest.mark.parametrize(
    ("country", "written", "stored"),
    [
        ("DE", "D-10115", "10115"),
        ("DE", "de 10115", "10115"),
        ("BE", "B-9000", "9000"),
        ("AT", "A\u20111010", "1010"),
        ("CH", "CH-8001", "8001"),
        ("LU", "L-2449", "2449"),
        ("FI", "FIN-00550", "00550"),
        ("PT", "1100 148", "1100-148"),
        ("PT", "1100148", "1100-148"),
        ("SE", "SE-11122", "111 22"),
        ("NL", "1012ab", "1012 AB"),
        ("PL", "00950", "00-950"),
        ("LV", "1010", "LV-1010"),
        ("GB", "sw1a1aa", "SW1A 1AA"),
        ("GB", " s\u200bw1a  1aa\u200e ", "SW1A 1AA"),
        ("GB", "m2 5bq", "M2 5BQ"),
        ("GB", "bfpo61", "BFPO 61"),
        ("IE", "d02x285", "D02 X285"),
        ("IE", "D6W XY00", "D6W XY00"),
        ("US", "90210", "90210"),
        ("US", "90210 1234", "90210-1234"),
        ("US", "902101234", "90210-1234"),
        ("CA", "h3z2y7", "H3Z 2Y7"),
        ("JP", "〒154-0023".removeprefix("〒"), "154-0023"),
        ("QA", "12345", ""),
    ],
)
def test_a_postcode_has_one_stored_form(country, written, stored):
    assert address_format(country).postcode(written) == stored
    assert address_format(country).postcode(stored) == stored


@pytest.mark.parametrize(
    ("country", "postcode"),
    [
        ("US", "12"),
        ("US", "SW1A 1AA"),
        ("IE", "12345"),
        ("DE", "1010"),
        ("BE", "A-1010"),
        ("GB", "10115"),
        ("NL", "0123 AB"),
    ],
)
def test_a_postcode_of_another_country_is_refused(country, postcode):
    with pytest.raises(ValueError, match="not a postcode"):
        address_format(country).postcode(postcode)


def test_every_country_takes_its_own_examples():
    for country in Locale("en").territories:
        if len(country) == 2 and country.isalpha():
            form = address_format(country)
            for example in form.postcode_examples if "postcode" in form.parts else ():
                assert form.postcode(form.postcode(example.strip())), (country, example)
            for code, name in form.state_choices:
                assert form.state(code) == form.state(name) == code, (country, code)


@pytest.mark.parametrize(
    ("country", "rows", "required"),
    [
        ("DE", (("postcode", "city"),), {"line1", "postcode", "city"}),
        ("US", (("city", "state", "postcode"),), {"line1", "city", "state", "postcode"}),
        ("GB", (("city",), ("postcode",)), {"line1", "city", "postcode"}),
        ("IE", (("city",), ("state",), ("postcode",)), {"line1", "city"}),
        ("QA", (("city",),), {"line1", "city"}),
        ("HK", (("city",), ("state",)), {"line1", "state"}),
        ("AE", (("city",), ("state",)), {"line1", "state"}),
        ("IT", (("postcode", "city", "state"),), {"line1", "postcode", "city", "state"}),
        ("XX", (("city",),), {"line1", "city"}),
    ],
)
def test_a_country_says_which_parts_its_addresses_have(country, rows, required):
    form = address_format(country)
    assert (form.rows, form.required) == (rows, required)


@pytest.mark.parametrize(
    ("country", "state", "postcode", "city"),
    [
        ("US", "State", "ZIP code", "City"),
        ("CA", "Province", "Postal code", "City"),
        ("IE", "County", "Eircode", "Town or city"),
        ("AE", "Emirate", "Postcode", "Town or city"),
        ("IN", "State", "PIN code", "Town or city"),
        ("DE", "Province", "Postcode", "Town or city"),
        ("HK", "Area", "Postcode", "District"),
    ],
)
def test_labels_of_address_parts_follow_the_country(country, state, postcode, city):
    labels = address_format(country).labels
    assert (labels["state"], labels["postcode"], labels["city"]) == (state, postcode, city)


@pytest.mark.parametrize(
    ("country", "written", "stored"),
    [
        ("US", "oregon", "OR"),
        ("US", "or", "OR"),
        ("US", "AE", "AE"),
        ("US", "Armed Forces (AP)", "AP"),
        ("AE", "دبي", "Dubai"),
        ("JP", "東京都", "Tokyo"),
        ("ES", "M", "Madrid"),
        ("IT", "Milano", "MI"),
        ("IE", "co. dublin", "Co. Dublin"),
        ("DE", "Bayern", ""),
    ],
)
def test_a_state_is_stored_as_a_label_prints_it(country, written, stored):
    assert address_format(country).state(written) == stored


def test_a_state_that_the_country_does_not_have_is_refused():
    with pytest.raises(ValueError, match="not a state"):
        address_format("US").state("Bavaria")


def test_a_postcode_can_determine_the_state():
    assert address_format("US").state_of("97205") == "OR"
    assert address_format("US").state_of("09012") == "AE"
    assert address_format("ES").state_of("28013") == "Madrid"
    assert address_format("IE").state_of("D02 X285") == ""


def test_a_zip_code_of_another_state_is_a_contradiction():
    form = address_format("US")
    assert form.is_contradiction("ME", "97205")
    assert not form.is_contradiction("OR", "97205-1234")
    assert not form.is_contradiction("NY", "06390")  # Fishers Island, among Connecticut's


@pytest.mark.parametrize(
    ("country", "parts", "lines"),
    [
        (
            "DE",
            {"line1": "Torstr. 1", "line2": "Hof 2", "postcode": "10115", "city": "Berlin"},
            ["Anna Peeters", "Loom GmbH", "Torstr. 1", "Hof 2", "10115 Berlin"],
        ),
        (
            "BE",
            {"line1": "Kraanlei 12", "postcode": "9000", "city": "Gent"},
            ["Loom GmbH", "Anna Peeters", "Kraanlei 12", "9000 Gent"],
        ),
        (
            "US",
            {"line1": "418 Maple St", "postcode": "97205", "city": "Portland", "state": "OR"},
            ["Anna Peeters", "Loom GmbH", "418 Maple St", "Portland, OR 97205"],
        ),
        (
            "US",
            {"line1": "PSC 3 Box 12", "postcode": "09012", "city": "APO", "state": "AE"},
            ["Anna Peeters", "Loom GmbH", "PSC 3 Box 12", "APO, AE 09012"],
        ),
        (
            "GB",
            {"line1": "1 The Mall", "postcode": "SW1A 1AA", "city": "London"},
            ["Anna Peeters", "Loom GmbH", "1 The Mall", "London", "SW1A 1AA"],
        ),
        (
            "JP",
            {"line1": "1-2-3 Sakura", "postcode": "154-0023", "city": "Setagaya", "state": "Tokyo"},
            ["Anna Peeters", "Loom GmbH", "1-2-3 Sakura", "Setagaya, Tokyo", "154-0023"],
        ),
        (
            "LU",
            {"line1": "2 rue Beck", "postcode": "2449", "city": "Luxembourg"},
            ["Loom GmbH", "Anna Peeters", "2 rue Beck", "2449 Luxembourg"],
        ),
        ("QA", {"line1": "Street 8", "city": "Doha"}, ["Anna Peeters", "Loom GmbH", "Street 8", "Doha"]),
    ],
)
def test_a_label_is_printed_as_the_country_writes_it(country, parts, lines):
    assert address_format(country).printed({"name": "Anna Peeters", "company": "Loom GmbH", **parts}) == lines


def test_an_address_from_before_states_prints_without_stray_commas():
    parts = {"name": "Maya", "line1": "418 Maple St", "postcode": "97205", "city": "Portland"}
    assert address_format("US").printed(parts) == ["Maya", "418 Maple St", "Portland 97205"]


def test_parts_that_the_format_of_the_country_lacks_are_printed_too():
    parts = {"name": "Maya", "line1": "Street 8", "postcode": "12345", "city": "Doha", "state": "Al Rayyan"}
    assert address_format("QA").printed(parts) == ["Maya", "Street 8", "Doha", "12345 Al Rayyan"]
