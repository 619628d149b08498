"""Compare the books with Stripe and the payouts, and book what is missing."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from payments import mending
from payments.errors import GatewayDown, GatewayRefused
from payments.management.spans import span
from payments.reconcile import Report, reconcile


class Command(BaseCommand):
    help = (
        "Read what Stripe moved, book what is missing, and list every cent by which the books, Stripe and the payouts "
        "differ, with its cause and what mends it. Exits with 1 if anything differs."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--since", type=span, default="2d", help="how far back, like 36h or 30d; default: 2d")
        parser.add_argument("--json", action="store_true", help="print the report as JSON")
        one = parser.add_mutually_exclusive_group()
        one.add_argument("--mend", metavar="ID", help="book what is missing for one object of Stripe")
        one.add_argument("--set-aside", metavar="ID", help="book money of one object as money without an order")

    def handle(self, *args: Any, **options: Any) -> None:
        verb = mending.mend if options["mend"] else mending.set_aside
        try:
            if name := options["mend"] or options["set_aside"]:
                self.stdout.write(verb(name))
                return
            report = reconcile(timezone.now() - options["since"])
        except mending.CannotMend as refused:
            raise CommandError(str(refused)) from refused
        except (GatewayDown, GatewayRefused) as down:
            raise CommandError(f"Stripe did not answer ({down}). Try again later.") from down
        self.stdout.write(as_json(report) if options["json"] else as_text(report))
        if report.differences:
            sys.exit(1)


def as_json(report: Report) -> str:
    return json.dumps(asdict(report), default=str)


def as_text(report: Report) -> str:
    lines = [f"booked: {booked}" for booked in report.booked]
    lines += [f"differs: {difference}" for difference in report.differences]
    lines.append(
        f"{report.transactions} balance transactions and {report.payouts} payouts since {report.since:%Y-%m-%d %H:%M}: "
        f"{len(report.booked)} booked that were missing, {len(report.differences)} differences."
    )
    return "\n".join(lines)
