"""Run a scheduled job now, in this process."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from shop.celery import app
from shop.jobs import JOBS, Job


class Command(BaseCommand):
    help = "Run a scheduled job now, in this process, whether or not a worker runs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        runnable = {job.name: job for job in JOBS if job.outcome}
        parser.add_argument("job", choices=runnable, help="one of the jobs that docs/operations.md lists")

    def handle(self, *args: Any, **options: Any) -> None:
        job = next(job for job in JOBS if job.name == options["job"])
        self.stdout.write(job.outcome.format(self._run(job)))

    def _run(self, job: Job) -> Any:
        app.loader.import_default_modules()
        run = app.tasks[job.task].run
        done = total = run()
        while job.is_repeated and done:
            done = run()
            total += done
        return total
