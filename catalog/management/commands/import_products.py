"""Import products from a Shopify CSV export, or plan, apply and undo an import."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog.errors import CatalogError
from catalog.importing.plan import short_text
from catalog.importing.runs import apply_now, plan_file, plan_of, undo_now
from catalog.importing.shopify import Problem
from catalog.importing.table import file_content
from catalog.models import Run


class Command(BaseCommand):
    help = "Import products from a Shopify CSV export; running it twice changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, nargs="?", help="a Shopify product CSV")
        parser.add_argument("--images", type=Path, help="the folder that relative picture paths refer to")
        mode = parser.add_mutually_exclusive_group()
        mode.add_argument("--plan", action="store_true", help="show what would change and store it as a plan")
        mode.add_argument("--apply", type=int, metavar="PLAN", help="apply a stored plan")
        mode.add_argument("--undo", type=int, metavar="PLAN", help="undo an applied plan")

    def handle(self, *args: Any, file: Path | None, images: Path | None, **options: Any) -> None:
        if file is not None and (options["apply"] or options["undo"]) is not None:
            raise CommandError("Give either a file or a stored plan, not both: a plan already contains its file.")
        try:
            if options["apply"] is not None:
                run = apply_now(_run(options["apply"]), image_folder=images)
                self.stdout.write(f"{_counts_text(run)}. Undo it with --undo {run.pk}.")
            elif options["undo"] is not None:
                run = undo_now(_run(options["undo"]))
                self.stdout.write(f"{run} was undone.")
            elif file is None:
                raise CommandError("Give a file, or --apply or --undo with the number of a plan.")
            elif options["plan"]:
                self._plan(file)
            else:
                self._import(file, images)
        except CatalogError as error:
            raise CommandError(str(error)) from error

    def _import(self, file: Path, images: Path | None) -> None:
        run = plan_file(file_content(file), file.name)
        plan = plan_of(run)
        self._tell(plan.problems)
        if plan.changes:
            apply_now(run, image_folder=images or file.parent)
        self.stdout.write(f"{plan}." + (f" Undo it with --undo {run.pk}." if plan.changes else ""))
        if plan.skipped:
            sys.exit(1)

    def _plan(self, file: Path) -> None:
        run = plan_file(file_content(file), file.name)
        plan = plan_of(run)
        for change in plan.changes:
            self.stdout.write(f"{'new    ' if change.is_new else 'changed'} {change.handle} (line {change.line})")
            for label, before, after in [] if change.is_new else change.differences:
                self.stdout.write(f"          {label}: {short_text(before)} → {short_text(after)}")
        self._tell(plan.problems)
        self.stdout.write(f"{plan}. Apply it with --apply {run.pk}.")

    def _tell(self, problems: list[Problem]) -> None:
        for problem in problems:
            self.stderr.write(f"{'refused' if problem.is_fatal else 'note'}: {problem}")


def _run(number: int) -> Run:
    run = Run.objects.filter(pk=number).first()
    if not run:
        raise CommandError(f"There is no plan {number}.")
    return run


def _counts_text(run: Run) -> str:
    return "{new} new, {changed} changed, {unchanged} unchanged, {skipped} refused".format(**run.counts)
