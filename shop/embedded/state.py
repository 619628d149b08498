"""The folder for files of the embedded servers, and the account that runs PostgreSQL."""

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
    """The account that runs the database: the current user, or `nobody` for root, which PostgreSQL refuses."""

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
        """Return whether this account can reach the folder through all its parents."""
        if not self.is_lent:
            return os.access(folder, os.X_OK)
        return all(self._may_search(path) for path in (folder, *folder.parents))

    def _may_search(self, folder: Path) -> bool:
        status = folder.stat()
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.gid:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)

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
    """Return the folder for files of the embedded servers, and create it if it is missing.

    It is SHOP_STATE_DIR or the checkout's `.embedded`, or a folder under /var/tmp if the database's account cannot reach
    the checkout, as for a clone in root's home.
    """
    account = Account.find()
    configured = os.environ.get("SHOP_STATE_DIR")
    folders = (
        [Path(configured).resolve()]
        if configured
        else [ROOT / ".embedded", Path("/var/tmp") / f"mercer-{checkout_mark()}"]
    )  # noqa: S108
    for folder in folders:
        with contextlib.suppress(PermissionError):
            folder.mkdir(mode=0o711, parents=True, exist_ok=True)
            if folder.stat().st_uid != os.geteuid():
                raise SystemExit(
                    f"The folder {folder} belongs to another user. Set SHOP_STATE_DIR to a folder of your own."
                )
            if account.can_enter(folder):
                return folder
    raise SystemExit(
        f"The account that runs PostgreSQL cannot reach {folders[0]}. Set SHOP_STATE_DIR to a folder that every user can enter."
    )


def end_with_parent(number: signal.Signals) -> Callable[[], None]:
    """Return a preexec function that makes the kernel send this signal to the child when its parent dies."""

    def ask() -> None:
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)

    return ask
