"""Set up a shop that can sell, from questions on a terminal or a file."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from shop.opening import MARKETS, missing_otherwise, missing_to_open
from shop.setting_up import set_up
from shop.setting_up.answers import Answers, WrongAnswers, read_answers
from shop.setting_up.questions import Questions


class Command(BaseCommand):
    help = "Create what a shop needs to sell, and list what is still missing. Existing records stay as they are."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="file", type=Path, help="answers in a TOML file (docs/setup.example.toml)")
        parser.add_argument("--check", action="store_true", help="only list what is missing")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["check"]:
            try:
                new = set_up(self._answers(options["file"]))
            except WrongAnswers as wrong:
                raise CommandError(str(wrong)) from wrong
            except ValidationError as wrong:
                raise CommandError("; ".join(wrong.messages)) from wrong
            self.stdout.write("\n".join(new) or "Nothing to add: everything in the answers already exists.")
        self._list_what_is_missing(is_check=options["check"])

    def _answers(self, file: Path | None) -> Answers:
        if file:
            return read_answers(file)
        if not sys.stdin.isatty():
            raise CommandError(
                "Questions need a terminal. Give the answers with --from FILE (see docs/setup.example.toml)."
            )
        try:
            return Questions(input, self.stdout.write).answers()
        except (EOFError, KeyboardInterrupt) as error:
            raise CommandError("Nothing was set up.") from error

    def _list_what_is_missing(self, *, is_check: bool) -> None:
        """List what is missing, and exit with 1 from a check if the shop stays closed."""
        closing, otherwise = missing_to_open(), missing_otherwise()
        if closing:
            self.stdout.write("\nShoppers see “Opening soon” until this is done:")
            self.stdout.write("\n".join(f"- {missing.sentence}" for missing in closing))
        else:
            self.stdout.write("\nThe shop is open.")
        of_markets = [missing for missing in otherwise if missing.step == MARKETS]
        for heading, group in (
            ("Also missing:", [missing for missing in otherwise if missing not in of_markets]),
            ("Your further markets still need:", of_markets),
        ):
            if group:
                self.stdout.write(f"\n{heading}")
                self.stdout.write("\n".join(f"- {missing.sentence}" for missing in group))
        if is_check and closing:
            sys.exit(1)
