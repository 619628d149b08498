"""Run services as child processes, restart them if they end, and stop all of them together."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from shop.embedded.state import end_with_parent

STOP_SECONDS = 1.0  # for all services together; those still running then are killed, which is safe for them
RESTART_PAUSE = 1.0  # minimum seconds between two starts of a service, in case it fails at once


@dataclass
class Service:
    """A service: the command to start it, and its process while it runs."""

    name: str
    command: list[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    child: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0

    @property
    def is_running(self) -> bool:
        return self.child is not None and self.child.poll() is None


class Supervisor:
    """Start services in their own process groups, restart those that end, and stop all of them."""

    def __init__(self, log_folder: Path, say: Callable[[str], None]) -> None:
        self.log_folder = log_folder
        self.say = say
        self.services: list[Service] = []

    def start(self, service: Service) -> None:
        """Start the service, with its output in its log file."""
        if service not in self.services:
            self.services.append(service)
        with open(self.log_folder / f"{service.name}.log", "ab") as log:
            service.child = subprocess.Popen(
                service.command,
                env={**os.environ, **service.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=end_with_parent(service.stop_signal),
            )
        service.started_at = time.monotonic()

    def restart_ended(self) -> None:
        """Restart services that have ended, once their whole process group is gone."""
        for service in self.services:
            if service.is_running or time.monotonic() < service.started_at + RESTART_PAUSE:
                continue
            assert service.child  # noqa: S101
            self.say(f"{service.name} ended ({service.child.returncode}); starting it again.")
            end_group(service.child.pid)
            self.start(service)

    def stop(self) -> None:
        """Stop all services, and kill what is left of their process groups."""
        for service in reversed(self.services):
            if service.is_running and service.child:
                service.child.send_signal(service.stop_signal)
        deadline = time.monotonic() + STOP_SECONDS
        for service in reversed(self.services):
            if service.child:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    service.child.wait(max(0.0, deadline - time.monotonic()))
                _kill_group(service.child.pid)
        for service in self.services:
            if service.child:
                end_group(service.child.pid)


def _kill_group(leader: int) -> bool:
    """Kill every process of this group, and return whether there was one."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def end_group(leader: int) -> None:
    """Kill all processes of this group, and wait until they are gone."""
    while _kill_group(leader):
        with contextlib.suppress(ChildProcessError):
            os.waitpid(-leader, os.WNOHANG)
        time.sleep(0.01)
