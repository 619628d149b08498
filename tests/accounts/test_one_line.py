"""Single-line text: invisible characters are removed, printable ones are kept."""

import pytest

from accounts.one_line import OneLineField, one_line


@pytest.mark.parametrize(
    "unseen",
    [
        "\u200b",
        "\u200e",
        "\u200f",
        "\u00ad",
        "\ufeff",
        "\u202a",
        "\u202e",
        "\u2066",
        "\u2060",
        "\u3164",
        "\u034f",
        "\x07",
    ],
    ids=lambda sign: f"U+{ord(sign):04X}",
)
def test_characters_that_cannot_be_seen_are_left_out(unseen):
    assert one_line(f"{unseen}Anna{unseen} Pee{unseen}ters{unseen}") == "Anna Peeters"


@pytest.mark.parametrize(
    "text", ["علی\u200cرضا", "क्\u200dष", "👩\u200d🍳", "❤\ufe0f\u200d🔥"], ids=["persian", "hindi", "cook", "heart"]
)
def test_joiners_stay_where_they_join(text):
    assert one_line(text) == text


@pytest.mark.parametrize("text", ["An\u200dna", "\u200dAnna", "Anna\u200c", "Anna \u200d"])
def test_joiners_go_where_nothing_is_joined(text):
    assert one_line(text) == "Anna"


def test_spaces_of_all_kinds_are_one_space():
    assert one_line("\u00a0Anna\u2028\t\u3000Peeters\u0085") == "Anna Peeters"


def test_accents_are_composed():
    assert one_line("Muelheim Scho\u0308n") == "Muelheim Schön"


def test_a_field_that_only_holds_unseen_characters_is_empty():
    field = OneLineField(error_messages={"required": "Enter a name"})
    with pytest.raises(Exception, match="Enter a name"):
        field.clean("\u200b\u200e \ufeff")


def test_length_counts_after_cleaning():
    assert OneLineField(max_length=4).clean("\u200bA\u200bn\u200bn\u200ba") == "Anna"
