"""A migrated database that every test run copies: migrating takes 15 seconds, copying a fraction of one.

Its name is a digest of the migrations, so a changed migration makes a new one and the old ones are dropped.
"""

import fcntl
import hashlib
import os
import subprocess
import sys

from psycopg import Connection, sql

from shop.embedded.postgres import Cluster
from shop.embedded.state import ROOT

PREFIX = "migrated_"


def template_name() -> str:
    """Return the name of the template database for the migrations as they are now."""
    digest = hashlib.sha256()
    for path in sorted(ROOT.glob("*/migrations/*.py")):
        digest.update(f"{path.parent.parent.name}/{path.name}\n".encode() + path.read_bytes())
    digest.update((ROOT / "bin/requirements/development.txt").read_bytes())  # Django and allauth bring migrations too
    return f"{PREFIX}{digest.hexdigest()[:16]}"


def prepare_template(cluster: Cluster) -> None:
    """Make the template database where there is none yet. Of two runs at once, one makes it and the other waits."""
    name = template_name()
    with open(cluster.state / "template.lock", "w") as lock, cluster.connect() as connection:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = [
            row[0] for row in connection.execute("SELECT datname FROM pg_database WHERE datname ~ '^migrat(ed|ing)_'")
        ]
        if name in known:
            return
        for old in known:
            _run(connection, "DROP DATABASE {}", old)
        unfinished = name.replace(PREFIX, "migrating_")
        _run(connection, "CREATE DATABASE {}", unfinished)
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
            cwd=ROOT,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "MERCER_TEST_DATABASE": unfinished},
            check=True,
        )
        _run(connection, "ALTER DATABASE {} RENAME TO {}", unfinished, name)


def _run(connection: Connection, statement: str, *names: str) -> None:
    connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
