"""The user that a server runs as: PostgreSQL refuses root, and a user without a name.

Root runs it in a user namespace, or, where the kernel refuses those, as a user of its own with its
data in a directory below /var/tmp.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_NOBODY = 65534
_REACHES_BOTH = 'test -w "$1" && test -r "$2" && test -x "$2"'


@dataclass(frozen=True, slots=True)
class Account:
    """How a program of PostgreSQL is started so that it does not run as root."""

    prefix: tuple[str, ...] = ()
    """The start of the command: nothing, or unshare and its options."""
    uid: int | None = None
    """The user to become by setuid; None for the current user."""

    def run(self, command: tuple[str, ...], **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a command and return the finished process, its output captured as text."""
        if self.uid is not None:
            options |= {"user": self.uid, "group": self.uid, "extra_groups": []}
        return subprocess.run(
            (*self.prefix, *command),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            **options,
        )


CURRENT_USER = Account()
NOBODY = Account(uid=_NOBODY)
"""A user with a name, but other programs may run as the same one."""
# Above the ranges that distributions, containers and systemd assign; below 2 ** 31.
# Source: https://systemd.io/UIDS-GIDS/
_FIRST_UNUSED, _UNUSED = 0x7000_0000, 0x0F00_0000


def user_of_its_own(name: str) -> Account:
    """Return a user that no other program runs as; nobody where there is none, as in some containers.

    It has no name, which the server does not need; initdb does.

    :param name: The same name gives the same user.
    """
    account = Account(uid=_FIRST_UNUSED + zlib.crc32(name.encode()) % _UNUSED)
    try:
        return account if account.run(("/bin/sh", "-c", ":"), cwd="/").returncode == 0 else NOBODY
    except OSError:
        return NOBODY


def is_root() -> bool:
    """Return whether this process runs as root, which PostgreSQL refuses."""
    return os.geteuid() == 0


def has_user_name() -> bool:
    """Return whether this user is in the user database; in a container it often is not."""
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    return True


def user_namespace(environ: Mapping[str, str], *, home: Path, program: Path) -> Account | None:
    """Return the current user in a namespace in which PostgreSQL sees the user `nobody`.

    None where the kernel refuses namespaces, or where root could not write to `home` or run
    `program` in one: there it has no rights to the files of other users.
    """
    unshare = shutil.which("unshare", path=environ.get("PATH"))
    if unshare is None:
        return None
    options = ("--user", f"--map-user={_NOBODY}", f"--map-group={_NOBODY}")
    account = Account((unshare, *options))
    check = ("/bin/sh", "-c", _REACHES_BOTH, "sh", str(home), str(program))
    try:
        return account if account.run(check, cwd="/").returncode == 0 else None
    except OSError:
        return None


def creator_for(account: Account) -> Account:
    """Return the user that runs initdb, which needs a user with a name."""
    return account if account.uid is None else NOBODY


def give(directory: Path, account: Account) -> None:
    """Make the user the owner of the directory and of all in it; links are not followed."""
    uid = -1 if account.uid is None else account.uid
    for place, directories, files in os.walk(directory, topdown=False):
        for name in (*directories, *files):
            os.chown(Path(place, name), uid, uid, follow_symlinks=False)
    os.chown(directory, uid, uid, follow_symlinks=False)


def is_runnable(bin_dir: Path, account: Account) -> bool:
    """Return whether the user can execute the server's programs there."""
    try:
        return account.run((str(bin_dir / "postgres"), "--version"), cwd="/").returncode == 0
    except OSError:
        return False
