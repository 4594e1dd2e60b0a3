"""The tiny projects of `cases`, each as a copy that a test may work in."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from alembic_deploy.url import is_usable_driver
from alembic_proof.catalog.read import VERIFY_VARIABLE
from alembic_proof.cli import main

_CASES = Path(__file__).parents[1] / "cases"
_DETAIL = re.compile(
    r"^([✓✗] .* \d+\.\d{3} s| +(where|statement|now|do|help): .*)$\n", re.MULTILINE
)
_EXTENT = re.compile(r" \((\d+ revisions?, )?\d+\.\d s\)$", re.MULTILINE)
_PLACE = re.compile(r"^scratch databases: .*\n(warning: the role .*\n)?")


@pytest.fixture
def open_case(
    tmp_path: Path, server_url: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Path]:
    """Copy a case and change into it."""
    monkeypatch.setenv("CASE_SCRATCH_URL", server_url)

    def open_(name: str) -> Path:
        root = tmp_path / _root_name(_CASES / name)
        shutil.copytree(_CASES / "project", root)
        shutil.copytree(_CASES / name, root, dirs_exist_ok=True)
        _skip_without_driver(root / "env.py")
        monkeypatch.chdir(root)
        return root

    return open_


@pytest.fixture
def verified_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare each incremental reading of a catalog with a full one."""
    monkeypatch.setenv(VERIFY_VARIABLE, "1")


def _skip_without_driver(env: Path) -> None:
    """Skip an asynchronous env.py if no asynchronous driver is installed."""
    is_asynchronous = "async def" in env.read_text(encoding="utf-8")
    if is_asynchronous and not any(map(is_usable_driver, ("asyncpg", "psycopg"))):
        pytest.skip("an asynchronous env.py needs such a driver")


@pytest.fixture
def expected(open_case: Callable[[str], Path]) -> Callable[[Path, str], str]:
    """Return the text of a case's expected.txt.

    With the environment variable UPDATE_EXPECTED=1 the file is first replaced by the output: run
    the tests once, then read the difference before it is committed.
    """

    def expected_(root: Path, out: str) -> str:
        if os.environ.get("UPDATE_EXPECTED") == "1":
            [case] = (
                path
                for path in _CASES.rglob("expected.txt")
                if _root_name(path.parent) == root.name
            )
            case.write_text(out, encoding="utf-8")
            return out
        return (root / "expected.txt").read_text(encoding="utf-8")

    return expected_


def _root_name(case: Path) -> str:
    return case.relative_to(_CASES).as_posix().replace("/", "_")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., tuple[int, str, str]]:
    """Run alembic-proof here: exit code, output without steps, times and help, errors.

    A round trip shows every note.
    """

    def run_(*arguments: str) -> tuple[int, str, str]:
        code = main((*arguments, "-v") if arguments[0] == "roundtrip" else arguments)
        captured = capsys.readouterr()
        out = _EXTENT.sub("", _DETAIL.sub("", captured.out))
        return code, out, _PLACE.sub("", captured.err)

    return run_


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test with the argument `roundtrip_case` for every case of that proof, and so on."""
    for proof in ("roundtrip", "parity"):
        if f"{proof}_case" in metafunc.fixturenames:
            cases = _CASES / proof
            expected = cases.rglob("expected.txt")
            names = sorted(path.parent.relative_to(cases).as_posix() for path in expected)
            metafunc.parametrize(f"{proof}_case", names)
