"""Measure the shop on this machine. Figures are compared inside one run only: machines are shared and noisy."""

import json
import statistics
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from shop.benchmarks.catalog import measure_catalog
from shop.benchmarks.databases import bench_cluster, forget_halves, measured, prepare

SIZES = "1000,100000,1000000"
COLUMNS = ("p50", "p99", "cpu", "database", "queries", "bytes")


class Command(BaseCommand):
    help = "Measure the catalogue's pages with 1,000, 100,000 and 1,000,000 products, interleaved."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=["catalog", "measure"])
        parser.add_argument("--sizes", default=SIZES, help="numbers of products, separated by commas")
        parser.add_argument("--repeats", type=int, default=3)
        parser.add_argument("--requests", type=int, default=60, help="requests for each page and repeat")
        parser.add_argument("--seed", type=int, default=1)

    def handle(self, *args: Any, what: str, **options: Any) -> None:
        if what == "measure":
            self.stdout.write(json.dumps(measure_catalog(options["requests"], options["seed"])))
            return
        try:
            sizes = [int(size) for size in options["sizes"].split(",")]
        except ValueError as error:
            raise CommandError("Say the sizes as numbers with commas between them: 1000,100000") from error
        with bench_cluster() as cluster:
            forget_halves(cluster)
            for size in sizes:
                prepare(cluster, size, self.stderr.write)
            runs: dict[int, list[dict]] = {size: [] for size in sizes}
            for repeat in range(options["repeats"]):
                for size in sizes:
                    arguments = ["--requests", str(options["requests"]), "--seed", str(options["seed"] + repeat)]
                    runs[size].append(measured(cluster, size, *arguments))
                    self.stderr.write(f"{size:,} products measured, repeat {repeat + 1}")
        self._report(sizes, {size: _middle(found) for size, found in runs.items()})

    def _report(self, sizes: list[int], found: dict[int, dict]) -> None:
        self.stdout.write("| page | products | p50 ms | p99 ms | CPU ms | database ms | queries | bytes |")
        self.stdout.write("|---|---|---|---|---|---|---|---|")
        for page in found[sizes[0]]:
            for size in sizes:
                cells = " | ".join(f"{found[size][page][column]:g}" for column in COLUMNS)
                self.stdout.write(f"| {page} | {size:,} | {cells} |")
        self.stdout.write(f"\nGrowth from {sizes[0]:,} to {sizes[-1]:,} products (CPU + database, p50):")
        for page in found[sizes[0]]:
            self.stdout.write(f"  {page}: {_cost(found[sizes[-1]][page]) / _cost(found[sizes[0]][page]):.2f} ×")
        last = found[sizes[-1]]
        deep = _cost(last["deep page"]) / _cost(last["category root with facets"])
        self.stdout.write(f"  page 2,000 against page 1: {deep:.2f} ×")


def _cost(facts: dict[str, float]) -> float:
    return facts["cpu"] + facts["database"]


def _middle(runs: list[dict]) -> dict:
    """The median of the repeats for every figure."""
    return {
        page: {column: statistics.median(run[page][column] for run in runs) for column in COLUMNS} for page in runs[0]
    }
