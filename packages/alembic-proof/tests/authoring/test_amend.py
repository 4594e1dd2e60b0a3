"""The newest revision is rewritten, and put back after an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from alembic_proof.authoring.amend import Amended, hidden_from_history


def _write(path: Path, revision_id: str) -> None:
    path.write_text(f'revision = "{revision_id}"\n', encoding="utf-8")


def _write_and_stop(amended: Amended) -> None:
    place = amended.path.parent
    with hidden_from_history(amended):
        _write(place / "0001_again.py", "a1")
        _write(place / "0002.py", "b2")
        (place / "notes.py").write_text("not yet (", encoding="utf-8")
        raise KeyboardInterrupt


def test_an_error_removes_no_file_of_somebody_else(tmp_path: Path) -> None:
    """Another command, or an editor, may write a file meanwhile; it need not even be Python."""
    _write(tmp_path / "0001.py", "a1")
    amended = Amended(revision_id="a1", message="one", path=tmp_path / "0001.py")

    with pytest.raises(KeyboardInterrupt):
        _write_and_stop(amended)

    assert sorted(one.name for one in tmp_path.iterdir()) == ["0001.py", "0002.py", "notes.py"]
