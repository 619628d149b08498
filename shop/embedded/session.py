"""The embedded database for the length of one command."""

import contextlib
from collections.abc import Iterator

from shop.embedded.postgres import Cluster


@contextlib.contextmanager
def embedded_database() -> Iterator[Cluster]:
    """The checkout's PostgreSQL answers inside the block; one that we had to start ends with it."""
    cluster = Cluster()
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.stop()
