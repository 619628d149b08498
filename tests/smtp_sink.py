"""A mail server on loopback that accepts everything and records the Message-IDs."""

import email
import socketserver
import threading


class _Talk(socketserver.StreamRequestHandler):
    server: "SmtpSink"

    def handle(self) -> None:
        self.say("220 sink")
        for line in iter(self.rfile.readline, b""):
            word = line[:4].upper().strip()
            if word == b"DATA":
                self.say("354 go on")
                self.server.take(self.read_message())
                self.say("250 taken")
            elif word == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")

    def say(self, words: str) -> None:
        self.wfile.write(words.encode() + b"\r\n")

    def read_message(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        return b"".join(lines)


class SmtpSink(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.ids: list[str] = []
        self._lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def take(self, raw: bytes) -> None:
        with self._lock:
            self.ids.append(str(email.message_from_bytes(raw)["Message-ID"]))

    @property
    def port(self) -> int:
        return self.server_address[1]
