"""Measure the shop on this machine. Compare figures of one run only, because machines are shared and noisy."""

import json
import statistics
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from shop.benchmarks.catalog import measure_catalog
from shop.benchmarks.checkout import place_orders, prepare_checkout, script_rate, shop_rate
from shop.benchmarks.databases import bench_cluster, database_name, drop_incomplete, measured, prepare, run
from shop.benchmarks.desk import measure_desk
from shop.benchmarks.promotions import price_among_promotions

SIZES = "1000,100000,1000000"
CHECKOUT_PRODUCTS = 1000
SCRIPT_SECONDS = 10
PROMOTIONS = (500, 50, 5)  # promotions, cart lines, shipping options
DESK_SIZES = "1000,1000000"
DESK_PRODUCTS = 1000
DESK_COLUMNS = ("p50", "p99", "queries", "bytes")
COLUMNS = ("p50", "p99", "cpu", "database", "queries", "bytes")


class Command(BaseCommand):
    help = (
        "catalog: the catalogue's pages with 1,000, 100,000 and 1,000,000 products, interleaved. checkout: orders placed"
        " by eight clients beside the same writes as a pgbench script. promotions: a cart of 50 lines among 500 automatic"
        " promotions, with five ways of delivery. desk: the admin's home page and lists with 1,000 and 1,000,000 orders,"
        " over HTTP."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "what",
            choices=[
                "catalog",
                "checkout",
                "promotions",
                "desk",
                "measure",
                "measure-desk",
                "place",
                "prepare-checkout",
            ],
        )
        parser.add_argument("--sizes", help="numbers of products, or of orders for bench desk, separated by commas")
        parser.add_argument("--repeats", type=int, default=3)
        parser.add_argument("--requests", type=int, default=60, help="requests for each page and repeat")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--orders", type=int, default=2000, help="orders for each repeat of bench checkout")
        parser.add_argument("--hot", action="store_true", help="every order contains the same two products")
        parser.add_argument("--begins-at", type=float, default=0.0, help="when to begin, in seconds since 1970")

    def handle(self, *args: Any, what: str, **options: Any) -> None:
        if what == "measure":
            self.stdout.write(json.dumps(measure_catalog(options["requests"], options["seed"])))
        elif what == "measure-desk":
            self.stdout.write(json.dumps(measure_desk(options["requests"])))
        elif what == "place":
            result = place_orders(options["orders"], is_hot=options["hot"], begins_at=options["begins_at"])
            self.stdout.write(json.dumps(result))
        elif what == "prepare-checkout":
            prepare_checkout()
        elif what == "promotions":
            milliseconds = price_among_promotions(*PROMOTIONS, repeats=options["repeats"], seed=options["seed"])
            promotions, lines, deliveries = PROMOTIONS
            self.stdout.write(
                f"{promotions} promotions, {lines} lines, {deliveries} shipping options: {milliseconds:.0f} ms of CPU"
            )
        elif what == "checkout":
            self._checkout(options["orders"], options["repeats"])
        elif what == "desk":
            self._desk(options)
        else:
            self._catalog(options)

    def _checkout(self, orders: int, repeats: int) -> None:
        """Measure shop and script in turn on the same database, so that both run under the same conditions."""
        rates: dict[tuple[str, bool], list[float]] = {}
        with bench_cluster() as cluster:
            prepare(cluster, CHECKOUT_PRODUCTS, self.stderr.write)
            for repeat in range(repeats):
                for is_hot in (False, True):
                    run(cluster, database_name(CHECKOUT_PRODUCTS), "bench", "prepare-checkout")
                    shop = shop_rate(cluster, CHECKOUT_PRODUCTS, orders, is_hot=is_hot)
                    plain = script_rate(cluster, CHECKOUT_PRODUCTS, SCRIPT_SECONDS, is_hot=is_hot)
                    rates.setdefault(("shop", is_hot), []).append(shop)
                    rates.setdefault(("script", is_hot), []).append(plain)
                    self.stderr.write(
                        f"repeat {repeat + 1}, {'one' if is_hot else 'many'}: {shop:.0f}/s, {plain:.0f}/s"
                    )
        self._report_checkout({key: statistics.median(values) for key, values in rates.items()})

    def _report_checkout(self, rates: dict[tuple[str, bool], float]) -> None:
        self.stdout.write("| products ordered | shop, orders/s | pgbench script, orders/s | ratio |")
        self.stdout.write("|---|---|---|---|")
        for is_hot, label in ((False, "spread over 2,000"), (True, "all the same two")):
            shop, plain = rates["shop", is_hot], rates["script", is_hot]
            self.stdout.write(f"| {label} | {shop:.0f} | {plain:.0f} | {shop / plain:.2f} |")
        self.stdout.write(f"\nThe same two against spread: {rates['shop', True] / rates['shop', False]:.2f} ×")

    def _catalog(self, options: dict[str, Any]) -> None:
        sizes = _sizes(options["sizes"] or SIZES)
        with bench_cluster() as cluster:
            drop_incomplete(cluster)
            for size in sizes:
                prepare(cluster, size, self.stderr.write)
            runs: dict[int, list[dict]] = {size: [] for size in sizes}
            for repeat in range(options["repeats"]):
                for size in sizes:
                    arguments = ["--requests", str(options["requests"]), "--seed", str(options["seed"] + repeat)]
                    runs[size].append(measured(cluster, database_name(size), "measure", *arguments))
                    self.stderr.write(f"{size:,} products measured, repeat {repeat + 1}")
        self._report(sizes, {size: _medians(repeats, COLUMNS) for size, repeats in runs.items()})

    def _desk(self, options: dict[str, Any]) -> None:
        sizes = _sizes(options["sizes"] or DESK_SIZES)
        with bench_cluster() as cluster:
            drop_incomplete(cluster)
            for size in sizes:
                prepare(cluster, DESK_PRODUCTS, self.stderr.write, orders=size)
            runs: dict[int, list[dict]] = {size: [] for size in sizes}
            for repeat in range(options["repeats"]):
                for size in sizes:
                    database = database_name(DESK_PRODUCTS, size)
                    runs[size].append(
                        measured(cluster, database, "measure-desk", "--requests", str(options["requests"]))
                    )
                    self.stderr.write(f"{size:,} orders measured, repeat {repeat + 1}")
        results = {size: _medians(repeats, DESK_COLUMNS) for size, repeats in runs.items()}
        first, last = results[sizes[0]], results[sizes[-1]]
        self.stdout.write(
            f"| page | {' | '.join(f'p50 ms at {size:,}' for size in sizes)} | growth | p99 ms | queries |"
        )
        self.stdout.write(f"|---|{'---|' * len(sizes)}---|---|---|")
        for page, figures in last.items():
            cells = " | ".join(f"{results[size][page]['p50']:g}" for size in sizes)
            growth = figures["p50"] / first[page]["p50"]
            self.stdout.write(f"| {page} | {cells} | {growth:.2f} × | {figures['p99']:g} | {figures['queries']:g} |")

    def _report(self, sizes: list[int], results: dict[int, dict]) -> None:
        self.stdout.write("| page | products | p50 ms | p99 ms | CPU ms | database ms | queries | bytes |")
        self.stdout.write("|---|---|---|---|---|---|---|---|")
        for page in results[sizes[0]]:
            for size in sizes:
                cells = " | ".join(f"{results[size][page][column]:g}" for column in COLUMNS)
                self.stdout.write(f"| {page} | {size:,} | {cells} |")
        self.stdout.write(f"\nGrowth from {sizes[0]:,} to {sizes[-1]:,} products (CPU + database, p50):")
        for page in results[sizes[0]]:
            self.stdout.write(f"  {page}: {_cost(results[sizes[-1]][page]) / _cost(results[sizes[0]][page]):.2f} ×")
        last = results[sizes[-1]]
        deep = _cost(last["deep page"]) / _cost(last["category root with facets"])
        self.stdout.write(f"  page 2,000 against page 1: {deep:.2f} ×")


def _cost(figures: dict[str, float]) -> float:
    return figures["cpu"] + figures["database"]


def _sizes(text: str) -> list[int]:
    try:
        return [int(size) for size in text.split(",")]
    except ValueError as error:
        raise CommandError("Enter the sizes as numbers separated by commas: 1000,100000") from error


def _medians(runs: list[dict], columns: Sequence[str]) -> dict:
    """Return the median of the repeats for every figure."""
    return {
        page: {column: statistics.median(run[page][column] for run in runs) for column in columns} for page in runs[0]
    }
