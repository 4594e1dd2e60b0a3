"""The tiny projects of `cases`, each as a copy that a test may work in."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from alembic_proof.cli import main
from alembic_proof.postgres.connect import is_usable_driver

_CASES = Path(__file__).parents[1] / "cases"
_DETAIL = re.compile(r"^  (.* \d+\.\d{3} s|(where|statement|now|do): .*)$\n", re.MULTILINE)
_PLACE = re.compile(r"^scratch databases: .*\n(warning: the role .*\n)?")


@pytest.fixture
def open_case(
    tmp_path: Path, server_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Path]]:
    """Copies a case and changes into it; whatever it imported is forgotten afterwards."""
    before = set(sys.modules)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("CASE_SCRATCH_URL", server_url)
    monkeypatch.setenv("ALEMBIC_PROOF_VERIFY_READS", "1")

    def open_(name: str) -> Path:
        root = tmp_path / name.replace("/", "_")
        shutil.copytree(_CASES / "project", root)
        shutil.copytree(_CASES / name, root, dirs_exist_ok=True)
        _skip_without_driver(root / "env.py")
        monkeypatch.chdir(root)
        return root

    yield open_
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def _skip_without_driver(env: Path) -> None:
    """An asynchronous env.py cannot be proved where no such driver is installed."""
    is_asynchronous = "async def" in env.read_text(encoding="utf-8")
    if is_asynchronous and not any(map(is_usable_driver, ("asyncpg", "psycopg"))):
        pytest.skip("an asynchronous env.py needs such a driver")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., tuple[int, str, str]]:
    """Runs alembic-proof here: exit code, output without steps, places and advice, errors.

    A round trip shows every note.
    """

    def run_(*arguments: str) -> tuple[int, str, str]:
        code = main((*arguments, "-v") if arguments[0] == "roundtrip" else arguments)
        captured = capsys.readouterr()
        return code, _DETAIL.sub("", captured.out), _PLACE.sub("", captured.err)

    return run_


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test with the argument `roundtrip_case` runs for every case of that proof, and so on."""
    for proof in ("roundtrip", "parity"):
        if f"{proof}_case" in metafunc.fixturenames:
            names = sorted(path.name for path in (_CASES / proof).iterdir() if path.is_dir())
            metafunc.parametrize(f"{proof}_case", names)
