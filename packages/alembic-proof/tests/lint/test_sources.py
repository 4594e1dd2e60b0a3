"""Reading a script directory's files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from alembic.util import CommandError

from alembic_deploy.errors import HistoryError
from alembic_proof.history.project import Project
from alembic_proof.lint import read_history


def _ini(directory: Path, *lines: str) -> Path:
    path = directory / "alembic.ini"
    path.write_text("\n".join(["[alembic]", *lines]), encoding="utf-8")
    return path


def _file(path: Path, text: str = 'revision = "a"\n') -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_the_files_of_the_versions_directory_come_by_path(tmp_path: Path) -> None:
    """Only files that Alembic would load are read: no `__init__`, no hidden file, no other suffix."""
    for name in ("b.py", "a.py", "__init__.py", ".#c.py", "notes.txt"):
        _file(tmp_path / "scripts" / "versions" / name)

    history = read_history(Project(file=_ini(tmp_path, "script_location = %(here)s/scripts")))

    assert [file.name for file in history.files] == ["a.py", "b.py"]


def test_several_version_locations_are_all_read(tmp_path: Path) -> None:
    """A history may have several directories, and subdirectories if it is recursive."""
    _file(tmp_path / "scripts" / "env.py", "")
    _file(tmp_path / "one" / "deep" / "a.py")
    _file(tmp_path / "two" / "b.py")
    lines = (
        "script_location = %(here)s/scripts",
        "path_separator = os",
        "version_path_separator = os",  # before Alembic 1.16
        f"version_locations = %(here)s/one{os.pathsep}%(here)s/two",
    )

    flat = read_history(Project(file=_ini(tmp_path, *lines)))
    recursive = read_history(
        Project(file=_ini(tmp_path, *lines, "recursive_version_locations = true"))
    )

    assert [file.name for file in flat.files] == ["b.py"]
    assert [file.name for file in recursive.files] == ["a.py", "b.py"]


def test_paths_are_shown_as_the_user_would_type_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths are relative below the working directory, absolute elsewhere."""
    _file(tmp_path / "scripts" / "versions" / "a.py")
    ini = _ini(tmp_path, "script_location = %(here)s/scripts")

    outside = read_history(Project(file=ini)).files[0].path
    monkeypatch.chdir(tmp_path)

    assert Path(outside).is_absolute()
    assert read_history(Project(file=ini)).files[0].path == "scripts/versions/a.py"


def test_a_file_that_cannot_be_read_is_one_clear_error(tmp_path: Path) -> None:
    """A dangling link in the directory is a setup error, no finding."""
    _file(tmp_path / "scripts" / "versions" / "a.py")
    (tmp_path / "scripts" / "versions" / "b.py").symlink_to(tmp_path / "gone.py")

    with pytest.raises(HistoryError, match="cannot read a revision"):
        read_history(Project(file=_ini(tmp_path, "script_location = %(here)s/scripts")))


def test_a_missing_script_directory_is_alembics_error(tmp_path: Path) -> None:
    """Alembic's own message is kept."""
    with pytest.raises(CommandError, match="Path doesn't exist"):
        read_history(Project(file=_ini(tmp_path, "script_location = %(here)s/nowhere")))
