"""`bin/test --controls`: remove each guard, one by one, and expect its test to fail."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from queue import Queue

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
AT_ONCE = os.cpu_count() or 1
# In a race the threads sometimes do not meet, so a test that passes without its guard is run again.
MAX_TRIES = 3


def main() -> int:
    """Run each guard's tests without it; return 1 when any of them still passes."""
    django.setup()
    from tests.guards import GUARDS  # noqa: PLC0415  (needs Django)
    from tests.settings import CLUSTER  # noqa: PLC0415  (needs Django)
    from tests.template_database import prepare_template  # noqa: PLC0415  (needs Django)

    databases: Queue[str] = Queue()
    for number in range(AT_ONCE):
        databases.put(f"control_{number}")
    CLUSTER.start()
    try:
        prepare_template(CLUSTER)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            outcomes = list(
                pool.map(lambda pair: is_red(databases, *pair), [(name, guard.test) for name, guard in GUARDS.items()])
            )
    finally:
        CLUSTER.stop()
    sys.stdout.write(f"{sum(outcomes)} passed, {len(outcomes) - sum(outcomes)} failed\n")
    return 0 if all(outcomes) else 1


def is_red(databases: "Queue[str]", name: str, tests: str) -> bool:
    """Say whether the tests fail without the guard; an error outside the test itself proves nothing."""
    database = databases.get()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-header", "--tb=no", tests]
    environment = {**os.environ, "MERCER_WITHOUT_GUARD": name, "MERCER_TEST_DATABASE": database}
    try:
        for _ in range(MAX_TRIES):
            done = subprocess.run(command, env=environment, capture_output=True, text=True)
            is_red = done.returncode == 1 and " failed" in done.stdout and " error" not in done.stdout
            if is_red:
                break
    finally:
        databases.put(database)
    verdict = "red, as it must be" if is_red else "STILL GREEN"
    sys.stdout.write(f"{verdict:>18}  without {name}\n" + ("" if is_red else done.stdout[-2000:]))
    sys.stdout.flush()
    return is_red


if __name__ == "__main__":
    sys.exit(main())
