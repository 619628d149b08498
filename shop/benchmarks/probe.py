"""Measure pages inside one process: total, CPU and database milliseconds, and the number of queries."""

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
    """The costs of each request for one kind of page: milliseconds, queries, and the size in bytes."""

    whole: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    database: list[float] = field(default_factory=list)
    queries: list[int] = field(default_factory=list)
    size: int = 0

    def summary(self) -> dict[str, float]:
        """Return medians, and the 99th percentile of the total time."""
        return {
            "p50": round(statistics.median(self.whole), 2),
            "p99": round(sorted(self.whole)[int(len(self.whole) * 0.99) - 1], 2),
            "cpu": round(statistics.median(self.cpu), 2),
            "database": round(statistics.median(self.database), 3),
            "queries": statistics.median(self.queries),
            "bytes": self.size,
        }


class _QueryTimer:
    """Count the queries of a request and the seconds that they take."""

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
def _without_garbage_collector() -> Iterator[None]:
    """Switch off the garbage collector inside the block, so that it does not disturb a measurement."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def measure(client: Client, urls: list[str], requests: int) -> Sample:
    """Request these URLs in turn and measure each request, after a few requests that are not counted."""
    sample = Sample()
    with _without_garbage_collector():
        for number in range(-WARM_UP, requests):
            clock = _QueryTimer()
            cpu, begun = time.process_time(), time.perf_counter()
            with connection.execute_wrapper(clock):
                # From different IP addresses, so that the search limit does not apply.
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
