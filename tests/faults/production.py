"""A production shop set up as in the README: gunicorn and Celery behind nginx with https, nothing from the demo."""

import http.client
import os
import secrets
import shutil
import signal
import ssl
import subprocess
import sys
import urllib.parse
from contextlib import ExitStack
from pathlib import Path

from shop.embedded.postgres import Cluster
from shop.embedded.state import ROOT, end_with_parent
from shop.embedded.supervisor import end_group
from shop.embedded.valkey import Valkey, free_port
from tests.faults.demo import HANG_SECONDS, wait_for
from tests.journeys.shopper import Shopper

WORKER = (
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
    "1",
)
SECRET = "0123456789abcdefABCDEF"


class TlsShopper(Shopper):
    """A shopper who uses https from a local address and accepts any certificate."""

    def __init__(self, base: str, address: str = "127.0.0.1", **headers: str) -> None:
        super().__init__(base)
        self.address = address
        self.headers = headers

    def _connection(self, parts: urllib.parse.SplitResult) -> http.client.HTTPConnection:
        source = (self.address, 0)
        if parts.scheme == "http":
            connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60, source_address=source)
        else:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            connection = http.client.HTTPSConnection(
                parts.hostname or "", parts.port, timeout=60, source_address=source, context=context
            )
        send = connection.request
        connection.request = lambda method, url, body, headers: send(method, url, body, {**headers, **self.headers})
        return connection


class Production:
    """All processes of the shop, in one folder; `settings` are the contents of .env."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.stack = stack
        self.web_port, self.https_port, self.http_port = free_port(), free_port(), free_port()
        self.url = f"https://127.0.0.1:{self.https_port}"
        os.environ["SHOP_STATE_DIR"], before = str(folder), os.environ.get("SHOP_STATE_DIR")
        try:
            self.cluster = Cluster("walk")
            self.cluster.start()
        finally:
            os.environ.pop("SHOP_STATE_DIR") if before is None else os.environ.update(SHOP_STATE_DIR=before)
        stack.callback(self.cluster.stop)
        valkey = Valkey.prepare(folder)
        broker = self.start("redis", *valkey.command)
        wait_for(lambda: valkey.is_answered_by(broker.pid), "Redis")
        self.settings = {
            "DATABASE_URL": f"postgres://shop@{urllib.parse.quote(str(self.cluster.socket_folder), safe='')}/shop",
            "REDIS_URL": valkey.url,
            "SHOP_SECRET_KEY": secrets.token_urlsafe(60),
            "SHOP_URL": self.url,
            "SHOP_TRUSTED_PROXIES": "1",
            "STRIPE_SECRET_KEY": f"sk_live_{SECRET}",
            "STRIPE_WEBHOOK_SECRETS": f"whsec_{SECRET}",
            "SHOP_CHECKOUT_MIN_SECONDS": "0",  # programs fill the form in at once
            "EMAIL_URL": "smtp://localhost",
            "SHOP_MAIL_FROM": "Hearth <shop@hearth.shop>",
            "SHOP_STATE_DIR": str(folder),
            "SHOP_MEDIA_ROOT": str(folder / "media"),
            "SHOP_STATIC_ROOT": str(folder / "static"),
            "SHOP_BIND": f"127.0.0.1:{self.web_port}",
        }

    def environment(self, **changes: str) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("SHOP_", "STRIPE_", "DJANGO_", "EMAIL_"))}
        return {**clean, **self.settings, **changes}

    def start(self, name: str, *command: str, **changes: str) -> subprocess.Popen[bytes]:
        """Start a process that is stopped at the end of the test and writes to a log file."""
        environment = self.environment(**changes) if name != "redis" else None
        with open(self.folder / f"{name}.log", "ab") as log:
            child = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=end_with_parent(signal.SIGTERM),
            )
        self.stack.callback(lambda: (end_group(child.pid), child.wait(HANG_SECONDS)))
        return child

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def manage(self, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment(**changes),
            capture_output=True,
            text=True,
            timeout=HANG_SECONDS,
        )

    def start_web(self, **changes: str) -> subprocess.Popen[bytes]:
        """gunicorn answers, as the README starts it."""
        command = (sys.executable, "-m", "gunicorn", "-c", "shop/web_server.py", "shop.wsgi")
        child = self.start("web", *command, **changes)
        wait_for(self._web_answers, "gunicorn")
        return child

    def _web_answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.web_port, timeout=60)
        try:
            connection.request("GET", "/healthz", headers={"Host": "127.0.0.1"})
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def start_nginx(self) -> None:
        """nginx runs by docs/nginx.example.conf, with our ports, names and a certificate made here."""
        key, certificate = self.folder / "key.pem", self.folder / "certificate.pem"
        subject = ["-subj", "/CN=127.0.0.1", "-days", "2", "-nodes", "-newkey", "rsa:2048"]
        subprocess.run(
            ["openssl", "req", "-x509", *subject, "-keyout", key, "-out", certificate], check=True, capture_output=True
        )
        text = (ROOT / "docs/nginx.example.conf").read_text()
        text = "\n".join(line for line in text.splitlines() if "listen [::]" not in line)
        for old, new in {
            "listen 80": f"listen {self.http_port}",
            "listen 443": f"listen {self.https_port}",
            "https://$host$": f"https://$host:{self.https_port}$",
            "server_name shop.example": "server_name 127.0.0.1",
            "/etc/ssl/certs/shop.example.pem": str(certificate),
            "/etc/ssl/private/shop.example.key": str(key),
            "127.0.0.1:8000": f"127.0.0.1:{self.web_port}",
        }.items():
            assert old in text, old
            text = text.replace(old, new)
        paths = "\n".join(
            f"{kind}_temp_path {self.folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        user = "user root;" if os.geteuid() == 0 else ""
        (self.folder / "nginx.conf").write_text(
            f"{user}\npid {self.folder}/nginx.pid;\nerror_log {self.folder}/nginx-error.log;\ndaemon off;\n"
            f"events {{}}\nhttp {{\naccess_log off;\n{paths}\n{text}\n}}\n"
        )
        self.start(
            "nginx", shutil.which("nginx") or "nginx", "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")
        )
        wait_for(self._nginx_answers, "nginx")

    def _nginx_answers(self) -> bool:
        try:
            return TlsShopper(self.url).get("/healthz").status == 200
        except OSError:
            return False

    def start_nginx_and_web_with_the_stand_in(self) -> None:
        """Start what the README starts, with a stand-in for Stripe, which `check --deploy` would report."""
        port = free_port()
        self.start("sandbox", sys.executable, "-m", "payments.sandbox", "--port", str(port))
        stand_in = {"STRIPE_API_BASE": f"http://127.0.0.1:{port}", "STRIPE_SECRET_KEY": "sk_test_sandbox"}
        self.start_web(**stand_in)
        self.start("worker", *WORKER, "--schedule", str(self.folder / "beat"), SHOP_PROCESS="worker", **stand_in)
        self.start_nginx()
