"""Let the pairs of tests/reliability meet without row locks: each of them should fail.

    .venv/bin/python -m tests.tools.pair_controls --times 30

A pair that never fails is kept apart by something else too: a conditional update or a unique index.
"""

import argparse
import os
import subprocess
import sys

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
TEST = "tests/reliability/test_pairs.py::test_two_actors_who_meet_leave_everything_right"
MAX_SECONDS = 180


def outcome_of(name: str, times: int) -> str:
    """Say how the pair ended without row locks."""
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "--tb=no"]
    command += ["--times", str(times), f"{TEST}[{name}]"]
    environment = {**os.environ, "MERCER_WITHOUT_GUARD": "row-locks", "MERCER_TEST_DATABASE": "control_pairs"}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=MAX_SECONDS)
    except subprocess.TimeoutExpired:
        return "never ended"
    return "failed" if done.returncode == 1 and " failed" in done.stdout else "never failed"


def main() -> int:
    """Try each pair, and return 1 if any of them never fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=30, help="how often each pair meets at most")
    parser.add_argument("--only", default="", help="only pairs with this text in their name")
    options = parser.parse_args()
    django.setup()
    from tests.reliability.pairs import PAIRS  # noqa: PLC0415  (needs Django)
    from tests.settings import CLUSTER  # noqa: PLC0415  (needs Django)
    from tests.template_database import prepare_template  # noqa: PLC0415  (needs Django)

    CLUSTER.start()
    try:
        prepare_template(CLUSTER)
        outcomes = {}
        for name in (name for name in PAIRS if options.only in name):
            outcomes[name] = outcome_of(name, options.times)
            sys.stdout.write(f"{outcomes[name]:>12}  {name}\n")
            sys.stdout.flush()
    finally:
        CLUSTER.stop()
    green = [name for name, outcome in outcomes.items() if outcome == "never failed"]
    sys.stdout.write(f"{len(outcomes) - len(green)} of {len(outcomes)} pairs fail without row locks\n")
    return 1 if green else 0


if __name__ == "__main__":
    sys.exit(main())
