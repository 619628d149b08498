"""Measure the shop on this machine. Compare figures of one run only, because machines are shared and noisy."""

import json
import statistics
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from shop.benchmarks.catalog import measure_catalog
from shop.benchmarks.checkout import place_orders, prepare_checkout, script_rate, shop_rate
from shop.benchmarks.databases import bench_cluster, database_name, measured, prepare, run
from shop.benchmarks.desk import Plan, Results, compare_desks, serve_desk
from shop.benchmarks.promotions import price_among_promotions
from shop.synthetic.desk_rows import fill_desk

SIZES = "1000,100000,1000000"
CHECKOUT_PRODUCTS = 1000
SCRIPT_SECONDS = 10
PROMOTIONS = (500, 50, 5)  # promotions, cart lines, shipping options
DESK_SIZES = "1000,1000000"
MAX_DESK_PRODUCTS = 200_000
MAX_GROWTH = 1.25
LIKE = 0.1  # pages whose numbers of rows differ by no more than this part are compared
COLUMNS = ("p50", "p99", "cpu", "database", "queries", "bytes")


class Command(BaseCommand):
    help = (
        "catalog: the catalogue's pages with 1,000, 100,000 and 1,000,000 products, interleaved. checkout: orders placed"
        " by eight clients beside the same writes as a pgbench script. promotions: a cart of 50 lines among 500 automatic"
        " promotions, with five ways of delivery. desk: the admin's home page and every list with its filters and searches,"
        " with 1,000 and 1,000,000 orders in turn, over HTTP."
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
                "serve-desk",
                "fill-desk",
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
        parser.add_argument("--only", default="", help="measure only pages of bench desk whose name has this text")
        parser.add_argument(
            "--minutes", type=float, default=0.0, help="how long bench desk measures at most; 0: to the end"
        )
        parser.add_argument("--resume", action="store_true", help="continue the last run of bench desk")
        parser.add_argument("--begins-at", type=float, default=0.0, help="when to begin, in seconds since 1970")

    def handle(self, *args: Any, what: str, **options: Any) -> None:
        getattr(self, f"_{what.replace('-', '_')}")(options)

    def _measure(self, options: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(measure_catalog(options["requests"], options["seed"])))

    def _serve_desk(self, options: dict[str, Any]) -> None:
        serve_desk()

    def _fill_desk(self, options: dict[str, Any]) -> None:
        for table, rows in fill_desk(options["orders"]).items():
            self.stdout.write(f"{rows:,} rows in {table}")

    def _place(self, options: dict[str, Any]) -> None:
        result = place_orders(options["orders"], is_hot=options["hot"], begins_at=options["begins_at"])
        self.stdout.write(json.dumps(result))

    def _prepare_checkout(self, options: dict[str, Any]) -> None:
        prepare_checkout()

    def _promotions(self, options: dict[str, Any]) -> None:
        milliseconds = price_among_promotions(*PROMOTIONS, repeats=options["repeats"], seed=options["seed"])
        promotions, lines, deliveries = PROMOTIONS
        self.stdout.write(
            f"{promotions} promotions, {lines} lines, {deliveries} shipping options: {milliseconds:.0f} ms of CPU"
        )

    def _checkout(self, options: dict[str, Any]) -> None:
        """Measure shop and script in turn on the same database, so that both run under the same conditions."""
        orders, repeats = options["orders"], options["repeats"]
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
            for size in sizes:
                prepare(cluster, min(size, MAX_DESK_PRODUCTS), self.stderr.write, orders=size)
            kept = cluster.state / f"bench-desk-{'-'.join(map(str, sizes))}.jsonl"
            if not options["resume"]:
                kept.unlink(missing_ok=True)
            seconds = options["minutes"] * 60 or float("inf")
            plan = Plan(options["requests"], options["only"], seconds, kept)
            databases = [database_name(min(size, MAX_DESK_PRODUCTS), size) for size in sizes]
            results = compare_desks(cluster, databases, plan, self.stderr.write)
        self._report_desk(sizes, results)

    def _report_desk(self, sizes: list[int], results: Results) -> None:
        """Write a line for each page with the first and the last size, and which pages grew.

        CPU is that of the shop and its database connection. A page that draws more rows in the larger shop takes longer
        for that reason, so such pages are summed up apart.
        """
        first, last = f"{sizes[0]:,}", f"{sizes[-1]:,}"
        self.stdout.write(f"| page | rows | CPU ms, {first} | CPU ms, {last} | growth | ms | growth | queries |")
        self.stdout.write("|---|---|---|---|---|---|---|---|")
        like: list[tuple[float, str]] = []
        for page, figures in results.items():
            few, many = figures[0], figures[-1]
            growth, drawn = many.cpu_p50 / few.cpu_p50, f"{few.rows} and {many.rows}"
            if abs(few.rows - many.rows) <= LIKE * max(few.rows, many.rows):
                like.append((growth, page))
            cpu = f"{few.cpu_p50:.1f} | {many.cpu_p50:.1f} | {growth:.2f} ×"
            wall = f"{few.p50:.0f} and {many.p50:.0f} | {many.p50 / few.p50:.2f} ×"
            self.stdout.write(f"| {page} | {drawn} | {cpu} | {wall} | {max(each.first for each in figures)} |")
        grown = sorted((entry for entry in like if entry[0] > MAX_GROWTH), reverse=True)
        self.stdout.write(
            f"\n{len(results)} pages, of which {len(like)} drew as many rows in both shops: {len(grown)} of these grew by"
            f" more than {MAX_GROWTH}. The other {len(results) - len(like)} drew different numbers of rows."
        )
        for growth, page in grown:
            self.stdout.write(f"  {page}: {growth:.2f} ×")

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
