"""`bin/test --controls`: remove each guard, one by one, and expect its test to fail.

Each runs in a copy of this process, because loading the shop takes longer than most of these tests.
"""

import os
import sys
import tempfile
from dataclasses import dataclass

import django
import pytest

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
AT_ONCE = os.cpu_count() or 1
# In a race the threads sometimes do not meet, so a test that passes without its guard is run again.
MAX_TRIES = 3


@dataclass
class Try:
    """A run of a guard's test without the guard, in a process and a database of its own."""

    name: str
    test: str
    database: str
    number: int = 1

    def start(self) -> int:
        """Start the process and return its id."""
        self.output = tempfile.TemporaryFile("w+")  # noqa: SIM115  (closed when it has been read)
        sys.stdout.flush()
        process = os.fork()
        if not process:
            self._run()
        return process

    def _run(self) -> None:
        from django.conf import settings  # noqa: PLC0415  (needs Django)

        code = 99
        try:
            os.dup2(self.output.fileno(), 1)
            os.dup2(self.output.fileno(), 2)
            os.environ["MERCER_WITHOUT_GUARD"] = self.name
            settings.DATABASES["default"]["NAME"] = self.database
            code = pytest.main(["-q", "-p", "no:cacheprovider", "--no-header", "--tb=no", self.test])
            sys.stdout.flush()
        finally:
            os._exit(code)

    def is_red(self, code: int) -> bool:
        """Say whether the test failed; an error outside the test itself proves nothing."""
        return code == 1 and " failed" in self.written and " error" not in self.written

    @property
    def written(self) -> str:
        self.output.seek(0)
        return self.output.read()

    def tell(self, *, is_red: bool) -> None:
        verdict = "red, as it must be" if is_red else "STILL GREEN"
        sys.stdout.write(f"{verdict:>18}  without {self.name}\n" + ("" if is_red else self.written[-2000:]))
        sys.stdout.flush()


def main() -> int:
    """Run each guard's tests without it; return 1 when any of them still passes."""
    django.setup()
    from django.urls import reverse  # noqa: PLC0415  (needs Django)

    from tests.guards import GUARDS  # noqa: PLC0415  (needs Django)
    from tests.settings import CLUSTER  # noqa: PLC0415  (needs Django)
    from tests.template_database import prepare_template  # noqa: PLC0415  (needs Django)

    CLUSTER.start()
    try:
        prepare_template(CLUSTER)
        reverse("admin:index")  # loads all pages
        outcomes = run_all([(name, guard.test) for name, guard in GUARDS.items()])
    finally:
        CLUSTER.stop()
    sys.stdout.write(f"{sum(outcomes)} passed, {len(outcomes) - sum(outcomes)} failed\n")
    return 0 if all(outcomes) else 1


def run_all(waiting: list[tuple[str, str]]) -> list[bool]:
    """Keep every processor busy until all guards have been tried; return which of their tests failed."""
    outcomes: list[bool] = []
    running: dict[int, Try] = {}
    databases = [f"control_{number}" for number in range(AT_ONCE)]
    while waiting or running:
        while waiting and databases:
            one = Try(*waiting.pop(0), databases.pop())
            running[one.start()] = one
        process, status = os.wait()
        if process not in running:
            continue  # a part of PostgreSQL
        done = running.pop(process)
        is_red = done.is_red(os.waitstatus_to_exitcode(status))
        if not is_red and done.number < MAX_TRIES:
            again = Try(done.name, done.test, done.database, done.number + 1)
            running[again.start()] = again
        else:
            done.tell(is_red=is_red)
            done.output.close()
            outcomes.append(is_red)
            databases.append(done.database)
    return outcomes


if __name__ == "__main__":
    sys.exit(main())
