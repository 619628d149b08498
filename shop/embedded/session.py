"""The embedded database for the duration of one command."""

import contextlib
from collections.abc import Iterator

from shop.embedded.postgres import Cluster


@contextlib.contextmanager
def embedded_database() -> Iterator[Cluster]:
    """Run the checkout's PostgreSQL inside the block; stop it afterwards if it was started for it."""
    cluster = Cluster()
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.stop()
