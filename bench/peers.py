"""Others' tools, set up on the generated project as their manuals say, and how they are run."""

from __future__ import annotations

import sys
from pathlib import Path

_ALEMBIC = """import os

import pytest
import sqlalchemy as sa


@pytest.fixture
def alembic_config():
    return {"file": "alembic.ini"}


@pytest.fixture
def alembic_engine():
    return sa.create_engine(os.environ["BENCH_URL"])
"""

_MRT = """import os

from pytest_mrt import MRTConfig


def pytest_configure(config):
    config._mrt_config = MRTConfig(
        alembic_ini="alembic.ini", db_url=os.environ["BENCH_URL"], seed_rows=3
    )
"""


def pytest_alembic(project: Path) -> tuple[str, ...]:
    """Return the command that runs pytest-alembic's built-in suite on the project."""
    return _pytest(project, _ALEMBIC, "-p", "no:mrt", "--test-alembic")


def pytest_mrt(project: Path) -> tuple[str, ...]:
    """Return the command that runs pytest-mrt's up_down_consistency on the project, with rows."""
    chosen = ("-k", "test_mrt_up_down_consistency")
    return _pytest(project, _MRT, "-p", "no:pytest_alembic", *chosen)


def _pytest(project: Path, conftest: str, *options: str) -> tuple[str, ...]:
    """Pytest with such a conftest.py, which is written where both look for it."""
    tests = project / "tests"
    tests.mkdir(exist_ok=True)
    (tests / "conftest.py").write_text(conftest, encoding="utf-8")
    return (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, "tests")
