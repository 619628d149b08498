"""Check that stock, orders, payments and mail agree."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from shop.operations.audit import DERIVED, INVARIANTS, run_audit


class Command(BaseCommand):
    help = "Check that stock, orders, money and mail agree. Lists every row that does not, and then exits with 1."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the findings as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = run_audit()
        if options["json"]:
            self.stdout.write(json.dumps([asdict(finding) for finding in findings]))
        else:
            for finding in findings:
                self.stdout.write(str(finding))
            broken = len({finding.invariant for finding in findings})
            count = len(INVARIANTS) + len(DERIVED)
            self.stdout.write(f"{count - broken} of {count} invariants hold, {len(findings)} rows break one.")
        if findings:
            sys.exit(1)
