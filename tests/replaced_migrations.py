"""Migrate by the migrations that squashed ones replace, as every database did that is older than those.

python -m tests.replaced_migrations [app.migration …]
"""

import sys

import django
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader


class ReplacedMigrations(MigrationLoader):
    """All migrations except the squashed ones."""

    def load_disk(self) -> None:
        super().load_disk()
        self.disk_migrations = {key: found for key, found in self.disk_migrations.items() if not found.replaces}


def migrate_by_replaced(*targets: tuple[str, str]) -> None:
    """Migrate to these migrations, forwards or backwards; without targets, to the newest ones."""
    executor = MigrationExecutor(connection)
    executor.loader = ReplacedMigrations(connection)
    executor.migrate(list(targets) or executor.loader.graph.leaf_nodes())


if __name__ == "__main__":
    django.setup()
    migrate_by_replaced(*(tuple(argument.split(".")) for argument in sys.argv[1:]))
