"""Reads the revision files of a script directory, without running one of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from alembic.script import ScriptDirectory

from alembic_proof.config import Declaration
from alembic_proof.errors import HistoryError
from alembic_proof.finding import shown_path
from alembic_proof.history.load import refuse_unreadable, version_directories
from alembic_proof.history.project import AlembicProject
from alembic_proof.history.script import alembic_config
from alembic_proof.lint.revision import History, Revision, parse_revision


def read_history(
    project: AlembicProject,
    *,
    frozen_from: tuple[str, ...] = (),
    exceptions: tuple[Declaration, ...] = (),
) -> History:
    """Every `.py` file in the versions directories of this project, parsed, by path.

    Hidden files and `__init__.py` are left out, as Alembic does.

    Raises:
        HistoryError: a file or a directory that cannot be read.
        CommandError: an alembic.ini that names no script directory.
    """
    script = ScriptDirectory.from_config(alembic_config(project))
    pattern = "**/*.py" if script.recursive_version_locations else "*.py"
    places = version_directories(script)
    refuse_unreadable(places)
    paths = sorted(path for place in places for path in place.glob(pattern))
    listed = (path for path in paths if not path.name.startswith((".", "__init__")))
    files = (_except(_read(path), exceptions) for path in listed)
    return History(files=tuple(files), frozen_from=frozen_from)


def _except(file: Revision, exceptions: tuple[Declaration, ...]) -> Revision:
    """The file with what the settings declare of its revision."""
    kinds = {one.kind for one in exceptions if one.revision == file.revision_id}
    return replace(file, excepted=frozenset(kinds)) if kinds else file


def _read(path: Path) -> Revision:
    try:
        return parse_revision(shown_path(path), path.read_bytes())
    except OSError as error:
        what = f"cannot read a revision: {error.strerror}"
        raise HistoryError(what, where=str(path)) from error
