"""What happened during a run, moment by moment."""

import json
import threading
import time
from collections import Counter
from pathlib import Path


class Journal:
    """A file with one JSON object a line, and counts of each kind of entry."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.begun = time.monotonic()
        self.counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        path.write_text("")

    def write(self, kind: str, /, **facts: object) -> None:
        """Append an entry with the seconds since the start."""
        line = json.dumps({"at": round(time.monotonic() - self.begun, 2), "what": kind, **facts}, default=str)
        with self._lock, open(self.path, "a") as file:
            self.counts[kind] += 1
            file.write(line + "\n")
