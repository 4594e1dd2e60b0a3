"""Rename and rewrite several files as a whole or not at all.

A journal records the moves that are under way. After an error, or after the process was killed, the
files are restored from it. At every moment each file exists exactly once and complete, under its old
or its new name.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from alembic_deploy.errors import HistoryError


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMove:
    """The old and the new path of a file, and its old and new contents."""

    old: Path
    new: Path
    before: bytes
    after: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class InterruptedMoves:
    """The files that a killed process was moving; empty if there was no such process."""

    restored: tuple[Path, ...] = ()
    """The files that have their old names and contents again."""
    left: tuple[Path, ...] = ()
    """The files that keep their new names or contents, since another commit is checked out now."""


def move_files(moves: tuple[FileMove, ...], *, journal: Path, commit: str) -> None:
    """Move and rewrite the files; restore all of them after an error.

    :param journal: The path of the journal, a file that exists only while the moves are under way.
    :param commit: The commit that is checked out.
    :raises HistoryError: A new name that is taken, or a file that cannot be written.
    """
    for move in moves:
        if move.new != move.old and move.new.exists():
            raise HistoryError("there is such a revision file already", where=str(move.new))
    try:
        _write(journal, _journal_text(moves, commit).encode())
        for move in moves:
            if move.new != move.old:
                move.new.parent.mkdir(parents=True, exist_ok=True)
                move.old.rename(move.new)
        for move in moves:
            if move.after != move.before:
                _write(move.new, move.after, like=move.new)
    except BaseException as error:
        _put_back(moves)
        journal.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise HistoryError(
                f"the revisions cannot be rewritten: {error.strerror}",
                where=str(error.filename or ""),
                todo="nothing was changed",
            ) from error
        raise
    journal.unlink()


def undo_interrupted(journal: Path, *, commit: str) -> InterruptedMoves:
    """Restore the files that a killed process was moving.

    Nothing is restored if another commit is checked out by now.
    """
    try:
        document = json.loads(journal.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return InterruptedMoves()
    moves = tuple(_move(entry) for entry in document["moves"])
    if document["commit"] == commit:
        _put_back(moves)
        found = InterruptedMoves(restored=tuple(move.old for move in moves))
    else:
        found = InterruptedMoves(left=tuple(move.new for move in moves if _is_done(move)))
    journal.unlink()
    return found


def _is_done(move: FileMove) -> bool:
    """Return whether the file has its new name, or its new contents, already."""
    contents = (move.after,) if move.new == move.old else (move.before, move.after)
    return _holds(move.new, contents)


def _put_back(moves: Iterable[FileMove]) -> None:
    """Restore every file's old name and contents, unless it was edited meanwhile."""
    for move in moves:
        _temporary(move.new).unlink(missing_ok=True)
        if move.new != move.old and _holds(move.new, (move.before, move.after)):
            move.new.rename(move.old)
        if move.after != move.before and _holds(move.old, (move.after,)):
            _write(move.old, move.before, like=move.old)


def _holds(path: Path, contents: tuple[bytes, ...]) -> bool:
    return path.is_file() and path.read_bytes() in contents


def _temporary(path: Path) -> Path:
    """Return the path of the temporary file, which Alembic does not take for a revision."""
    return path.with_name(f".{path.name}.new")


def _write(path: Path, contents: bytes, *, like: Path | None = None) -> None:
    """Write a temporary file beside the path and rename it."""
    temporary = _temporary(path)
    try:
        with temporary.open("wb") as stream:
            stream.write(contents)
            stream.flush()
            os.fsync(stream.fileno())
        if like is not None:
            shutil.copymode(like, temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _journal_text(moves: tuple[FileMove, ...], commit: str) -> str:
    entries = [
        {
            "old": str(move.old),
            "new": str(move.new),
            "before": base64.b64encode(move.before).decode(),
            "after": base64.b64encode(move.after).decode(),
        }
        for move in moves
    ]
    return json.dumps({"commit": commit, "moves": entries})


def _move(entry: dict[str, str]) -> FileMove:
    return FileMove(
        old=Path(entry["old"]),
        new=Path(entry["new"]),
        before=base64.b64decode(entry["before"]),
        after=base64.b64decode(entry["after"]),
    )
