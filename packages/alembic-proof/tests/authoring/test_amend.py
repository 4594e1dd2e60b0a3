"""The newest revision is rewritten, and put back after an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from alembic_proof.authoring.amend import (
    Amended,
    AmendedFile,
    hidden_from_history,
    place_rewritten_files,
)


def _write(path: Path, revision_id: str, *, message: str = "", code: str = "") -> None:
    text = f'"""{message}"""\nrevision = "{revision_id}"\n{code}\n'
    path.write_text(text, encoding="utf-8")


def _amended(*paths: Path) -> Amended:
    files = (AmendedFile.of(f"a{n}", path) for n, path in enumerate(paths, start=1))
    return Amended(message="one", files=tuple(files))


def _write_and_stop(amended: Amended, place: Path) -> None:
    with hidden_from_history(amended):
        _write(place / "0001_again.py", "a1")
        _write(place / "0002_again.py", "a2")
        _write(place / "0003.py", "b2")
        (place / "notes.py").write_text("not yet (", encoding="utf-8")
        raise KeyboardInterrupt


def test_an_error_removes_only_files_of_the_command(tmp_path: Path) -> None:
    """Another command, or an editor, may write a file meanwhile; it need not even be Python."""
    _write(tmp_path / "0001.py", "a1")
    _write(tmp_path / "0002.py", "a2")
    amended = _amended(tmp_path / "0001.py", tmp_path / "0002.py")

    with pytest.raises(KeyboardInterrupt):
        _write_and_stop(amended, tmp_path)

    names = ["0001.py", "0002.py", "0003.py", "notes.py"]
    assert sorted(one.name for one in tmp_path.iterdir()) == names


def test_files_keep_their_names_under_the_same_message(tmp_path: Path) -> None:
    """A change may need fewer revisions than before; texts that differ are kept."""
    old = [tmp_path / f"1_things_{n}.py" for n in (1, 2, 3)]
    new = [tmp_path / f"2_things_{n}.py" for n in (1, 2)]
    for number, path in enumerate(old, start=1):
        _write(path, f"a{number}", message=f"Things: {number}")
    amended = _amended(*old)

    with hidden_from_history(amended):
        _write(new[0], "a1", message="Things: 1")
        _write(new[1], "a2", message="Others: 2", code="pass")
        paths, kept = place_rewritten_files(amended, (new[0], new[1]))

    assert paths == (old[0], new[1])
    assert kept == (amended.files[1].earlier, amended.files[2].earlier)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {path.name for path in (*paths, *kept)}
