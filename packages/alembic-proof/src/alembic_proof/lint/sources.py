"""Reads the revision files of a script directory, without running one of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from alembic.script import ScriptDirectory

from alembic_proof.config import Declaration
from alembic_proof.errors import ConfigError, HistoryError
from alembic_proof.finding import shown_path
from alembic_proof.history.changed import base_changes
from alembic_proof.history.load import (
    is_revision_file,
    revision_files,
    version_directories,
)
from alembic_proof.history.located import prepended_directories
from alembic_proof.history.project import AlembicProject
from alembic_proof.history.script import alembic_config
from alembic_proof.lint.project_modules import project_modules
from alembic_proof.lint.revision import Base, History, Revision, parse_revision


def read_history(
    project: AlembicProject,
    *,
    frozen_from: tuple[str, ...] = (),
    exceptions: tuple[Declaration, ...] = (),
    is_for_offline_sql: bool = True,
) -> History:
    """Every `.py` file in the versions directories of this project, parsed, by path.

    Hidden files and `__init__.py` are left out, as Alembic does.

    Raises:
        HistoryError: a file or a directory that cannot be read.
        CommandError: an alembic.ini that names no script directory.
    """
    config = alembic_config(project)
    script = ScriptDirectory.from_config(config)
    files = (_except(_read(path), exceptions) for path in revision_files(script))
    return History(
        files=tuple(files),
        frozen_from=frozen_from,
        project_modules=project_modules(project.directory, added=prepended_directories(config)),
        env_py=_env_py(Path(script.dir, "env.py")),
        makes_version_table=_makes_version_table(Path(script.dir, "env.py")),
        is_for_offline_sql=is_for_offline_sql,
    )


def revisions_accepting(project: AlembicProject, rule: str) -> frozenset[str]:
    """Return the ids of the revisions in which a comment accepts the findings of that rule.

    Raises:
        HistoryError: a file or a directory that cannot be read.
    """
    revisions = read_history(project).revisions
    return frozenset(one.revision_id or "" for one in revisions if one.accepts(rule))


def _env_py(path: Path) -> Revision | None:
    """Return the parsed env.py; None where it cannot be read: only the revisions are needed."""
    try:
        return parse_revision(shown_path(path), path.read_bytes())
    except OSError:
        return None


def _makes_version_table(env_py: Path) -> bool:
    """Return whether env.py speaks of the version table's column, or of how the table is made."""
    try:
        text = env_py.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return "version_num" in text or "version_table_impl" in text


def read_base(project: AlembicProject, *, base_ref: str | None = None) -> Base:
    """Read what the checkout does to the revisions of the merge base with `base_ref`.

    :param base_ref: by default the remote's main branch. Where git cannot say it, the answer says
        why: a history can be read without git.

    Raises:
        CommandError: an alembic.ini that names no script directory.
    """
    script = ScriptDirectory.from_config(alembic_config(project))
    places = version_directories(script)
    try:
        found = base_changes(places, base_ref=base_ref)
    except ConfigError as error:
        return Base(ref=base_ref or "", unknown=error.what, todo=error.todo)
    shown = {place.resolve(): place for place in places}

    def is_revision(path: Path) -> bool:
        is_inside = path.parent in shown or script.recursive_version_locations
        return is_inside and path.suffix == ".py" and is_revision_file(path)

    def show(path: Path) -> str:
        place = next((one for one in path.parents if one in shown), path.parent)
        return shown_path(shown.get(place, place) / path.relative_to(place))

    return Base(
        ref=found.base_ref,
        changed=tuple(
            parse_revision(show(one.path), one.source)
            for one in found.changed
            if is_revision(one.path)
        ),
        added=frozenset(map(show, found.added)),
    )


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
