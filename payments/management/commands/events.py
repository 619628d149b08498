"""List stored Stripe events, queue failed ones again, or replay finished ones."""

import random
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from payments.inbox import retry_failed
from payments.management.spans import span
from payments.models import StripeEvent
from payments.replay import replay


class Command(BaseCommand):
    help = "List stored Stripe events, queue failed ones again, or feed finished ones through the inbox again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        listing = verbs.add_parser("list", help="print events, newest first")
        listing.add_argument("--status", choices=StripeEvent.Status.values)
        listing.add_argument("--limit", type=int, default=50)
        verbs.add_parser("retry", help="queue every failed event again")
        again = verbs.add_parser("replay", help="process finished events again; exits with 1 if that changes anything")
        again.add_argument("--since", type=span, default="2d", help="how far back, like 36h or 30d; default: 2d")
        again.add_argument("--shuffle", action="store_true", help="in a random order")
        again.add_argument("--duplicate", type=int, default=1, metavar="N", help="each event N times")

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"_{options['verb']}")(options)

    def _list(self, options: dict[str, Any]) -> None:
        chosen = {"status": options["status"]} if options["status"] else {}
        for event in StripeEvent.objects.filter(**chosen)[: options["limit"]]:
            received = timezone.localtime(event.received_at)
            line = (
                f"{received:%Y-%m-%d %H:%M:%S} {event.stripe_id} {event.type} {event.status}, {event.attempts} attempts"
            )
            self.stdout.write(f"{line}: {event.last_error}" if event.last_error else line)

    def _retry(self, options: dict[str, Any]) -> None:
        self.stdout.write(f"{retry_failed()} events queued again.")

    def _replay(self, options: dict[str, Any]) -> None:
        shuffle = random.Random() if options["shuffle"] else None  # noqa: S311  (an order, not a secret)
        replayed = replay(timezone.now() - options["since"], copies=max(1, options["duplicate"]), shuffle=shuffle)
        for change in replayed.changes:
            self.stdout.write(change)
        self.stdout.write(
            f"{replayed.events} events processed again in {replayed.deliveries} deliveries: "
            f"{len(replayed.changes)} changes."
        )
        if replayed.changes:
            sys.exit(1)
