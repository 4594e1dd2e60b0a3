"""The examples of the README run as they are printed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from alembic_deploy.settings import read_url_env

if TYPE_CHECKING:
    from tests.conftest import Project

TEXT = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Return the README's code blocks in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)


def test_its_env_py_migrates(tracks: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Word for word, with the settings beside it; the output begins and ends as shown."""
    [env], [settings] = blocks("python"), blocks("toml")
    (tracks.directory / "alembic" / "env.py").write_text(env, encoding="utf-8")
    (tracks.directory / "pyproject.toml").write_text(settings, encoding="utf-8")
    (tracks.directory / "shop").mkdir()
    (tracks.directory / "shop" / "models.py").write_text(
        "from sqlalchemy import MetaData\nmetadata = MetaData()\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(tracks.directory)
    monkeypatch.setenv("SHOP_DATABASE_URL", tracks.url)
    url, tracks.url = tracks.url, ""

    lines = tracks.alembic("upgrade", "head").splitlines()

    assert lines[0].startswith("database: ")
    assert lines[1].startswith("  upgrade  aaaaaaaaaaaa  create tracks  ")
    assert lines[-1].startswith("base -> cccccccccccc on ")
    assert read_url_env(tracks.directory) == "SHOP_DATABASE_URL"
    tracks.url = url
    assert tracks.tables == {"tracks"}
