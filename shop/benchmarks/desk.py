"""A server of the desk that says what each page cost, and the requests that compare two such servers.

One server runs for each database, and requests go to them in turn, so that both meet the same noise of the machine.
What was measured is kept page by page, so that a run can be stopped and continued.
"""

import gc
import http.client
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from django.conf import settings
from django.core.cache import caches
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.test import Client

from accounts.models import User
from shop.benchmarks.databases import environment_of
from shop.benchmarks.desk_pages import all_pages
from shop.embedded.postgres import Cluster
from shop.embedded.state import ROOT
from shop.operations import health

LIMIT = 1.15  # a page that grew by less, in pairs that agree, is not measured further
AGREE = 0.1
HOST = "testserver"
FORGET = "HTTP_X_FORGET"  # a request with this header finds empty caches of the process
CPU, QUERIES = "X-Bench-CPU", "X-Bench-Queries"  # nanoseconds of this process and its database connection; queries
TIMEOUT = 120


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the name of the base class)
        """Write no line for each request."""


def serve_desk() -> None:
    """Serve the shop, one request at a time, until the process is ended. Print address, cookie and pages as JSON."""
    owner = User.objects.filter(is_superuser=True).first() or User.objects.create_superuser("bench@example.com")
    health.record_completeness(is_complete=True)  # as in a shop that is open; the made-up one has no legal pages
    staff = Client()
    staff.force_login(owner)
    pages = all_pages(staff)
    connection.close()
    connection.settings_dict["CONN_MAX_AGE"] = None  # one connection for all requests, whose CPU time is counted
    server = WSGIServer(("127.0.0.1", 0), _Quiet)
    server.set_app(_measuring(get_wsgi_application()))
    cookie = f"{settings.SESSION_COOKIE_NAME}={staff.cookies[settings.SESSION_COOKIE_NAME].value}"
    sys.stdout.write(json.dumps({"port": server.server_address[1], "cookie": cookie, "pages": pages}) + "\n")
    sys.stdout.flush()
    gc.freeze()
    server.serve_forever()


def _measuring(shop: Callable) -> Callable:
    """Add headers to each response that say how much CPU time and how many queries it took."""

    def measured(environ: dict[str, Any], start_response: Callable) -> list[bytes]:
        if FORGET in environ:
            caches["process"].clear()
        connection.ensure_connection()
        backend = connection.connection.info.backend_pid
        counted = _Counted()
        started: list[tuple] = []
        before, begun = _busy(backend), time.process_time_ns()
        with connection.execute_wrapper(counted):
            answer = shop(environ, lambda status, headers, *_: started.append((status, headers)))
            body = b"".join(answer)
            with suppress(AttributeError):
                answer.close()
        spent = time.process_time_ns() - begun + _busy(backend) - before
        status, headers = started[-1]
        start_response(status, [*headers, (CPU, str(spent)), (QUERIES, str(counted.count))])
        return [body]

    return measured


