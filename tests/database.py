"""The database of a test process: a copy of the template, which every test finds as the migrations left it."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from django.conf import settings
from django.core.management.commands import flush
from django.core.management.sql import emit_post_migrate_signal
from django.db import connection
from django.db.backends.base.creation import BaseDatabaseCreation
from django.db.backends.postgresql.operations import DatabaseOperations

# What the migrations leave there and no test changes: emptied tables would need it written anew after each test.
KEPT = {"django_content_type", "auth_permission", "auth_group", "auth_group_permissions"}
WRITTEN = "written_by_migrations"  # the schema with a copy of every other row that they left


def use_copies() -> None:
    """Make and empty the databases of this process in a hundredth of the time that Django takes."""
    BaseDatabaseCreation.create_test_db = create_copy  # type: ignore[method-assign]
    DatabaseOperations.sql_flush = quick_flush  # type: ignore[method-assign]
    flush.emit_post_migrate_signal = lambda *_arguments, **_options: None


def create_copy(creation: Any, verbosity: int = 1, autoclobber: bool = False, **_options: Any) -> str:
    """Copy the template, which is migrated. Only what follows every migration, such as permissions, may be newer."""
    name = creation._get_test_db_name()
    creation._create_test_db(verbosity, autoclobber)
    connection.close()
    settings.DATABASES[connection.alias]["NAME"] = connection.settings_dict["NAME"] = name
    emit_post_migrate_signal(verbosity=0, interactive=False, db=connection.alias)
    keep_written_rows()
    return name


def keep_written_rows() -> None:
    """Copy the rows that are there now, to be written again whenever the tables are emptied."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {WRITTEN}")
        for table in sorted(set(connection.introspection.django_table_names(only_existing=True)) - KEPT):
            cursor.execute(f'SELECT EXISTS (SELECT FROM "{table}")')
            if cursor.fetchone()[0]:
                cursor.execute(f'CREATE TABLE {WRITTEN}."{table}" AS TABLE "{table}"')


@cache
def written_tables() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1", [WRITTEN])
        return [table for (table,) in cursor.fetchall()]


def quick_flush(_operations: Any, _style: Any, tables: Iterable[str], **_options: Any) -> list[str]:
    """A few rows in many tables are gone in a hundredth of the time that TRUNCATE takes for their files.

    A test that needs what the migrations wrote finds it whatever ran before, as when it runs alone.
    """
    deletes = [f'DELETE FROM "{table}"' for table in sorted(set(tables) - KEPT)]
    inserts = [f'INSERT INTO "{table}" TABLE {WRITTEN}."{table}"' for table in written_tables()]
    # Neither foreign keys nor the ledgers' triggers have a say here. One round trip instead of eighty.
    return [";\n".join(["SET LOCAL session_replication_role = replica", *deletes, *inserts])]
