"""Run the whole shop on this machine, with a stand-in for Stripe."""

import hashlib
import os
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from catalog.errors import UnreadableFile
from catalog.importing.shopify import read_file
from catalog.markets import default_market
from shop.demo import seeding
from shop.embedded.demo import CARDS, OWNER, Demo, DemoOptions, Refused

LINES_OF_PROGRESS = 10


class Command(BaseCommand):
    help = "Run the whole shop on this machine: PostgreSQL, Valkey, a stand-in for Stripe, web server and worker."
    requires_system_checks: list[str] = []
    lines_shown = 0

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--catalog", type=Path, help="a Shopify product export to fill the shop from")
        parser.add_argument("--reset", action="store_true", help="delete all data of an earlier demo first")

    def handle(self, *args: Any, **options: Any) -> None:
        if os.environ.get("DATABASE_URL"):
            raise CommandError("The demo uses its own database. Unset DATABASE_URL to run it.")
        begun = time.monotonic()
        catalog: Path | None = options["catalog"]
        demo = Demo(
            DemoOptions(options["host"], options["port"], catalog.resolve() if catalog else None, options["reset"]),
            self.say,
        )
        try:
            with demo.only_one():
                self._run(demo, begun)
        except (Refused, UnreadableFile) as refused:
            raise CommandError(str(refused)) from refused

    def say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()

    def _run(self, demo: Demo, begun: float) -> None:
        demo.check_port()
        if demo.options.catalog:
            # Before deleting an earlier demo, because an unreadable file stops the command.
            read_file(demo.options.catalog, default_market().currency)
        if demo.options.is_reset:
            demo.reset()
        demo.catch_signals()
        try:
            self.say("Starting PostgreSQL, Valkey, the stand-in for Stripe and the web server …")
            demo.start_services()
            self._fill(demo)
            demo.write_to_disk()
            self.say("Starting the worker …")
            demo.start_worker()
            demo.await_first_page()
            if not demo.is_stopping:
                self._greet(demo, time.monotonic() - begun)
            demo.watch()
        finally:
            demo.stop()
        self.say("Stopped.")

    def _fill(self, demo: Demo) -> None:
        """Create the tables and, in an empty shop, the first contents."""
        self.say("Preparing the database …")
        call_command("migrate", verbosity=0)
        catalog = demo.options.catalog
        digest_file = demo.state / "catalog.txt"
        digest = hashlib.sha256(catalog.read_bytes()).hexdigest() if catalog else "hearthside"
        if seeding.is_seeded():
            if catalog and (not digest_file.exists() or digest_file.read_text() != digest):
                raise Refused("This demo already has another catalogue. Add --reset to start over with this file.")
        else:
            self.say("Filling the shop …")
            seeding.seed_store(is_own_catalogue=bool(catalog))
            report = seeding.seed_catalogue(catalog, self._show_progress)
            for problem in report.problems[:20]:
                self.say(f"  {problem}")
            self.say(f"  {report}")
            digest_file.write_text(digest)
            if not catalog:
                seeding.seed_demo_promotions()
        seeding.seed_demo_market()
        seeding.seed_owner(OWNER, demo.owner_password())

    def _show_progress(self, number: int, total: int) -> None:
        """Show one line that counts up on a terminal, or a line for each tenth of the products elsewhere."""
        if not sys.stdout.isatty():
            if number * LINES_OF_PROGRESS // total > self.lines_shown:
                self.lines_shown = number * LINES_OF_PROGRESS // total
                self.say(f"  {number} of {total} products")
        elif number % 10 == 0 or number == total:
            self.stdout.write(f"\r  {number} of {total} products", ending="\n" if number == total else "")
            self.stdout.flush()

    def _greet(self, demo: Demo, seconds: float) -> None:
        installed = os.environ.get("SHOP_INSTALLED_IN", "0")
        self.say(f"installed in {installed} s, first page after {seconds:.1f} s")
        self.say(f"\n  Storefront   {demo.url}/")
        self.say(f"  Staff        {demo.url}/admin/   {OWNER}   {demo.owner_password()}")
        self.say(f"  Mailbox      {demo.url}/mailbox/")
        self.say("  Test cards   " + "\n               ".join(f"{number}  {outcome}" for number, outcome in CARDS))
        if demo.is_open_to_others:
            self.say(
                "\nOther machines can see the shop, but can only pay from this one, because the stand-in for "
                "Stripe is not reachable from elsewhere."
            )
        self.say("\nCtrl-C stops everything.")