class _Counted:
    """Counts queries as a wrapper of the connection."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, execute: Callable, sql: str, params: Any, many: bool, context: dict) -> Any:  # noqa: FBT001
        self.count += 1
        return execute(sql, params, many, context)


def _busy(process: int) -> int:
    """The nanoseconds of CPU time of a process; 0 where the system does not say so."""
    with suppress(OSError):
        return int(Path(f"/proc/{process}/schedstat").read_text().split()[0])
    return 0


@dataclass
class Figures:
    """What the requests for one page of one database took. `first` is the number of queries with empty caches.

    `rows` is the number of table rows that the page drew, with those of table heads.
    """

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    first: int = 0
    rows: int = 0

    @property
    def p50(self) -> float:
        return statistics.median(self.wall)

    @property
    def cpu_p50(self) -> float:
        return statistics.median(self.cpu)


class PageError(Exception):
    """A page did not answer with 200."""


class DeskServer:
    """A server of one database, as a process of its own."""

    def __init__(self, cluster: Cluster, database: str) -> None:
        self.process = subprocess.Popen(  # noqa: S603  (our own command)
            [sys.executable, ROOT / "manage.py", "bench", "serve-desk"],
            env=environment_of(cluster, database),
            stdout=subprocess.PIPE,
            text=True,
        )

    def wait(self) -> "DeskServer":
        """Wait until it serves; read where, and which pages it has."""
        assert self.process.stdout is not None  # noqa: S101
        told = json.loads(self.process.stdout.readline())
        self.port, self.cookie, self.pages = told["port"], told["cookie"], told["pages"]
        return self

    def __enter__(self) -> "DeskServer":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait()

    def get(self, url: str, figures: Figures, *, is_first: bool = False) -> None:
        """Ask for the page, follow its redirects, and note what it cost."""
        begun, spent, queries = time.perf_counter(), 0, 0
        headers = {"Host": HOST, "Cookie": self.cookie, **({"X-Forget": "1"} if is_first else {})}
        for _ in range(3):
            client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
            client.request("GET", url, headers=headers)
            answer = client.getresponse()
            body = answer.read()
            client.close()
            spent += int(answer.headers[CPU] or 0)
            queries += int(answer.headers[QUERIES] or 0)
            if answer.status not in (301, 302):
                break
            target = urlsplit(answer.headers["Location"])
            url = f"{target.path}?{target.query}" if target.query else target.path
        if answer.status != 200:  # noqa: PLR2004
            raise PageError(f"{url} answered {answer.status}")
        if is_first:
            figures.first = queries
        else:
            figures.wall.append((time.perf_counter() - begun) * 1000)
            figures.cpu.append(spent / 1_000_000)
        figures.rows = body.count(b"<tr")


Results = dict[str, list[Figures]]


@dataclass(frozen=True)
class Plan:
    """What a run measures: how many requests for each page, pages whose name has a text, and for how long at most.

    With a file, each page is written to it, and pages that it has already are not measured again.
    """

    requests: int
    only: str = ""
    seconds: float = float("inf")
    kept: Path | None = None

    def read(self) -> Results:
        if not (self.kept and self.kept.exists()):
            return {}
        lines = map(json.loads, self.kept.read_text().splitlines())
        return {line["page"]: [Figures(**figures) for figures in line["figures"]] for line in lines}

    def write(self, page: str, found: Sequence[Figures]) -> None:
        if self.kept:
            with self.kept.open("a") as file:
                file.write(json.dumps({"page": page, "figures": [asdict(figures) for figures in found]}) + "\n")


def compare_desks(cluster: Cluster, databases: Sequence[str], plan: Plan, say: Callable[[str], object]) -> Results:
    """Return the figures of every page that all databases have, in the order of the databases."""
    ends_at = time.monotonic() + plan.seconds
    results = plan.read()
    with ExitStack() as stack:
        servers = [stack.enter_context(DeskServer(cluster, database)) for database in databases]
        for server in servers:
            server.wait()
        for name in _odd([server.pages for server in servers]):
            say(f"Not in every database, so not compared: {name}")
        names = [name for name in servers[0].pages if all(name in server.pages for server in servers)]
        missing = [name for name in names if plan.only in name and name not in results]
        for number, name in enumerate(sorted(missing, key=_later)):
            if time.monotonic() > ends_at:
                say(
                    f"The time is over: {len(missing) - number} of {len(names)} pages are left. Continue with --resume."
                )
                break
            try:
                results[name] = _compared(servers, name, plan.requests)
            except PageError as error:
                say(f"Not measured: {name}. {error}")
                continue
            plan.write(name, results[name])
    return {name: results[name] for name in names if name in results and plan.only in name}


def _later(name: str) -> bool:
    """Whether the page is one use of a list. These are measured last: home, orders and whole lists matter more."""
    return ":" in name and not name.startswith("orders")


def _odd(pages: Iterable[dict[str, str]]) -> list[str]:
    sets = [set(known) for known in pages]
    return sorted(set.union(*sets) - set.intersection(*sets))


def _compared(servers: Sequence[DeskServer], name: str, requests: int) -> list[Figures]:
    """Ask both servers in turn: first with empty caches, which are not measured, then until the figures are clear."""
    found = [Figures() for _ in servers]
    for server, figures in zip(servers, found, strict=True):
        server.get(server.pages[name], figures, is_first=True)
    for number in range(requests):
        for server, figures in zip(servers, found, strict=True):
            server.get(server.pages[name], figures)
        if number and _is_clear(found):
            break
    return found


def _is_clear(found: Sequence[Figures]) -> bool:
    """Whether further requests would not change what is known: the page grew little, and the last two pairs agree."""
    growth = [many / few for few, many in zip(found[0].cpu, found[-1].cpu, strict=True)]
    return max(growth[-2:]) < LIMIT or (statistics.median(growth) < LIMIT and abs(growth[-1] - growth[-2]) < AGREE)
