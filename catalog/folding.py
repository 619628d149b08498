"""Lookups that ignore case and accents: `muller` matches `Müller`, `strasse` matches `Straße`.

They apply the database function `shop_fold` (shop/migrations) to both sides, so an index on that function can be used.
"""

import re
from collections.abc import Sequence
from typing import Any

from django.db.models import CharField, Q, TextField
from django.db.models.lookups import Contains, PatternLookup, StartsWith

MIN_CODE = 4  # characters of a part with digits that few rows have
PARTS = re.compile(r"[^\W_]+")


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

    Of words like `Table MADE-500500-1`, only the part with digits is looked up in the field's index of words. Few rows
    have it, and to find these in the long lists of rows that have the rest would take most of the time.
    """
    codes = [code for word in words if (code := _code_in(word))]
    return Q(
        *(Q(**{f"{name}__folds": code}) for code in codes),
        *(Q(**{f"{name}__folds{'_too' if codes else ''}": word}) for word in words if word not in codes),
    )


def folded_text(name: str, text: str) -> Q:
    """The condition that the field contains this text as a whole."""
    codes = [code for word in text.split() if (code := _code_in(word))]
    if not codes:
        return Q(**{f"{name}__folds": text})
    return folded_words(name, codes) & Q(**{f"{name}__folds_too": text})


def _code_in(word: str) -> str:
    """The longest part of a word, of letters and digits, that has a digit and that few rows have; or an empty text."""
    parts = [part for part in PARTS.findall(word) if len(part) >= MIN_CODE and any(map(str.isdigit, part))]
    return max(parts, key=len, default="")
