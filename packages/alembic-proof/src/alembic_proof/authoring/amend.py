"""Rewrite the newest change: find its revisions, set their files aside, keep their earlier text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from alembic.config import Config
from alembic.script import Script, ScriptDirectory

from alembic_deploy.errors import ConfigError, HistoryError
from alembic_deploy.revisions import load_revisions
from alembic_deploy.url import DatabaseUrl
from alembic_proof.finding import shown_path
from alembic_proof.history.env_py import read_environment
from alembic_proof.history.git_changes import is_merged
from alembic_proof.history.revision_graph import parse_graph_revision, refuse_several_heads
from alembic_proof.history.revisions import find_history
from alembic_proof.proofs.database_state import read_heads

_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?( ?[+-]\d\d:?\d\d|Z)?")


_PART = re.compile(r"(?P<message>.*): (?P<number>\d+) \w+\.?")
"""The message of one of several revisions of a change: `Add a nickname: 2 backfill`."""


@dataclass(frozen=True, slots=True)
class AmendedFile:
    """A revision that is rewritten, and where its earlier text is kept."""

    revision_id: str
    path: Path
    earlier: Path
    """Beside its file, under a name that Alembic does not load."""

    @classmethod
    def of(cls, revision_id: str, path: Path) -> AmendedFile:
        """Return the file with a free name for its earlier text."""
        names = (f"{path.name}.orig", *(f"{path.name}.orig{n}" for n in range(2, 1000)))
        free = (path.with_name(name) for name in names)
        return cls(revision_id, path, next(one for one in free if not one.exists()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Amended:
    """The revisions of the newest change, in the order in which they are applied."""

    message: str
    files: tuple[AmendedFile, ...]

    @property
    def revision_ids(self) -> tuple[str, ...]:
        """Their ids, which the new files get."""
        return tuple(one.revision_id for one in self.files)


def find_amendable(config: Config, *, live_url: str | None) -> Amended:
    """Return the revisions of the newest change, if no database and no other branch has one.

    :param config: Alembic's configuration on a scratch database, which env.py runs on.
    :param live_url: The developer's database; None where there is none.
    :raises HistoryError: There is none, there are several heads, or one of them is a merge revision,
        merged into the remote's main branch, or applied to the developer's database.
    """
    environment = read_environment(config)
    directory = find_history(config)
    head = _only_head(directory)
    scripts = _of_one_change(head, directory)
    for script in scripts:
        if is_merged(Path(script.path)):
            raise HistoryError(
                f"revision {script.revision} is merged: databases may have it applied",
                where=shown_path(script.path),
                todo="write a new revision, without --amend",
            )
    if live_url is not None:
        applied = read_heads(live_url, environment=environment)
        database = DatabaseUrl.parse(live_url).display
        for script in scripts:
            _refuse_applied(script, applied, directory, database=database)
    files = tuple(AmendedFile.of(one.revision, Path(one.path)) for one in scripts)
    part = _PART.fullmatch(_message(head)) if len(scripts) > 1 else None
    return Amended(message=part["message"] if part else _message(head), files=files)


def _of_one_change(head: Script, directory: ScriptDirectory) -> tuple[Script, ...]:
    """Return the head and the revisions before it that were written with it, the first one first."""
    found = [head]
    part = _PART.fullmatch(_message(head))
    for number in range(int(part["number"]) - 1 if part else 0, 0, -1):
        parent = found[0].down_revision
        before = directory.get_revision(parent) if isinstance(parent, str) else None
        other = _PART.fullmatch(_message(before)) if before is not None else None
        if before is None or part is None or other is None:
            return (head,)
        if (other["message"], int(other["number"])) != (part["message"], number):
            return (head,)
        found.insert(0, before)
    return tuple(found)


def _message(script: Script) -> str:
    lines = (script.doc or "").splitlines()
    return lines[0].rstrip(".") if lines else str(script.revision)


def _refuse_applied(
    script: Script, applied: tuple[str, ...], directory: ScriptDirectory, *, database: str
) -> None:
    """Refuse to rewrite a revision that the database has, or that it may have.

    An unknown revision in the database may follow this one, in another branch.
    """
    where = shown_path(script.path)
    if script.revision in applied:
        raise HistoryError(
            f"revision {script.revision} is applied to {database}",
            where=where,
            todo="downgrade that database first, then amend",
        )
    known = {one.revision for one in directory.walk_revisions()}
    if unknown := ", ".join(sorted({*applied} - known)):
        raise HistoryError(
            f"{database} is at {unknown}, which is in no file here: "
            f"revision {script.revision} may be applied to it as well",
            where=where,
            todo=f"check out the branch that has {unknown}, downgrade that database there, then amend",
        )


@contextmanager
def hidden_from_history(amended: Amended, *, is_trial: bool = False) -> Iterator[None]:
    """Keep the files out of the history inside of this block; an error puts them back.

    After an error, the new files of the same revisions are removed, other new files are kept.

    :param is_trial: Put the files back also where there is no error.
    """
    places = {one.path.parent for one in amended.files}
    before = {path for place in places for path in place.glob("*.py")}
    for file in amended.files:
        file.path.rename(file.earlier)
    is_done = False
    try:
        yield
        is_done = not is_trial
    finally:
        if not is_done:
            for path in {path for place in places for path in place.glob("*.py")} - before:
                if _revision_id(path) in amended.revision_ids:
                    path.unlink()
            for file in amended.files:
                file.earlier.rename(file.path)


def unneeded(amended: Amended) -> HistoryError:
    """Return the error for models that the history without the revisions builds."""
    ids, paths = amended.revision_ids, [shown_path(one.path) for one in amended.files]
    return HistoryError(
        f"without revision {', '.join(ids)} there is nothing to change: the models and "
        "the history before it are equal",
        where=", ".join(paths),
        todo=f"delete {'the file' if len(ids) == 1 else 'the files'}, or change the models",
    )


def place_rewritten_files(
    amended: Amended, written: tuple[Path, ...]
) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Return the paths of the revisions that were written, and those of the earlier texts that are kept.

    Under the same message a file keeps its name. An equal text is not kept.
    """
    paths, kept = list(written), list[Path]()
    numbers = {_revision_id(path): number for number, path in enumerate(written)}
    for file in amended.files:
        number = numbers.get(file.revision_id)
        if number is None:
            kept.append(file.earlier)
            continue
        if _first_line(written[number]) == _first_line(file.earlier):
            paths[number] = written[number].rename(file.path)
        if _text(paths[number]) == _text(file.earlier):
            file.earlier.unlink()
        else:
            kept.append(file.earlier)
    return tuple(paths), tuple(kept)


