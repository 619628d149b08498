"""`bin/test --controls`: take each guard away, one by one, and expect red."""

import os
import subprocess
import sys

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"


def main() -> int:
    """Run each guard's tests without it; every one of them must turn red."""
    django.setup()
    from tests.guards import GUARDS  # noqa: PLC0415  (needs Django)

    missed = []
    for name, (_remove, tests) in GUARDS.items():
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-header", "--tb=no", tests]
        environment = {**os.environ, "MERCER_WITHOUT_GUARD": name}
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        # An error outside the test itself proves nothing.
        is_red = done.returncode == 1 and " failed" in done.stdout and " error" not in done.stdout
        sys.stdout.write(f"{'red, as it must be' if is_red else 'STILL GREEN':>18}  without {name}\n")
        sys.stdout.flush()
        if not is_red:
            missed.append(name)
            sys.stdout.write(done.stdout[-2000:])
    sys.stdout.write(f"{len(GUARDS) - len(missed)} passed, {len(missed)} failed\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
