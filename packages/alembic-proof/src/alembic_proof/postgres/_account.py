"""As whom the server runs: PostgreSQL refuses root, and users that have no name."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NOBODY = 65534
_REACHES_BOTH = 'test -w "$1" && test -r "$2" && test -x "$2"'


@dataclass(frozen=True, slots=True)
class Account:
    """How a program of PostgreSQL is started so that it does not see root."""

    prefix: tuple[str, ...] = ()
    """What stands before the command: nothing, or unshare and its options."""
    uid: int | None = None
    """The user to become by setuid; None to stay who one is."""

    def run(self, command: tuple[str, ...], **options: Any) -> subprocess.CompletedProcess[str]:
        """The finished process of a command, its output captured as text."""
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


ONESELF = Account()
ANOTHER = Account(uid=NOBODY)


def is_root() -> bool:
    """Whether this process is one that PostgreSQL refuses."""
    return os.geteuid() == 0


def has_a_name() -> bool:
    """Whether this user is in the user database; in a container it often is not."""
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    return True


def user_namespace(environ: Mapping[str, str], *, home: Path, program: Path) -> Account | None:
    """Oneself, seen by PostgreSQL as `nobody`; None where the kernel refuses that.

    Also None where root loses the right to write `home` or to run `program` that way, as it does
    with files of others.
    """
    unshare = shutil.which("unshare", path=environ.get("PATH"))
    if unshare is None:
        return None
    options = ("--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}")
    account = Account((unshare, *options))
    check = ("/bin/sh", "-c", _REACHES_BOTH, "sh", str(home), str(program))
    try:
        return account if account.run(check, cwd="/").returncode == 0 else None
    except OSError:
        return None
