"""Helpers for tests of malformed input."""

SEED = 20_261_001


def assert_one_sentence(error: Exception) -> None:
    text = str(error)
    assert text.endswith(".")
    assert ". " not in text
    assert "\n" not in text
    assert len(text) < 300
