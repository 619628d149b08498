"""The benchmark's PostgreSQL, with a database for each number of products and orders."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import quote

from psycopg import Connection

from shop.embedded.postgres import Cluster
from shop.embedded.state import ROOT

# Settings for a server with a few gigabytes; the demo's cluster has less.
MEMORY = {"shared_buffers": "2GB", "maintenance_work_mem": "1GB", "work_mem": "16MB", "max_wal_size": "8GB"}


@contextmanager
def bench_cluster() -> Iterator[Cluster]:
    """Run the benchmark's PostgreSQL inside the block; its databases are kept for the next run."""
    cluster = Cluster("bench", is_disposable=True, options=MEMORY)
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.stop()


def prepare(cluster: Cluster, products: int, say: Callable[[str], object], *, orders: int = 0) -> None:
    """Create and fill the database of this size, or update its tables if it exists.

    An interrupted run continues with the step that it had begun, or begins again if that step leaves rows behind.
    """
    name = database_name(products, orders)
    half = f"{name}_half"
    with cluster.connect() as connection:
        if _exists(connection, name):
            run(cluster, name, "migrate", "--verbosity", "0")
            return
        if _exists(connection, half) and not _can_continue(connection, half):
            connection.execute(f'DROP DATABASE "{half}" WITH (FORCE)')
        if not _exists(connection, half):
            connection.execute(f'CREATE DATABASE "{half}"')
        say(f"Filling {name} …")
        for step, command in _steps(products, orders):
            if step in _note(connection, half).split():
                continue
            connection.execute(f"COMMENT ON DATABASE \"{half}\" IS '{_note(connection, half)} begun:{step}'")
            say(run(cluster, half, *command).strip())
            connection.execute(f"COMMENT ON DATABASE \"{half}\" IS '{_note(connection, half)} {step}'")
        # Renamed when it is complete, so that an interrupted run leaves no incomplete database to measure.
        connection.execute(f'ALTER DATABASE "{half}" RENAME TO "{name}"')


REPEATABLE = ("tables", "desk")  # steps that continue where they were interrupted


def _steps(products: int, orders: int) -> list[tuple[str, list[str]]]:
    steps = [
        ("tables", ["migrate", "--verbosity", "0"]),
        ("products", ["seed_catalog", "--products", str(products)]),
    ]
    if orders:
        steps += [
            ("orders", ["seed_orders", "--orders", str(orders)]),
            ("desk", ["bench", "fill-desk", "--orders", str(orders)]),
        ]
    return steps


def _exists(connection: Connection, database: str) -> bool:
    return bool(connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone())


def _note(connection: Connection, database: str) -> str:
    """The steps that were begun and done, as the comment of the database says."""
    row = connection.execute(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [database]
    ).fetchone()
    return (row and row[0]) or ""


def _can_continue(connection: Connection, database: str) -> bool:
    """Whether the step that was interrupted, if there is one, leaves no half of its work behind."""
    noted = _note(connection, database).split()
    open_steps = {step.removeprefix("begun:") for step in noted if step.startswith("begun:")} - set(noted)
    return bool(noted) and open_steps <= set(REPEATABLE)


def database_name(products: int, orders: int = 0) -> str:
    return f"bench_{products}_{orders}" if orders else f"bench_{products}"


def measured(cluster: Cluster, database: str, what: str, *arguments: str) -> dict:
    """Run measurements in a new process on this database, and return them."""
    return json.loads(run(cluster, database, "bench", what, *arguments))


def environment_of(cluster: Cluster, database: str) -> dict[str, str]:
    """The environment of a process that uses one of the benchmark's databases."""
    return {
        **os.environ,
        "SHOP_MODE": "test",
        "SHOP_URL": "http://testserver",
        "SHOP_ALLOWED_HOSTS": "testserver",
        "SHOP_LOG_LEVEL": "ERROR",
        "SHOP_PROCESS": "command",
        "DATABASE_URL": f"postgres://shop@/{database}?host={quote(str(cluster.socket_folder))}",
    }


def run(cluster: Cluster, database: str, *command: str) -> str:
    """Run a management command on one of the benchmark's databases; return its output."""
    environment = environment_of(cluster, database)
    done = subprocess.run(  # noqa: S603  (our own commands)
        [sys.executable, ROOT / "manage.py", *command], env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout
