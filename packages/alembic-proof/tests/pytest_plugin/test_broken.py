"""A setup error is reported once, not for each item."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .run import Runner

NOISY_ENV = """
import logging.config, sys, warnings
logging.config.dictConfig({'version': 1, 'disable_existing_loggers': True})
sys.path.append('from env.py')
warnings.warn('from env.py', DeprecationWarning)
"""
SENSITIVE_TEST = """
import logging, sys

LOG = logging.getLogger('shop')

def test_log(caplog):
    LOG.warning('heard')

    assert 'heard' in caplog.text
    assert 'from env.py' not in sys.path
"""
PROOFS_FIRST = """
def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: not item.nodeid.startswith('alembic-proof'))
"""


def test_a_server_that_is_not_there(open_case: Callable[[str], Path], run: Runner) -> None:
    """The first item reports the error; round trip and parity do not repeat it."""
    root = open_case("parity/equal")

    done = run(root, "--alembic-proof", CASE_SCRATCH_URL="postgresql://x:secret@127.0.0.1:1/x")

    assert done.code == 1
    assert (len(done.with_outcome("error")), len(done.with_outcome("skipped"))) == (1, 4)
    assert "127.0.0.1" in done.output
    assert "secret" not in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize("case", ["breaks", "goes_its_own_way"])
def test_an_env_that_cannot_be_used(
    open_case: Callable[[str], Path], run: Runner, case: str
) -> None:
    """The error is that of the command line, with the line of env.py."""
    root = open_case(f"environment/{case}")

    done = run(root, "--alembic-proof", "-k", "not parity")

    assert done.code == 1
    assert (len(done.with_outcome("error")), len(done.with_outcome("skipped"))) == (1, 3)
    assert "env.py" in done.output
    assert "Traceback" not in done.output


def test_a_history_that_cannot_be_loaded(open_case: Callable[[str], Path], run: Runner) -> None:
    """It is an error of the collection, like a test file that cannot be imported."""
    root = open_case("roundtrip/history/clean")
    (root / "versions" / "0003_broken.py").write_text("revision = (\n", encoding="utf-8")

    done = run(root, "--alembic-proof")

    assert done.code == 2
    assert "ERROR collecting alembic-proof" in done.output
    assert "0003_broken.py" in done.output
    assert "Traceback" not in done.output


def test_no_project(tmp_path: Path, run: Runner) -> None:
    """The error says where the project was looked for, and which option names another file."""
    done = run(tmp_path, "--alembic-proof")

    assert done.code == 2
    assert "there is no Alembic project here: looked for alembic.ini" in done.output
    assert str(tmp_path) in done.output
    assert "--alembic-proof-config FILE" in done.output


def test_the_configuration_names_the_file(open_case: Callable[[str], Path], run: Runner) -> None:
    """The path is relative to rootdir; the option takes precedence."""
    root = open_case("parity/equal")
    (root / "alembic.ini").rename(root / "other.ini")
    (root / "pytest.ini").write_text("[pytest]\nalembic_proof_config = other.ini\n")

    named = run(root, "--alembic-proof")
    overruled = run(root, "--alembic-proof", "--alembic-proof-config", "third.ini")

    assert named.code == 0, named.output
    assert "there is no third.ini" in overruled.output


def test_logging_and_warnings_are_left_alone(open_case: Callable[[str], Path], run: Runner) -> None:
    """An env.py that configures logging and warns does not affect the project's other tests."""
    root = open_case("parity/equal")
    env = (root / "env.py").read_text(encoding="utf-8")
    (root / "env.py").write_text(f"{NOISY_ENV}\n{env}", encoding="utf-8")
    (root / "conftest.py").write_text(PROOFS_FIRST, encoding="utf-8")
    (root / "test_own.py").write_text(SENSITIVE_TEST, encoding="utf-8")

    done = run(root, "--alembic-proof", "-W", "error")

    assert done.code == 0, done.output
    assert list(done.outcomes)[-1] == "test_own::test_log"
    assert "from env.py" in done.output


@pytest.mark.parametrize(
    ("line", "outcomes"),
    [
        ("pass", ["passed"] * 4),
        ("import os; os._exit(0)", ["failed", "skipped", "skipped", "passed"]),
    ],
)
def test_a_revision_cannot_end_pytest(
    open_case: Callable[[str], Path], run: Runner, line: str, outcomes: list[str]
) -> None:
    """Else pytest itself would end with 0, and without a summary."""
    root = open_case("environment/is_synchronous")
    for path in (root / "versions").iterdir():
        path.unlink()
    text = (
        f"revision, down_revision = '0001', None\ndef upgrade():\n    {line}\n"
        "def downgrade():\n    pass\n"
    )
    (root / "versions/0001_users.py").write_text(text, encoding="utf-8")

    done = run(root, "--alembic-proof", "-k", "not parity")

    assert list(done.outcomes.values()) == outcomes
    assert done.code == int("failed" in outcomes)
    assert ("its upgrade fails: HardExit: os._exit(0)" in done.output) == bool(done.code)
