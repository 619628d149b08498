"""A running demo with a state of its own, for tests from the outside."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from shop.embedded.state import ROOT


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# Only catches a hang: at least ten times as long as the slowest of these conditions usually takes.
HANG_SECONDS = 300


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Wait until the condition is true, however long it takes."""
    begun = time.monotonic()
    while not condition():
        if time.monotonic() - begun > HANG_SECONDS:
            raise AssertionError(f"{what}: not within {HANG_SECONDS} s")
        time.sleep(0.1)


@contextmanager
def demo_folder() -> Iterator[Path]:
    """A folder for a demo's state. The account that runs PostgreSQL must reach it, and pytest's folders are 0700."""
    with tempfile.TemporaryDirectory(prefix="mercer-test-", dir="/var/tmp", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


class RunningDemo:
    """`manage.py demo` in a process group of its own."""

    def __init__(self, state: Path, *arguments: str) -> None:
        self.state = state
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        environment = {
            key: value for key, value in os.environ.items() if not key.startswith(("SHOP_", "STRIPE_", "DJANGO_"))
        }
        self.environment = {**environment, "SHOP_STATE_DIR": str(state), "PYTHONUNBUFFERED": "1"}
        self.log = state / "demo-output.log"
        self.start(*arguments)

    def start(self, *arguments: str) -> None:
        with open(self.log, "wb") as output:
            self.child = subprocess.Popen(
                [sys.executable, "manage.py", "demo", "--port", str(self.port), *arguments],
                cwd=ROOT,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self.log.read_text()

    def await_ready(self) -> None:
        wait_for(lambda: "first page after" in self.output or self.child.poll() is not None, "the home page")
        assert self.child.poll() is None, self.output

    def stored_environment(self) -> dict[str, str]:
        return dict(line.split("=", 1) for line in (self.state / "demo.env").read_text().splitlines())

    def processes(self) -> dict[int, str]:
        """Every process whose environment or command names this demo's state, by its id."""
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                words = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
                status = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
            except OSError:
                continue
            pid = int(entry.name)
            if str(self.state).encode() in words and status != "Z" and pid not in (os.getpid(), self.child.pid):
                found[pid] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        return found

    def find(self, words: str) -> int:
        """The oldest process whose command holds these words."""
        return min(pid for pid, command in self.processes().items() if words in command)

    def manage(self, *arguments: str, killed_after: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command to its end, or until the function with this dotted name has returned."""
        program = ["-m", "tests.faults.killed_after", killed_after] if killed_after else ["manage.py"]
        return subprocess.run(
            [sys.executable, *program, *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=HANG_SECONDS,
        )

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to stop; returns its exit code."""
        self.child.send_signal(number)
        return self.child.wait(HANG_SECONDS)
