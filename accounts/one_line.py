"""Clean single lines of text, such as names and streets, for printed labels."""

import re
import unicodedata
from typing import Any

from django import forms

# Cf: format characters (zero width, direction marks, soft hyphen, byte order mark), Cs: lone surrogates,
# Co: private use, Cc: control characters.
INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co"})
# Invisible characters in the categories of letters and marks: fillers, the grapheme joiner, the blank Braille pattern.
INVISIBLE_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
# Invisible, but needed within Persian and Hindi words and many emoji.
JOINERS = frozenset("\u200c\u200d")
FIRST_JOINED = "\u0590"  # Latin, Greek and Cyrillic letters are never joined


def one_line(text: str) -> str:
    """Normalize the text to NFC, remove invisible characters, and reduce whitespace to single spaces."""
    text = "".join(
        character for index, character in enumerate(text) if not _is_invisible(character) or _joins(text, index)
    )
    return unicodedata.normalize("NFC", re.sub(r"\s+", " ", text).strip())


def _is_invisible(character: str) -> bool:
    if character.isspace():
        return False
    return unicodedata.category(character) in INVISIBLE_CATEGORIES or character in INVISIBLE_LETTERS


def _joins(text: str, index: int) -> bool:
    """Whether the character is a joiner between two characters of a script that uses joiners."""
    if text[index] not in JOINERS or not 0 < index < len(text) - 1:
        return False
    neighbours = (text[index - 1], text[index + 1])
    return all(
        character >= FIRST_JOINED and not character.isspace() and not _is_invisible(character)
        for character in neighbours
    )


class OneLineField(forms.CharField):
    """A form field for one line of text. Its length and presence are validated after cleaning."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return one_line(text) if text not in self.empty_values else text
