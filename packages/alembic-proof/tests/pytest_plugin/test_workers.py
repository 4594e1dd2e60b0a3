"""With pytest-xdist every item is proved once, in any of the workers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .run import Run

FAILED = [
    "0002_typo::downgrade",
    "0003_role::downgrade",
    "0003_role::second-upgrade",
    "0004_missing::upgrade",
    "0006_beside::downgrade",
]


@pytest.fixture
def root(open_case: Callable[[str], Path]) -> Path:
    """Return a project with faults whose first revision writes a file for each process that runs it."""
    root = open_case("roundtrip/history/one_run_lists_all")
    first = root / "versions" / "0001_users.py"
    source = first.read_text(encoding="utf-8")
    head = "def upgrade() -> None:\n"
    witness = '    __import__("pathlib").Path(f"ran.{__import__(\'os\').getpid()}").touch()\n'
    first.write_text(source.replace(head, head + witness), encoding="utf-8")
    return root


@pytest.mark.parametrize("distribution", ["load", "loadgroup"])
def test_workers_find_what_one_process_finds(
    root: Path, run_process: Callable[..., Run], distribution: str
) -> None:
    """One worker proves, and the others wait for its result."""
    done = run_process(root, "--alembic-proof", "-k", "not parity", "-n2", f"--dist={distribution}")

    assert done.code == 1
    assert sorted(done.with_outcome("failed")) == FAILED
    assert (len(done.with_outcome("skipped")), len(done.with_outcome("passed"))) == (6, 11)
    assert len(list(root.glob("ran.*"))) == 1


def test_what_is_broken_is_one_error(root: Path, run_process: Callable[..., Run]) -> None:
    """One worker reports a shared error, and all other items are skipped."""
    done = run_process(
        root,
        *("--alembic-proof", "-k", "not parity", "-n2"),
        CASE_SCRATCH_URL="postgresql://nobody@127.0.0.1:1/nowhere",
    )

    assert done.code == 1
    assert len(done.with_outcome("error")) == 1
    assert len(done.with_outcome("skipped")) == 21
