"""Load many rows quickly: indexes are built afterwards, and triggers that check single rows are left out."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import DatabaseError, connection, transaction
from django.db.models import Model


@contextmanager
def indexes_built_last(tables: Sequence[str], *, is_worth_it: bool) -> Iterator[None]:
    """Drop the indexes of these tables and rebuild them after the block, which takes a tenth of the time."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.indexdef, i.indexname FROM pg_indexes i LEFT JOIN pg_constraint c ON c.conname = i.indexname"
            " WHERE i.tablename = ANY(%s) AND c.conname IS NULL",
            [list(tables)],
        )
        indexes = cursor.fetchall() if is_worth_it else []
        for _definition, name in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            for definition, _name in indexes:
                cursor.execute(definition)


def without_row_triggers() -> None:
    """Leave out triggers and foreign keys until the transaction ends, if the database's user may do that."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
    except DatabaseError:
        return  # they only take time


def next_id(table: str) -> int:
    """The first id that no row of the table has."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {table}")  # noqa: S608  (our own table names)
        return cursor.fetchone()[0]


def set_sequence(table: str) -> None:
    """Continue the ids of the table after those that were written with ids of their own."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table} HAVING max(id) > 0"  # noqa: S608  (our own table names)
        )


def insert(model: type[Model], source: str, /, **expressions: str) -> int:
    """Insert a row for each row of `source`, and return how many. Columns that are not given get their defaults."""
    selected, defaults = dict(expressions), []
    for field in model._meta.concrete_fields:
        is_optional = field.has_db_default() or field.null or field.primary_key
        if field.column not in selected and not is_optional:
            selected[field.column] = "%s"
            defaults.append(field.get_db_prep_save(field.get_default(), connection))
    columns, values = ", ".join(f'"{column}"' for column in selected), ", ".join(selected.values())
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {model._meta.db_table} ({columns}) SELECT {values} FROM {source}",  # noqa: S608  (our own text)
            defaults,
        )
        return cursor.rowcount
