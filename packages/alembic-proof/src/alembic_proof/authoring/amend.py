"""Rewriting the newest revision: which one that is, and where its earlier text stays."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from alembic.config import Config
from alembic.script import Script, ScriptDirectory

from alembic_proof.errors import ConfigError, HistoryError
from alembic_proof.finding import shown_path
from alembic_proof.history.chain import find_history
from alembic_proof.history.changed import is_merged
from alembic_proof.history.environment import read_environment
from alembic_proof.history.heads import parse_graph_revision, refuse_several_heads
from alembic_proof.history.load import load_revisions
from alembic_proof.postgres.url import DatabaseUrl
from alembic_proof.proofs.state import read_heads

_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?( ?[+-]\d\d:?\d\d|Z)?")


@dataclass(slots=True, kw_only=True)
class Amended:
    """The revision that is rewritten, and its file that was set aside."""

    revision_id: str
    message: str
    path: Path
    earlier: Path = field(init=False)
    """Where the earlier text is: beside its file, under a name that Alembic does not load."""

    def __post_init__(self) -> None:
        names = (f"{self.path.name}.orig", *(f"{self.path.name}.orig{n}" for n in range(2, 1000)))
        free = (self.path.with_name(name) for name in names)
        self.earlier = next(path for path in free if not path.exists())


def find_amendable(config: Config, *, live_url: str | None) -> Amended:
    """Return the newest revision, if nobody has it yet.

    :param config: Alembic's configuration on a scratch database, which env.py runs on.
    :param live_url: The developer's database; None where there is none.
    :raises HistoryError: There is none, there are several heads, or it is a merge revision, merged
        into the remote's main branch, or applied to the developer's database.
    """
    environment = read_environment(config)
    directory = find_history(config)
    script = _only_head(directory)
    where = shown_path(script.path)
    if is_merged(Path(script.path)):
        raise HistoryError(
            f"revision {script.revision} is merged: databases may have it applied",
            where=where,
            todo="write a new revision, without --amend",
        )
    if live_url is not None:
        applied = read_heads(live_url, environment=environment)
        _refuse_applied(script, applied, directory, database=DatabaseUrl.parse(live_url).display)
    lines = (script.doc or "").splitlines()
    message = lines[0].rstrip(".") if lines else script.revision
    return Amended(revision_id=script.revision, message=message, path=Path(script.path))


def _refuse_applied(
    script: Script, applied: tuple[str, ...], directory: ScriptDirectory, *, database: str
) -> None:
    """Refuse to rewrite a revision that the database has, or that it may have.

    A revision that no file here has may follow this one: another branch may have been built on it.
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
            f"{database} is at {unknown}, which no file here has: "
            f"revision {script.revision} may be applied to it as well",
            where=where,
            todo=f"check out the branch that has {unknown}, downgrade that database there, then amend",
        )


@contextmanager
def hidden_from_history(amended: Amended) -> Iterator[None]:
    """Keep the file out of the history inside of this block; an error puts it back.

    After an error, the new files of the same revision are removed. Files that somebody else has
    written meanwhile stay.
    """
    place = amended.path.parent
    before = set(place.glob("*.py"))
    amended.path.rename(amended.earlier)
    try:
        yield
    except BaseException:
        for path in set(place.glob("*.py")) - before:
            if _revision_id(path) == amended.revision_id:
                path.unlink()
        amended.earlier.rename(amended.path)
        raise


def place_rewritten_file(
    amended: Amended, written: Path, *, message: str
) -> tuple[Path, Path | None]:
    """Return the path of the revision that was written, and of the earlier text if it is another one.

    Under the same message the file keeps its name.
    """
    if message == amended.message:
        written = written.rename(amended.path)
    if _text(written) != _text(amended.earlier):
        return written, amended.earlier
    amended.earlier.unlink()
    return written, None


def _text(path: Path) -> str:
    """Return the file's text without what another run writes differently.

    That is the time when it was written, and the message, which is the docstring's first line.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        docstring = ast.get_docstring(ast.parse(text), clean=False)
    except (SyntaxError, ValueError):
        docstring = None
    message = (docstring or "").partition("\n")[0]
    return _TIME.sub("", text.replace(message, "", 1) if message else text)


def _revision_id(path: Path) -> str | None:
    """Return the id of the revision that the file is; None where it is none, or cannot be read."""
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
            "the history has no revision; --amend rewrites the newest revision",
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
