"""A lookup that ignores case and accents: `muller` matches `Müller`, `strasse` matches `Straße`.

It applies the database function `shop_fold` (shop/migrations) to both sides, so an index on that function can be used.
"""

from typing import Any

from django.db.models import CharField, TextField
from django.db.models.lookups import Contains


@CharField.register_lookup
@TextField.register_lookup
class ContainsFolded(Contains):
    """Contains, ignoring case and accents: `name__folds="muller"`."""

    lookup_name = "folds"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return f"shop_fold({left}) LIKE shop_fold({right})", [*left_params, *right_params]