def _first_line(path: Path) -> str:
    """Return the first line of the docstring: the message."""
    try:
        docstring = ast.get_docstring(ast.parse(path.read_bytes()), clean=False)
    except (OSError, SyntaxError, ValueError):
        return ""
    return (docstring or "").partition("\n")[0]


def _text(path: Path) -> str:
    """Return the file's text without its time stamp and its message, which differ in each run."""
    text, message = path.read_text(encoding="utf-8", errors="replace"), _first_line(path)
    return _TIME.sub("", text.replace(message, "", 1) if message else text)


def _revision_id(path: Path) -> str | None:
    """Return the revision id in the file; None if it has none or cannot be read."""
    try:
        found = parse_graph_revision(ast.parse(path.read_bytes()), path=str(path))
    except (OSError, SyntaxError, ValueError):
        return None
    return found.revision_id if found else None


def _only_head(directory: ScriptDirectory) -> Script:
    load_revisions(directory)
    refuse_several_heads(directory)
    heads = directory.get_heads()
    if not heads:
        raise HistoryError(
            "there is no revision to amend: the history is empty",
            todo="write one first",
        )
    script = directory.get_revision(heads[0])
    if script.is_merge_point:
        raise ConfigError(
            f"{script.revision} is a merge revision, which --amend does not write",
            where=shown_path(script.path),
            todo="delete the file, and merge again",
        )
    return script
