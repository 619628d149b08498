"""Django's migrate command, with a lock so that only one migration runs at a time."""

from typing import Any

from django.core.management.commands import migrate

from shop.operations.migrating import again_after_deadlock, one_migration_at_a_time


class Command(migrate.Command):
    help = "Update the database's tables. A second migration, and every other command, waits for the first to end."

    def handle(self, *args: Any, **options: Any) -> None:
        with one_migration_at_a_time(self.stderr.write):
            again_after_deadlock(lambda: migrate.Command.handle(self, *args, **options), self.stderr.write)
