"""No row of any table has a period that ends before it could begin."""

import importlib
from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib.postgres.fields import RangeField
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from psycopg.types.range import TimestamptzRange

from catalog.models import Listing, Price
from orders.models import Promotion, TaxRate
from tests.factories import make_listed_variants, make_promotion, make_tax

pytestmark = pytest.mark.django_db
RANGES = {
    (model._meta.db_table, field.column)
    for model in apps.get_models()
    for field in model._meta.concrete_fields
    if isinstance(field, RangeField)
}


def checks() -> dict[str, set[str]]:
    """The conditions of the CHECK constraints in the database, by table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'c'"
        )
        found: dict[str, set[str]] = {}
        for table, condition in cursor.fetchall():
            found.setdefault(table, set()).add(condition)
    return found


def test_the_database_refuses_an_empty_range_in_every_range_column():
    conditions = checks()
    assert {table for table, _column in RANGES} == {"catalog_listing", "catalog_price", "orders_taxrate"}
    missing = [pair for pair in RANGES if f"CHECK ((NOT isempty({pair[1]})))" not in conditions[pair[0]]]
    assert missing == []


@pytest.mark.parametrize("model", [Listing, Price, TaxRate])
def test_no_range_ends_when_it_begins(model):
    make_listed_variants(1)
    make_tax()
    now = timezone.now()
    with pytest.raises(IntegrityError, match="valid_not_empty"), transaction.atomic():
        model.objects.update(valid=TimestamptzRange(now, now))


def test_no_promotion_ends_when_it_begins():
    make_promotion(percent=10)
    now = timezone.now()
    for ends_at in (now, now - timedelta(seconds=1)):
        with pytest.raises(IntegrityError, match="promotion_span"), transaction.atomic():
            Promotion.objects.update(begins_at=now, ends_at=ends_at)


@pytest.mark.parametrize(
    ("migration", "model"),
    [("orders.migrations.0017_tax_rates_apply", TaxRate), ("catalog.migrations.0019_listings_apply", Listing)],
)
def test_the_migration_deletes_empty_ranges_and_nothing_else(migration, model):
    make_listed_variants(2)
    make_tax("DE")
    make_tax("AT")
    name = next(check.name for check in model._meta.constraints if check.name.endswith("_not_empty"))
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    first, second = model.objects.order_by("pk").values_list("pk", flat=True)[:2]
    model.objects.filter(pk=first).update(valid=TimestamptzRange(empty=True))
    importlib.import_module(migration).delete_empty(apps, None)
    assert list(model.objects.values_list("pk", flat=True)) == [second]
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK (NOT isempty(valid))")
