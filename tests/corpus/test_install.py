"""Environments for the corpus's projects."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus.errors import NotInstalledError
from corpus.install import install
from corpus.project import Project
from tests.checkout import ensure_tools


def test_a_failed_download_names_the_project(tmp_path: Path) -> None:
    """Tests may skip a project for this reason only, so it must differ from every other error."""
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
