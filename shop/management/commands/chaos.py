"""Disturb a whole shop under load, and check that no money and no order is lost."""

import json
import random
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from shop.chaos.disturbing import Plan
from shop.chaos.filling import fill_shop
from shop.chaos.placing import place_many
from shop.chaos.run import Options, run_chaos
from shop.chaos.submits import run_submits
from shop.chaos.webhooks import run_webhooks
from shop.embedded.state import state_folder

MAX_SHOWN = 50


class Command(BaseCommand):
    help = (
        "run (default): start a whole shop in a temporary folder, let buyers order over HTTP while processes are killed"
        " and webhooks are lost, repeated and forged, and check that no paid order is lost and nobody is charged twice."
        " submits: many browsers submit each checkout at once. webhooks: thousands of webhooks arrive repeatedly, in"
        " random order, not at all, and forged. Uses nothing but this machine's loopback. Exits with 1 if anything is wrong."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", nargs="?", default="run", choices=["run", "submits", "webhooks", "fill", "place"])
        parser.add_argument("--seconds", type=float, default=600, help="how long buyers begin to order")
        parser.add_argument("--orders", type=int, default=1500, help="how many buyers there are")
        parser.add_argument("--threads", type=int, default=8, help="how many of them are at the shop at once")
        parser.add_argument("--kill-every", type=float, default=3, help="seconds between two kills; 0: never")
        parser.add_argument("--redis-every", type=float, default=0, help="seconds until Redis is emptied; 0: never")
        parser.add_argument(
            "--postgres-every", type=float, default=0, help="seconds until PostgreSQL crashes; 0: never"
        )
        parser.add_argument("--seed", type=int, help="the same seed chooses the same disturbances")
        parser.add_argument(
            "--timeline", type=Path, help="the file of everything that happened, one JSON object a line"
        )
        parser.add_argument("--keep", action="store_true", help="keep the folder with logs and database")
        parser.add_argument("--checkouts", type=int, default=100, help="submits: how many checkouts")
        parser.add_argument("--parallel", type=int, default=50, help="submits: how many submits of each at once")
        parser.add_argument("--deliveries", type=int, default=10_000, help="webhooks: how many are delivered at least")
        parser.add_argument("--products", type=int, default=40, help="products of the shop")
        parser.add_argument("--scarce-units", type=int, default=10, help="units of the products that sell out")

    def handle(self, *args: Any, what: str, **options: Any) -> None:
        seed = options["seed"] if options["seed"] is not None else random.randrange(10**6)  # noqa: S311
        timeline = options["timeline"] or state_folder() / f"chaos-{seed}.jsonl"
        getattr(self, f"_{what}")(seed, timeline, options)

    def _fill(self, _seed: int, _timeline: Path, options: dict[str, Any]) -> None:
        fill_shop(options["products"], options["scarce_units"])

    def _place(self, _seed: int, _timeline: Path, options: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(place_many(options["orders"])))

    def _run(self, seed: int, timeline: Path, options: dict[str, Any]) -> None:
        plan = Plan(options["kill_every"], options["redis_every"], options["postgres_every"], seed)
        numbers = (options["seconds"], options["orders"], options["threads"])
        problems = run_chaos(Options(*numbers, plan, timeline, is_kept=options["keep"]), self.say)
        self._conclude(problems, "No paid order was lost, nobody was charged twice, audit and reconcile are clean.")

    def _submits(self, seed: int, _timeline: Path, options: dict[str, Any]) -> None:
        problems = run_submits(options["checkouts"], options["parallel"], seed, self.say)
        self._conclude(problems, "Every checkout became one order with one payment, and every answer named it.")

    def _webhooks(self, seed: int, timeline: Path, options: dict[str, Any]) -> None:
        problems = run_webhooks(options["orders"], options["deliveries"], seed, timeline, self.say)
        self._conclude(problems, "Every order ended as Stripe says, and no forged webhook had an effect.")

    def _conclude(self, problems: list[str], sentence: str) -> None:
        for problem in problems[:MAX_SHOWN]:
            self.say(f"  WRONG  {problem}")
        if problems:
            self.say(f"{len(problems)} things are wrong.")
            sys.exit(1)
        self.say(sentence)

    def say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
