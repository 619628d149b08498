"""One line of text as a label prints it: names, streets, codes, numbers."""

import re
import unicodedata
from typing import Any

from django import forms

# Cf: format characters (zero width, direction marks, soft hyphen, byte order mark), Cs: lone surrogates,
# Co: private use, Cc: control characters.
UNSEEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co"})
# Letters and marks by category that nobody can see: fillers, the grapheme joiner, the blank Braille pattern.
UNSEEN_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
# Not seen themselves, but Persian and Hindi words and many emoji are written with them.
JOINERS = frozenset("\u200c\u200d")
FIRST_JOINED = "\u0590"  # Latin, Greek and Cyrillic letters are never joined


def one_line(text: str) -> str:
    """Return the text in NFC without what cannot be seen, trimmed, with single spaces."""
    text = "".join(sign for index, sign in enumerate(text) if not _is_unseen(sign) or _joins(text, index))
    return unicodedata.normalize("NFC", re.sub(r"\s+", " ", text).strip())


def _is_unseen(sign: str) -> bool:
    if sign.isspace():
        return False
    return unicodedata.category(sign) in UNSEEN_CATEGORIES or sign in UNSEEN_LETTERS


def _joins(text: str, index: int) -> bool:
    """Whether the character is a joiner between two characters that are written joined."""
    if text[index] not in JOINERS or not 0 < index < len(text) - 1:
        return False
    before, after = text[index - 1], text[index + 1]
    return all(sign >= FIRST_JOINED and not sign.isspace() and not _is_unseen(sign) for sign in (before, after))


class OneLineField(forms.CharField):
    """A form field for one line of text; its length and presence are checked after cleaning."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return one_line(text) if text not in self.empty_values else text
