"""All processes of a shop in a folder of its own, which can be killed and restarted one by one."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg

from shop.chaos.mail_sink import MailSink
from shop.embedded.postgres import Cluster
from shop.embedded.state import ROOT
from shop.embedded.supervisor import Service, Supervisor, end_group
from shop.embedded.valkey import Valkey, free_port

READY_SECONDS = 120
OWN_SETTINGS = ("SHOP_", "STRIPE_", "DJANGO_", "EMAIL_", "DATABASE_", "REDIS_", "CELERY_")
CELERY = (sys.executable, "-m", "celery", "-A", "shop")
# Without these, a worker that starts while the broker is away may wait for other workers for a long time.
WORKER_OPTIONS = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO")


@dataclass(frozen=True)
class Victim:
    """One process of a service."""

    service: str
    pid: int
    is_leader: bool

    def __str__(self) -> str:
        return f"{self.service} {'leader' if self.is_leader else 'child'} {self.pid}"


class Stage:
    """PostgreSQL, Valkey, the sandbox, two web servers, two workers, beat and a mail server, all on loopback."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self.folder = folder
        self.say = say
        os.environ["SHOP_STATE_DIR"] = str(folder)
        self.cluster = Cluster()
        self.supervisor = Supervisor(folder, lambda _text: None)
        self.sink = MailSink()
        self.port, self.sandbox_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.sandbox_url = f"http://127.0.0.1:{self.sandbox_port}"
        self.webhook_url = f"{self.url}/payments/webhook/"
        self.secret = f"whsec_{secrets.token_hex(24)}"
        self.environment: dict[str, str] = {}

    # -- start and stop ------------------------------------------------------------------------------

    def start_storage(self) -> None:
        """Start the services that store something: PostgreSQL, Valkey and the sandbox."""
        self.cluster.start()
        self.valkey = Valkey.prepare(self.folder)
        self.supervisor.start(Service("valkey", self.valkey.command))
        clean = {name: value for name, value in os.environ.items() if not name.startswith(OWN_SETTINGS)}
        database = f"postgres://shop@{quote(str(self.cluster.socket_folder), safe='')}/shop"
        self.environment = clean | {
            "SHOP_STATE_DIR": str(self.folder),
            "SHOP_MODE": "demo",
            "SHOP_URL": self.url,
            "SHOP_ALLOWED_HOSTS": "127.0.0.1",
            "SHOP_BIND": f"127.0.0.1:{self.port}",
            "SHOP_ORDERS_PER_HOUR": "1000000",
            "SHOP_MAX_UNPAID_UNITS": "0",
            "SHOP_LOG_LEVEL": "WARNING",
            "DATABASE_URL": database,
            "REDIS_URL": self.valkey.url,
            "EMAIL_URL": f"smtp://127.0.0.1:{self.sink.port}",
            "STRIPE_SECRET_KEY": "sk_test_sandbox",
            "STRIPE_API_BASE": self.sandbox_url,
            "STRIPE_WEBHOOK_SECRETS": self.secret,
        }
        sandbox = [sys.executable, "-m", "payments.sandbox", "--port", str(self.sandbox_port)]
        sandbox += ["--file", str(self.folder / "sandbox.sqlite"), "--webhook", self.webhook_url]
        self.supervisor.start(Service("sandbox", [*sandbox, "--secret", self.secret]))

    def start_shop(self) -> None:
        """Start web servers, workers and beat, and wait for the first page.

        Two web servers share the port, as several do behind a proxy, so that a shop with one that starts still answers.
        """
        web = [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "shop/web_server.py"), "--reuse-port", "--preload"]
        for number in (1, 2):
            self._start(f"web-{number}", [*web, "shop.wsgi"], SHOP_WEB_WORKERS="1")
        for number in (1, 2):
            worker = [*CELERY, "worker", "--queues", "celery,long", "--concurrency", "1", *WORKER_OPTIONS]
            self._start(f"worker-{number}", [*worker, "--hostname", f"worker-{number}@chaos"], SHOP_PROCESS="worker")
        beat = [*CELERY, "beat", "--schedule", str(self.folder / "beat"), "--pidfile", ""]
        self._start("beat", beat, SHOP_PROCESS="worker")
        self.wait_until(self.answers, "the web server")

    def _start(self, name: str, command: list[str], **settings: str) -> None:
        self.supervisor.start(Service(name, command, {**self.environment, **settings}, signal.SIGQUIT))

    def stop(self) -> None:
        """Stop everything that was started."""
        self.supervisor.stop()
        self.cluster.stop()
        self.sink.shutdown()
        self.sink.server_close()

    def wait_until(self, condition: Callable[[], bool], what: str, seconds: float = READY_SECONDS) -> None:
        """Wait for a condition while services that ended are restarted; raise TimeoutError after `seconds`."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(f"Waited {seconds:.0f} s for {what} without success. See the logs in {self.folder}.")
            self.revive()
            time.sleep(0.2)

    def answers(self) -> bool:
        """Return whether the shop's readiness page answers."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    # -- commands and queries ------------------------------------------------------------------------

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a management command of this shop."""
        return subprocess.run(
            [sys.executable, ROOT / "manage.py", *arguments],
            env={**self.environment, "SHOP_PROCESS": "command"},
            capture_output=True,
            text=True,
            check=False,
        )

    def prepare(self, *arguments: str) -> None:
        """Run a management command that must succeed."""
        done = self.manage(*arguments)
        if done.returncode:
            raise RuntimeError(f"{' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")

    def rows(self, query: str, *values: object) -> list[tuple]:
        """Read from the shop's database, in one snapshot."""
        with self.cluster.connect("shop") as connection, connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            return connection.execute(query.encode(), values or None).fetchall()

    def ask_sandbox(self, path: str, **form: str) -> dict:
        """Do something on the sandbox's dashboard; without a form, read from it."""
        body = "&".join(f"{name.lstrip('_')}={quote(value)}" for name, value in form.items()).encode() or None
        with urllib.request.urlopen(f"{self.sandbox_url}/sandbox/{path}", body, timeout=30) as answer:
            return dict(json.load(answer))

    def objects(self, kind: str) -> list[dict]:
        """Every object of one kind at the sandbox, newest first."""
        found: list[dict] = []
        after = ""
        while True:
            url = f"{self.sandbox_url}/v1/{kind}?limit=100{after}"
            request = urllib.request.Request(url, headers={"Authorization": "Bearer sk_test_sandbox"})
            with urllib.request.urlopen(request, timeout=30) as answer:
                page = json.load(answer)
            found += page["data"]
            if not page["has_more"]:
                return found
            after = f"&starting_after={page['data'][-1]['id']}"

    # -- disturbances --------------------------------------------------------------------------------

    def victims(self) -> list[Victim]:
        """Every process of web server, workers and beat, found by the session that each service leads."""
        leaders = {
            service.child.pid: service.name
            for service in self.supervisor.services
            if service.child and service.is_running and service.name not in ("valkey", "sandbox")
        }
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if fields[0] != "Z" and (name := leaders.get(int(fields[3]))):
                found.append(Victim(name, int(entry.name), int(entry.name) in leaders))
        return sorted(found, key=lambda victim: (victim.service, victim.pid))

    def kill(self, victim: Victim) -> None:
        """Kill one process of this stage; the next `revive` restarts its service if it led it."""
        if victim in self.victims():
            os.kill(victim.pid, signal.SIGKILL)

    def revive(self) -> None:
        """Restart services that have ended."""
        self.supervisor.restart_ended()

    def restart_redis_empty(self) -> None:
        """Kill Valkey, delete what it stored and start it again."""
        service = next(service for service in self.supervisor.services if service.name == "valkey")
        assert service.child
        end_group(service.child.pid)
        shutil.rmtree(self.folder / "valkey/appendonlydir", ignore_errors=True)
        self.supervisor.start(service)

    def restart_postgres(self) -> None:
        """Stop PostgreSQL at once, as a crash would, and start it again, which recovers from its log."""
        assert self.cluster.child
        self.cluster.child.send_signal(signal.SIGQUIT)
        self.cluster.child.wait(30)
        self.cluster.start()

    def answers_query(self) -> bool:
        try:
            self.rows("SELECT 1")
        except psycopg.Error:
            return False
        return True
