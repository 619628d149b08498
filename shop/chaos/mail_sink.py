"""A mail server on loopback that accepts every message and counts the Message-IDs."""

import re
import socketserver
import threading
from collections import Counter


class _Conversation(socketserver.StreamRequestHandler):
    server: "MailSink"

    def handle(self) -> None:
        self._say("220 sink")
        for line in iter(self.rfile.readline, b""):
            word = line[:4].upper().strip()
            if word == b"DATA":
                self._say("354 go on")
                self.server.take(self._read_message())
                self._say("250 taken")
            elif word == b"QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _say(self, words: str) -> None:
        self.wfile.write(words.encode() + b"\r\n")

    def _read_message(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        return b"".join(lines)


class MailSink(socketserver.ThreadingTCPServer):
    """The server, in threads of this process. `ids` counts how often each Message-ID arrived."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.ids: Counter[str] = Counter()
        self._lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing when a killed worker leaves in the middle of a conversation."""

    def take(self, message: bytes) -> None:
        found = re.search(rb"^message-id:\s*(\S+)", message, re.IGNORECASE | re.MULTILINE)
        with self._lock:
            self.ids[found[1].decode() if found else ""] += 1

    @property
    def port(self) -> int:
        return int(self.server_address[1])
