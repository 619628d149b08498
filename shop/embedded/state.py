"""Where the embedded servers keep their files, and the account that PostgreSQL runs as."""

import contextlib
import ctypes
import hashlib
import os
import pwd
import signal
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Account:
    """Whoever runs the database: ourselves, or `nobody` where we are root, since PostgreSQL refuses root."""

    uid: int
    gid: int
    is_lent: bool

    @classmethod
    def find(cls) -> "Account":
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            return cls(nobody.pw_uid, nobody.pw_gid, is_lent=True)
        return cls(os.geteuid(), os.getegid(), is_lent=False)

    @property
    def popen_arguments(self) -> dict[str, Any]:
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.is_lent else {}

    def can_enter(self, folder: Path) -> bool:
        """Every folder on the way down lets this account through."""
        if not self.is_lent:
            return os.access(folder, os.X_OK)
        return all(self._may_search(place) for place in (folder, *folder.parents))

    def _may_search(self, place: Path) -> bool:
        facts = place.stat()
        if facts.st_uid == self.uid:
            return bool(facts.st_mode & stat.S_IXUSR)
        if facts.st_gid == self.gid:
            return bool(facts.st_mode & stat.S_IXGRP)
        return bool(facts.st_mode & stat.S_IXOTH)

    def give(self, folder: Path) -> Path:
        """Make a folder that only this account (and root) can open."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.is_lent:
            os.chown(folder, self.uid, self.gid)
        return folder


def checkout_mark() -> str:
    """Return a short name for this checkout that differs from every other checkout's."""
    return hashlib.sha256(str(ROOT).encode()).hexdigest()[:12]


def state_folder() -> Path:
    """The folder of everything the embedded servers keep; made where it is missing.

    SHOP_STATE_DIR decides, else the checkout's own `.embedded`, else a folder under /var/tmp where the
    database's account cannot reach the checkout (a clone in root's 0700 home).
    """
    account = Account.find()
    told = os.environ.get("SHOP_STATE_DIR")
    places = [Path(told).resolve()] if told else [ROOT / ".embedded", Path("/var/tmp") / f"mercer-{checkout_mark()}"]  # noqa: S108
    for place in places:
        with contextlib.suppress(PermissionError):
            place.mkdir(mode=0o711, parents=True, exist_ok=True)
            if place.stat().st_uid != os.geteuid():
                raise SystemExit(
                    f"The folder {place} belongs to another user. Set SHOP_STATE_DIR to a folder of your own."
                )
            if account.can_enter(place):
                return place
    raise SystemExit(
        f"The account that runs PostgreSQL cannot reach {places[0]}. Set SHOP_STATE_DIR to a folder that every user can enter."
    )


def end_with_parent(number: signal.Signals) -> Callable[[], None]:
    """Return a preexec function: the kernel sends this signal to the child when its parent dies, however it dies."""

    def ask() -> None:
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)

    return ask
