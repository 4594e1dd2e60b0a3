"""Files that no other user has put there: others may be able to write to a checkout, or to /tmp.

A link may be part of a repository. A file that is written through it would be another one of the user's.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from local_postgres.errors import ServerError


def own_path(path: Path) -> Path:
    """Return the absolute path; its parent is resolved, the last part may still be a link."""
    absolute = Path(os.path.abspath(path))  # noqa: PTH100  Path has nothing that leaves links alone
    return absolute.parent.resolve() / absolute.name


def refuse_foreign(paths: Iterable[Path]) -> None:
    """Refuse files and directories that are links or belong to another user; missing ones are fine.

    :raises ServerError: There is such a path.
    """
    for path in paths:
        try:
            found = path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        if stat.S_ISLNK(found.st_mode):
            raise ServerError(
                "a link is in the place of a local server's files",
                where=str(path),
                todo="remove it; another directory is named by data in [tool.local-postgres]",
            )
        if found.st_uid != os.geteuid():
            raise ServerError(
                f"a local server's files belong to another user, uid {found.st_uid}",
                where=str(path),
                todo="run the command as that user; or delete them, with that user's rights or root's; or "
                "name another directory by data in [tool.local-postgres]",
            )


def write_own(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Replace the file by a rename: a server may be reading it.

    :raises ServerError: The unfinished file is there already, and is a link or another user's.
    """
    unfinished = path.with_name(f"{path.name}.new")
    refuse_foreign([unfinished])
    unfinished.unlink(missing_ok=True)  # of a killed run
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
        os.fchmod(descriptor, mode)  # whatever the umask is
        file.write(text)
    unfinished.replace(path)
