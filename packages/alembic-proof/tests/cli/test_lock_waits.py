"""Revisions that wait for a connection of their own, through each driver."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from alembic_proof.postgres.connect import is_usable_driver


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg", "psycopg2"])
def test_a_revision_that_waits_for_itself_is_ended_and_named(
    open_case: Callable[[str], Path], run: Callable[..., tuple[int, str, str]], driver: str
) -> None:
    """Who waits for whom, the line, and no other revision that the wait stands in the way of."""
    if not is_usable_driver(driver):
        pytest.skip(f"{driver} is not installed")
    root = open_case("lock_waits")
    settings = (root / "pyproject.toml").read_text(encoding="utf-8")
    (root / "pyproject.toml").write_text(f'{settings}driver = "{driver}"\n', encoding="utf-8")

    code, out, _ = run("roundtrip")

    assert (code, re.sub(r"pid \d+( \([\w -]+\))?", "pid N", out)) == (
        1,
        (root / "expected.txt").read_text(encoding="utf-8"),
    )
