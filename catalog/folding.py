"""Lookups that ignore case and accents: `muller` matches `Müller`, `strasse` matches `Straße`.

They apply the database function `shop_fold` (shop/migrations) to both sides, so an index on that function can be used.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import CharField, Q, TextField
from django.db.models.lookups import Contains, PatternLookup, StartsWith

MIN_CODE = 4  # characters of a word with digits that few rows have


class Folded(PatternLookup):
    """Both sides without accents and in lower case."""

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return f"shop_fold({left}) LIKE shop_fold({right})", [*left_params, *right_params]


@CharField.register_lookup
@TextField.register_lookup
class ContainsFolded(Folded, Contains):
    """Contains, ignoring case and accents: `name__folds="muller"`."""

    lookup_name = "folds"


@CharField.register_lookup
@TextField.register_lookup
class ContainsFoldedToo(Folded, Contains):
    """Contains, ignoring case and accents, for rows that another condition finds: it uses no index."""

    lookup_name = "folds_too"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        sql, params = super().as_sql(compiler, connection)
        return sql.replace(" LIKE ", " || '' LIKE ", 1), params


@CharField.register_lookup
@TextField.register_lookup
class StartsFolded(Folded, StartsWith):
    """Starts with, ignoring case and accents: `name__folds_from="mu"`."""

    lookup_name = "folds_from"


def folded_words(name: str, words: Sequence[str]) -> Q:
    """The condition that the field has all of these words, in any order.

    Of words like `Table 500500`, only those with digits are looked up in the field's index of words. Few rows have
    them, and to find these in the long lists of rows that have the other words would take most of the time.
    """
    codes = _codes(words)
    return Q(*(Q(**{f"{name}__folds{'_too' if codes and word not in codes else ''}": word}) for word in words))


def folded_text(name: str, text: str) -> Q:
    """The condition that the field contains this text as a whole."""
    codes = _codes(text.split())
    if not codes or " " not in text:
        return Q(**{f"{name}__folds": text})
    return folded_words(name, list(codes)) & Q(**{f"{name}__folds_too": text})


def _codes(words: Iterable[str]) -> set[str]:
    return {word for word in words if len(word) >= MIN_CODE and any(map(str.isdigit, word))}
