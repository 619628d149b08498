"""Find an import's pictures beside its file or in one folder, never outside that folder and never on the network."""

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

URL_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class ImageFolder:
    """A folder whose pictures an import file names by relative path."""

    root: Path

    def read(self, source: str) -> bytes | None:
        """The picture's bytes, or None if the source is a URL, missing or outside the folder."""
        parts = PurePosixPath(source)
        if not source or URL_SCHEME.match(source) or parts.is_absolute():
            return None
        try:
            path = (self.root / parts).resolve()
            # resolve() follows links too, so neither `..` nor a link leads out.
            if not path.is_relative_to(self.root.resolve()) or not path.is_file():
                return None
            return path.read_bytes()
        except OSError:  # the name is too long, or the folder is not readable
            return None
