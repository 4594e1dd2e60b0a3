"""Histories that cannot be loaded."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from alembic_proof.errors import HistoryError
from alembic_proof.history.fault import describe, place_in
from alembic_proof.history.project import AlembicProject
from alembic_proof.history.script import alembic_config, heads


def failure(ini: Path) -> HistoryError:
    """The error of loading the history."""
    with pytest.raises(HistoryError) as caught:
        heads(alembic_config(AlembicProject(file=ini)))
    return caught.value


def test_sound_history_loads(ini: Path) -> None:
    """The case as it is has one head."""
    assert heads(alembic_config(AlembicProject(file=ini))) == ("c" * 12,)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("def broken(:", "SyntaxError: invalid syntax"),
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("raise ValueError", "ValueError"),
        ("text = 'never ended", "SyntaxError: unterminated string literal"),
    ],
)
def test_file_that_does_not_run(
    ini: Path, write: Callable[..., Path], line: str, told: str
) -> None:
    """The error names the file, its line and what Python says about it."""
    path = write("20260101_090003_x.py", revision="x", down="c" * 12, more=line)

    error = failure(ini)

    assert error.what.startswith(f"a revision cannot be loaded: {told}")
    assert error.where == f"{path}:5"


def test_a_directory_that_cannot_be_listed(ini: Path, versions: Path) -> None:
    """An empty history would look like it."""
    shutil.rmtree(versions)
    versions.write_text("no directory")

    error = failure(ini)

    assert error.what.startswith("cannot read the directory of the revisions: ")
    assert error.where == str(versions)


def test_undecodable_file(ini: Path, versions: Path) -> None:
    """A file that is not UTF-8 is named."""
    (versions / "20260101_090003_x.py").write_bytes(b'"""\xff"""\n')

    error = failure(ini)

    assert "SyntaxError" in error.what
    assert "20260101_090003_x.py" in error.where + error.what


def test_file_without_an_id(ini: Path, versions: Path) -> None:
    """A Python file that is no revision is named."""
    (versions / "stray.py").write_text("x = 1\n")

    assert "stray.py" in failure(ini).what


def test_file_without_a_parent(ini: Path, versions: Path) -> None:
    """A revision must say what it follows, if only None."""
    path = versions / "20260101_090003_x.py"
    path.write_text("revision = 'x'\n")

    error = failure(ini)

    assert "down_revision" in error.what


def test_two_files_with_one_id(ini: Path, write: Callable[..., Path]) -> None:
    """Both files are named."""
    path = write("20260101_090003_x.py", revision="c" * 12, down="b" * 12)

    error = failure(ini)

    assert error.what == f"two files have the revision id {'c' * 12}"
    assert str(path) in error.where
    assert "add_length.py" in error.where


def test_missing_parent(ini: Path, write: Callable[..., Path]) -> None:
    """A revision that follows a lost one is named, and so is the lost one."""
    path = write("20260101_090003_x.py", revision="x", down="lost")

    error = failure(ini)

    assert error.what == "revision x follows lost, which no file has"
    assert error.where == str(path)


def test_missing_dependency(ini: Path, write: Callable[..., Path]) -> None:
    """A depends_on that nothing answers to is an error as well."""
    write("20260101_090003_x.py", revision="x", down="c" * 12, more="depends_on = 'lost'")

    assert "lost" in failure(ini).what


@pytest.mark.parametrize("down", ["x", "y"])
def test_cycle(ini: Path, write: Callable[..., Path], down: str) -> None:
    """Revisions that follow each other, or themselves, are named."""
    write("20260101_090003_x.py", revision="x", down=down)
    write("20260101_090004_y.py", revision="y", down="x")

    error = failure(ini)

    assert "ycle" in error.what or "loop" in error.what
    assert "x" in error.what


def test_script_location_that_is_missing(ini: Path) -> None:
    """Alembic's own words, as a HistoryError."""
    ini.write_text("[alembic]\nscript_location = %(here)s/nowhere\npath_separator = os\n")

    assert "nowhere" in str(failure(ini))


def test_place_outside_of_the_history() -> None:
    """An error that came through no revision has no place."""
    with pytest.raises(ValueError, match="x") as caught:
        raise ValueError("x")

    assert place_in(caught.value, (Path("/nowhere"),)) == ""
    assert place_in(caught.value, (Path(__file__).parent,)).startswith(f"{__file__}:")


def test_describe_folds_lines() -> None:
    """A text of several lines becomes one."""
    assert describe(ValueError("a\n  b")) == "ValueError: a b"
