"""Environments for the corpus's projects."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus.errors import NotInstalledError
from corpus.install import install
from corpus.project import Project
from tests.checkout import ensure_tools


def test_what_cannot_be_had_is_said_with_the_project_s_name(tmp_path: Path) -> None:
    """The tests may skip a chain for this reason alone, so it must be told from every other."""
    (tmp_path / "requirements.txt").write_text("missing @ file:///missing-1-py3-none-any.whl\n")
    project = Project(
        name="shop",
        directory=tmp_path,
        distribution="missing",
        version="1",
        environment=(),
        groups=(),
    )

    with pytest.raises(NotInstalledError, match="shop cannot be installed"):
        install(project, uv=str(ensure_tools() / "bin" / "uv"), environments=tmp_path / "made")

    assert not (tmp_path / "made" / "shop" / "installed.txt").exists()
