"""Lookups that ignore case and accents: `muller` matches `Müller`, `strasse` matches `Straße`.

They apply the database function `shop_fold` (shop/migrations) to both sides, so an index on that function can be used.
"""

from typing import Any

from django.db.models import CharField, TextField
from django.db.models.lookups import Contains, PatternLookup, StartsWith


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
class StartsFolded(Folded, StartsWith):
    """Starts with, ignoring case and accents: `name__folds_from="mu"`."""

    lookup_name = "folds_from"
