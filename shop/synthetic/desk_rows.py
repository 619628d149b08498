"""Rows for the lists of the desk that products and orders do not fill: customers, codes, reviews, deliveries, history.

They are made up by the database itself. Their values are plausible enough to be listed, filtered and searched, but
nothing else: a gift card has no movement, and a delivery has moved no stock.
"""

from django.db import connection, transaction
from django.db.models import DateTimeField, Model

from accounts.models import Staff, User
from catalog.models import (
    Location,
    ProductImage,
)
from shop.synthetic.desk_lists import fillings
from shop.synthetic.desk_values import FEW, MOMENT, SERIES, Filling
from shop.synthetic.loading import indexes_built_last, insert, set_sequence, without_row_triggers

# After pictures were made up.
HAVE_PICTURES = """
UPDATE catalog_product SET missing = array_remove(missing, 'picture')
WHERE 'picture' = ANY (missing) AND id IN (SELECT product_id FROM catalog_productimage)
"""
WORTH_IT = 20_000  # rows from which indexes are built afterwards


def _moments(model: type[Model]) -> dict[str, str]:
    """The required times of the model, a minute earlier for each row."""
    return {
        field.column: MOMENT
        for field in model._meta.concrete_fields
        if isinstance(field, DateTimeField) and not field.null
    }


def fill_desk(orders: int) -> dict[str, int]:
    """Fill all other lists as a shop with so many orders has them; return the number of rows of each table.

    Each table is filled in one transaction, so that a run that was interrupted continues with the next one.
    """
    staff = Staff.objects.filter(is_staff=True).first() or User.objects.create_superuser("owner@example.com")
    for number in (1, 2):
        Location.objects.get_or_create(code=f"made-{number}", defaults={"name": f"Made-up place {number}"})
    written = {}
    for position in range(len(fillings(staff.pk))):
        filling = fillings(staff.pk)[position]  # read again, because it counts the rows of those before it
        table = filling.model._meta.db_table
        rows = filling.rows(orders)
        if _is_filled(filling, rows):
            continue
        with transaction.atomic(), indexes_built_last([table], is_worth_it=rows > WORTH_IT):
            without_row_triggers()
            columns = {**_moments(filling.model), **filling.columns}
            written[table] = insert(filling.model, filling.source.format(rows=rows), **columns)
        set_sequence(table)
        with connection.cursor() as cursor:
            if filling.model is ProductImage:
                cursor.execute(HAVE_PICTURES)
                cursor.execute("VACUUM ANALYZE catalog_product")
            cursor.execute(f'VACUUM ANALYZE "{table}"')
    return written


def _is_filled(filling: Filling, rows: int) -> bool:
    """Whether an earlier run has filled the table. Lines of documents are filled with three for each document."""
    least = rows if filling.source == SERIES else 3 * FEW
    return filling.model._base_manager.order_by()[:least].count() >= least
