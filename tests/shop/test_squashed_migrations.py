"""Squashed migrations make the tables that the migrations they replace make, and old databases are still updated."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from shop.embedded.state import ROOT
from tests.settings import CLUSTER

pytestmark = pytest.mark.full
HALF_WAY = ("catalog.0010_store_gift_card", "orders.0008_gift_details", "payments.0004_pricing")


@pytest.fixture(scope="module")
def _databases() -> Iterator[None]:
    """Three empty databases."""
    names = ("of_squashed", "of_replaced", "of_both")
    with CLUSTER.connect() as connection:
        for name in names:
            connection.execute(f"DROP DATABASE IF EXISTS {name}")
            connection.execute(f"CREATE DATABASE {name}")
        yield
        for name in names:
            connection.execute(f"DROP DATABASE {name}")


def run(database: str, *arguments: str) -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "MERCER_TEST_DATABASE": database}
    subprocess.run([sys.executable, *arguments], cwd=ROOT, env=environment, check=True)


def tables_of(database: str) -> list[str]:
    """Return the statements that make the database, with sorted lines: new columns came last in old databases."""
    done = subprocess.run(
        [CLUSTER.binaries / "pg_dump", "-h", CLUSTER.socket_folder, "-U", "shop", "--schema-only", database],
        capture_output=True,
        text=True,
        check=True,
    )
    text = re.sub(r"^\\(un)?restrict.*$", "", done.stdout, flags=re.MULTILINE)
    return sorted("\n".join(sorted(line.rstrip(",") for line in part.split("\n"))) for part in text.split("\n\n\n"))


def rows_of(database: str) -> list[tuple[str, int]]:
    """Return how many rows each table has. The table of migrations also names the squashed ones."""
    with CLUSTER.connect(database) as connection:
        names = connection.execute(
            "SELECT relname FROM pg_stat_user_tables WHERE relname <> 'django_migrations' ORDER BY relname"
        ).fetchall()
        return [(name, connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]) for (name,) in names]


@pytest.mark.usefixtures("_databases")
def test_squashed_migrations_make_what_the_replaced_ones_make_wherever_a_database_stands():
    run("of_squashed", "manage.py", "migrate", "--verbosity", "0")
    run("of_replaced", "-m", "tests.replaced_migrations")
    run("of_replaced", "manage.py", "migrate", "--check")
    run("of_both", "-m", "tests.replaced_migrations", *HALF_WAY)
    run("of_both", "manage.py", "migrate", "--verbosity", "0")
    made = tables_of("of_squashed")
    assert len(made) > 700
    assert tables_of("of_replaced") == made
    assert tables_of("of_both") == made
    run("of_replaced", "manage.py", "migrate", "--verbosity", "0")
    assert rows_of("of_replaced") == rows_of("of_squashed")
    assert rows_of("of_both") == rows_of("of_squashed")
