"""How text is cut into words: one rule for what is indexed and for what is asked for."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import chain

MAX_WORD_LENGTH = 100  # characters; an index of the database holds no more than some hundred
MIN_JOINED_DIGITS = 4  # `42-315` is also looked for as 42315; `1.5` is not looked for as 15
Term = tuple[str, ...]  # the words of what was written without a blank: `black/white`

# Letters that Unicode does not take apart into a letter and its mark, and quotes that do.
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
    """For str.translate: what cannot be seen goes, marks above and below letters go, what is no letter divides."""

    def __missing__(self, point: int) -> str | None:
        character = chr(point)
        kind = unicodedata.category(character)
        found: str | None
        if kind == "Cf" or unicodedata.combining(character):
            found = None
        else:
            found = character if kind[0] in "LNM" else " " if character.isspace() else "\0"
        self[point] = found
        return found


SEPARATORS = _Separators()


def _cut(text: str) -> Iterator[Term]:
    plain = unicodedata.normalize("NFKD", text.translate(LETTERS)).casefold().translate(SEPARATORS)
    for piece in unicodedata.normalize("NFC", plain).split(" "):
        if words := tuple(word[:MAX_WORD_LENGTH] for word in piece.split("\0") if word):
            yield words


def terms_of(text: str) -> list[Term]:
    """The text as terms, each the words that were written without a blank between them.

    Words are in small letters without accents: `Dr.Martens Straße` is `[("dr", "martens"), ("strasse",)]`.
    """
    return list(_cut(text))


def words_of(text: str) -> list[str]:
    """The words of the text one by one."""
    return list(chain.from_iterable(_cut(text)))


def joined(term: Term) -> str:
    """The term as one word, as people also write it (`tshirt`, `nor070760`); empty where that would say little."""
    whole = "".join(term)[:MAX_WORD_LENGTH]
    says_something = any(not word.isdigit() for word in term) or len(whole) >= MIN_JOINED_DIGITS
    return whole if len(term) > 1 and says_something else ""


def indexed(*texts: str) -> str:
    """The words that an index keeps of the texts, with blanks between them: each word, then each joined term."""
    terms = [term for text in texts for term in _cut(text)]
    return " ".join([*chain.from_iterable(terms), *filter(None, map(joined, terms))])


def vocabulary(texts: Iterable[str]) -> set[str]:
    """The words of the texts that may complete or mend a word of a search: long enough, and more than a number."""
    found = {word for text in texts for word in indexed(text).split()}
    return {word for word in found if 3 <= len(word) <= 40 and not re.fullmatch(r"\d+", word)}
