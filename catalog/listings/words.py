"""Split text into words, with the same rules for indexing and for searching."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import chain

MAX_WORD_LENGTH = 100  # characters; PostgreSQL limits the length of lexemes
MIN_JOINED_DIGITS = 4  # `42-315` also matches 42315, but `1.5` does not match 15
Term = tuple[str, ...]  # words written without a space between them, like `black/white`

# Letters that Unicode does not decompose into a base letter and a mark, and characters used as apostrophes.
LETTERS = str.maketrans(
    {
        **dict(zip("øØłŁđĐðÐħĦŧŦı", "oollddddhhtti", strict=True)),
        **dict.fromkeys("æÆ", "ae"),
        **dict.fromkeys("œŒ", "oe"),
        **dict.fromkeys("þÞ", "th"),
        **dict.fromkeys("´`ʹʻʼʽˈ", "'"),
    }
)


class _Separators(dict[int, str | None]):
    """A table for str.translate that drops invisible characters and accents, and maps non-letters to separators."""

    def __missing__(self, point: int) -> str | None:
        character = chr(point)
        kind = unicodedata.category(character)
        replacement: str | None
        if kind == "Cf" or unicodedata.combining(character):
            replacement = None
        else:
            replacement = character if kind[0] in "LNM" else " " if character.isspace() else "\0"
        self[point] = replacement
        return replacement


SEPARATORS = _Separators()


def _cut(text: str) -> Iterator[Term]:
    plain = unicodedata.normalize("NFKD", text.translate(LETTERS)).casefold().translate(SEPARATORS)
    for piece in unicodedata.normalize("NFC", plain).split(" "):
        if words := tuple(word[:MAX_WORD_LENGTH] for word in piece.split("\0") if word):
            yield words


def terms_of(text: str) -> list[Term]:
    """Split the text into terms at spaces, and each term into words.

    Words are in lower case without accents: `Dr.Martens Straße` is `[("dr", "martens"), ("strasse",)]`.
    """
    return list(_cut(text))


def words_of(text: str) -> list[str]:
    """Split the text into words."""
    return list(chain.from_iterable(_cut(text)))


def joined(term: Term) -> str:
    """The term as one word (`tshirt`, `nor070760`); empty for single words and for short numbers."""
    word = "".join(term)[:MAX_WORD_LENGTH]
    is_specific = any(not part.isdigit() for part in term) or len(word) >= MIN_JOINED_DIGITS
    return word if len(term) > 1 and is_specific else ""


def indexed(*texts: str) -> str:
    """The words to index for these texts, separated by spaces: all words, then all joined terms."""
    terms = [term for text in texts for term in _cut(text)]
    return " ".join([*chain.from_iterable(terms), *filter(None, map(joined, terms))])


def vocabulary(texts: Iterable[str]) -> set[str]:
    """The words of the texts that completion and spelling correction may use: 3 to 40 characters, not only digits."""
    words = {word for text in texts for word in indexed(text).split()}
    return {word for word in words if 3 <= len(word) <= 40 and not re.fullmatch(r"\d+", word)}
