"""Where an import finds its pictures: beside the file or in one folder, never outside it, never on the network."""

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class PictureFolder:
    """Looks pictures up by the relative paths of a file."""

    root: Path

    def read(self, source: str) -> bytes | None:
        """Return the picture's bytes; None where it is an address on the network, missing, or outside the folder."""
        parts = PurePosixPath(source)
        if not source or ADDRESS.match(source) or parts.is_absolute():
            return None
        try:
            path = (self.root / parts).resolve()
            # resolve() follows links too, so neither `..` nor a link leads out.
            if not path.is_relative_to(self.root.resolve()) or not path.is_file():
                return None
            return path.read_bytes()
        except OSError:  # a name longer than names can be, a folder that we may not look into
            return None
