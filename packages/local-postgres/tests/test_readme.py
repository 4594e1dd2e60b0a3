"""The example of the README works."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_postgres.settings import read_settings

README = Path(__file__).resolve().parents[1] / "README.md"
STATE = Path(__file__).resolve().parents[3]


def _block(language: str) -> str:
    (text,) = re.findall(rf"```{language}\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    return str(text)


def test_the_fixture_creates_a_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its URL names the shared server's socket; the database is dropped at the end."""
    monkeypatch.chdir(STATE)
    names: dict[str, Any] = {}
    exec(_block("python").replace("@pytest.fixture\n", ""), names)  # noqa: S102  our own example

    databases: Iterator[str] = names["database_url"]()

    assert next(databases).startswith("postgresql://alembic_proof@/alembic_proof_")
    assert next(databases, None) is None


def test_the_settings_can_be_pasted(tmp_path: Path) -> None:
    """All keys are known."""
    (tmp_path / "pyproject.toml").write_text(_block("toml"), encoding="utf-8")

    local = read_settings(tmp_path)

    assert local is not None
    assert (local.database, local.app_login) == ("shop", "shop_app")
