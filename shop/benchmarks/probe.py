"""Measures pages inside one process: milliseconds of our own work, of the database, and how often it was asked."""

import gc
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.test import Client

WARM_UP = 5


@dataclass
class Sample:
    """What the requests for one page cost, request by request, in milliseconds."""

    whole: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    database: list[float] = field(default_factory=list)
    queries: list[int] = field(default_factory=list)
    size: int = 0

    def facts(self) -> dict[str, float]:
        return {
            "p50": round(statistics.median(self.whole), 2),
            "p99": round(sorted(self.whole)[int(len(self.whole) * 0.99) - 1], 2),
            "cpu": round(statistics.median(self.cpu), 2),
            "database": round(statistics.median(self.database), 3),
            "queries": statistics.median(self.queries),
            "bytes": self.size,
        }


class _Clock:
    """Counts the queries of a request and the time that they took."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.count = 0

    def __call__(self, execute: Callable, sql: str, params: Any, many: bool, context: dict) -> Any:  # noqa: FBT001
        begun = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.seconds += time.perf_counter() - begun
            self.count += 1


@contextmanager
def _steady() -> Iterator[None]:
    """The garbage collector works between the samples, not in the middle of one."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def measure(client: Client, urls: list[str], requests: int) -> Sample:
    """Ask for these addresses in turn, after a few requests that are not counted."""
    sample = Sample()
    with _steady():
        for number in range(-WARM_UP, requests):
            clock = _Clock()
            cpu, begun = time.process_time(), time.perf_counter()
            with connection.execute_wrapper(clock):
                # Each from a place of its own: how often one place may search is not what is measured.
                response = client.get(
                    urls[number % len(urls)], REMOTE_ADDR=f"10.0.{number // 256 % 256}.{number % 256}"
                )
            whole, work = time.perf_counter() - begun, time.process_time() - cpu
            if response.status_code != 200:
                raise RuntimeError(f"{urls[number % len(urls)]} answered {response.status_code}")
            if number >= 0:
                sample.whole.append(whole * 1000)
                sample.cpu.append(work * 1000)
                sample.database.append(clock.seconds * 1000)
                sample.queries.append(clock.count)
                sample.size = len(response.content)
    return sample
