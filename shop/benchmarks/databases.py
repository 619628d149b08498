"""The benchmark's PostgreSQL, with a database for each number of products and orders."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import quote

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
    """Create and fill the database of this size, or update its tables if it exists."""
    name = database_name(products, orders)
    with cluster.connect() as connection:
        exists = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
    if exists:
        run(cluster, name, "migrate", "--verbosity", "0")
        return
    say(f"Filling {name} …")
    with cluster.connect() as connection:
        connection.execute(f'CREATE DATABASE "{name}_half"')
    run(cluster, f"{name}_half", "migrate", "--verbosity", "0")
    say(run(cluster, f"{name}_half", "seed_catalog", "--products", str(products)).strip())
    if orders:
        say(run(cluster, f"{name}_half", "seed_orders", "--orders", str(orders)).strip())
        say(run(cluster, f"{name}_half", "bench", "fill-desk", "--orders", str(orders)).strip())
    with cluster.connect() as connection:
        # Renamed when it is complete, so that an interrupted run leaves no incomplete database to measure.
        connection.execute(f'ALTER DATABASE "{name}_half" RENAME TO "{name}"')


def drop_incomplete(cluster: Cluster) -> None:
    """Drop the databases that an interrupted run has left incomplete."""
    with cluster.connect() as connection:
        halves = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'bench%%half'").fetchall()
        for (name,) in halves:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


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
