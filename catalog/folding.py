"""Text compared without case and accents: `muller` is in `Müller`, `strasse` in `Straße`.

The database's function `shop_fold` (shop/migrations) does it on both sides, so that an index over it can be used.
"""

from typing import Any

from django.db.models import CharField, TextField
from django.db.models.lookups import Contains


@CharField.register_lookup
@TextField.register_lookup
class ContainsFolded(Contains):
    """`name__folds="muller"`."""

    lookup_name = "folds"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return f"shop_fold({left}) LIKE shop_fold({right})", [*left_params, *right_params]
