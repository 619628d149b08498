"""Where an import finds its pictures: beside the file or in one folder, never outside it, never on the network."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit


@dataclass(frozen=True)
class PictureFolder:
    """Looks pictures up by the relative paths of a file."""

    root: Path

    def read(self, source: str) -> bytes | None:
        """Return the picture's bytes; None where it is an address on the network, missing, or outside the folder."""
        parts = PurePosixPath(source)
        if urlsplit(source).scheme or parts.is_absolute() or not source:
            return None
        path = (self.root / parts).resolve()
        # resolve() follows links too, so neither `..` nor a link leads out.
        if not path.is_relative_to(self.root.resolve()) or not path.is_file():
            return None
        return path.read_bytes()
