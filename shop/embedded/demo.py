"""Start and stop all services of the demo (`manage.py demo`)."""

import contextlib
import fcntl
import os
import secrets
import shutil
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from shop.embedded.postgres import Cluster
from shop.embedded.state import ROOT, state_folder
from shop.embedded.supervisor import Service, Supervisor
from shop.embedded.valkey import Valkey, free_port

OWNER = "owner@hearthside.example"
READY_SECONDS = 60
# On SIGTERM, gunicorn and Celery finish their work, such as rendering a hundred images. On SIGQUIT they end at once; the
# work is stored in PostgreSQL, where the next start finds it.
AT_ONCE = signal.SIGQUIT
CARDS = (
    ("4242 4242 4242 4242", "pays"),
    ("4000 0000 0000 0002", "is declined"),
    ("4000 0000 0000 9995", "has insufficient funds"),
    ("4000 0025 0000 3155", "needs 3-D Secure"),
)


class Refused(Exception):
    """The demo cannot start. The message is a sentence for the user."""


@dataclass(frozen=True)
class DemoOptions:
    """The options of the command line."""

    host: str
    port: int
    catalog: Path | None
    is_reset: bool


def is_taken(host: str, port: int) -> bool:
    """Return whether another process listens on this port."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


class Demo:
    """A running demo: its database, services and options."""

    def __init__(self, options: DemoOptions, say: Callable[[str], None]) -> None:
        self.options = options
        self.say = say
        self.state = state_folder()
        self.cluster = Cluster()
        self.supervisor = Supervisor(self.state, say)
        self.is_stopping = False

    @property
    def url(self) -> str:
        host = "127.0.0.1" if self.options.host in ("0.0.0.0", "::") else self.options.host  # noqa: S104  (compared, not bound)
        return f"http://{host}:{self.options.port}"

    @contextlib.contextmanager
    def only_one(self) -> Iterator[None]:
        """Refuse a second demo of this checkout inside the block, since both would use the same files."""
        with open(self.state / "demo.lock", "a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise Refused(f"A demo of this checkout is already running: {lock.read().strip()}") from None
            lock.truncate(0)
            lock.write(self.url)
            lock.flush()
            yield

    @property
    def is_open_to_others(self) -> bool:
        return self.options.host not in ("127.0.0.1", "localhost", "::1")

    def check_port(self) -> None:
        if not 0 < self.options.port < 65536:
            raise Refused("The port must be a number from 1 to 65535.")
        if is_taken(self.options.host, self.options.port):
            raise Refused(f"Port {self.options.port} is taken: try bin/demo --port {self.options.port + 1}.")

    def reset(self) -> None:
        """Delete all data of earlier demos."""
        for folder in (self.cluster.data_folder, self.state / "media", self.state / "valkey"):
            shutil.rmtree(folder, ignore_errors=True)
        for file in [
            *self.state.glob("sandbox.sqlite*"),
            *self.state.glob("catalog.txt"),
            *self.state.glob("beat*"),
        ]:
            file.unlink()

    def owner_password(self) -> str:
        """Return the owner's password, stored between starts in a file that only this user can read."""
        file = self.state / "owner.secret"
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text("-".join(secrets.token_hex(2) for _ in range(4)))
        return file.read_text()

    def start_services(self) -> None:
        """Start database, broker, stand-in for Stripe and web server, and wait for the broker."""
        self.cluster.start()
        valkey = Valkey.prepare(self.state)
        broker = Service("valkey", valkey.command)
        self.supervisor.start(broker)
        environment = self._environment(valkey.url)
        sandbox_port = environment["STRIPE_API_BASE"].rpartition(":")[2]
        sandbox = [
            sys.executable,
            "-m",
            "payments.sandbox",
            "--port",
            sandbox_port,
            "--file",
            str(self.state / "sandbox.sqlite"),
        ]
        sandbox += ["--webhook", f"http://127.0.0.1:{self.options.port}/payments/webhook/"]
        sandbox += ["--secret", environment["STRIPE_WEBHOOK_SECRETS"]]
        self.supervisor.start(Service("sandbox", sandbox))
        web = [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "shop/web_server.py"), "shop.wsgi"]
        bind = f"[{self.options.host}]" if ":" in self.options.host else self.options.host
        web_environment = {**environment, "SHOP_BIND": f"{bind}:{self.options.port}"}
        self.supervisor.start(Service("web", web, web_environment, AT_ONCE))
        self._await("Valkey", lambda: bool(broker.child) and valkey.is_answered_by(broker.child.pid))
        self.environment = environment

    def start_worker(self) -> None:
        worker = [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "shop",
            "worker",
            "--beat",
            "--queues",
            "celery,long",
            "--concurrency",
            "2",
            "--loglevel",
            "INFO",
        ]
        worker += ["--schedule", str(self.state / "beat"), "--without-gossip", "--without-mingle"]
        # With heartbeats, a worker that is stopped during its start would retry the first one forever if the broker is down.
        worker += ["--without-heartbeat"]
        self.supervisor.start(Service("worker", worker, {**self.environment, "SHOP_PROCESS": "worker"}, AT_ONCE))

    def _environment(self, redis_url: str) -> dict[str, str]:
        """Return the environment of all services, and store it in a file so that commands find the services."""
        secret = self.state / "webhook.secret"
        if not secret.exists():
            secret.touch(mode=0o600)
            secret.write_text(f"whsec_{secrets.token_hex(24)}")
        environment = {
            "SHOP_MODE": "demo",
            "SHOP_URL": self.url,
            "SHOP_ALLOWED_HOSTS": f"127.0.0.1,localhost,{self.options.host}"
            if self.url.endswith(f"{self.options.host}:{self.options.port}")
            else "*",
            "REDIS_URL": redis_url,
            "STRIPE_SECRET_KEY": "sk_test_sandbox",
            "STRIPE_API_BASE": f"http://127.0.0.1:{self._sandbox_port()}",
            "STRIPE_WEBHOOK_SECRETS": secret.read_text(),
        }
        descriptor = os.open(self.state / "demo.env", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.writelines(f"{name}={value}\n" for name, value in environment.items())
        return environment

    def _sandbox_port(self) -> int:
        """Return the port of the last start if it is free, so that old payment pages still work, or a new one."""
        file = self.state / "sandbox.port"
        known = int(file.read_text()) if file.exists() else 0
        port = known if known and not is_taken("127.0.0.1", known) else free_port()
        file.write_text(str(port))
        return port

    def await_first_page(self) -> None:
        self._await("the home page", self._home_answers)

    def _home_answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.options.port}/", timeout=10) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def _await(self, what: str, is_there: Callable[[], bool]) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not is_there():
            if self.is_stopping:
                return
            if time.monotonic() > deadline:
                raise Refused(f"Waited {READY_SECONDS} s for {what} without success. See the logs in {self.state}.")
            self.supervisor.restart_ended()
            time.sleep(0.05)

    def catch_signals(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask_to_stop)

    def _ask_to_stop(self, *_: object) -> None:
        self.is_stopping = True

    def watch(self) -> None:
        """Keep everything running until somebody asks to stop."""
        while not self.is_stopping:
            self.supervisor.restart_ended()
            if self.cluster.child and self.cluster.child.poll() is not None:
                self.say("PostgreSQL ended; starting it again.")
                self.cluster.start()
            time.sleep(0.2)

    def write_to_disk(self) -> threading.Thread:
        """Start a checkpoint in the background, so that stopping PostgreSQL later is quick."""
        thread = threading.Thread(target=self.cluster.checkpoint, daemon=True)
        thread.start()
        return thread

    def stop(self) -> None:
        self.write_to_disk()
        self.supervisor.stop()
        self.cluster.stop()
