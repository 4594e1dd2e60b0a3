"""Loading the revisions of a script directory, with every fault named by its file."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from alembic.script.revision import RevisionError, RevisionMap
from alembic.util import CommandError

from alembic_proof.errors import HistoryError
from alembic_proof.history.exits import refused_exits
from alembic_proof.history.fault import describe, fault_error, fault_place


def load_revisions(script: ScriptDirectory) -> None:
    """Ensures that the directory's revisions are loaded anew and make one sound graph.

    Raises:
        HistoryError: a file that cannot be loaded, an id that two files have, a parent that
            no file has, a cycle, no `upgrade()`, a directory that cannot be read.
    """
    refuse_unreadable(directories(script))
    scripts = _load_files(script)
    _refuse_duplicates(scripts)
    _refuse_missing_parents(scripts)
    _refuse_missing_upgrades(scripts)
    script.revision_map = _Loaded(lambda: iter(scripts))
    try:
        _ = script.revision_map.heads
    except (RevisionError, KeyError) as error:
        raise HistoryError(
            f"the revisions make no history: {_text_of(error)}",
            where=_directory(script),
            todo="correct down_revision and depends_on of the revisions that it names",
        ) from error


def ensure_revisions(script: ScriptDirectory) -> None:
    """Load the directory's revisions as `load_revisions` does, unless it has done so.

    :raises HistoryError: As `load_revisions`.
    """
    if not isinstance(script.revision_map, _Loaded):
        load_revisions(script)


class _Loaded(RevisionMap):
    """A map of revisions that were loaded and found sound."""


def refuse_unreadable(places: Iterable[Path]) -> None:
    """Ensures that the directories of revisions, as far as they are there, can be listed.

    Raises:
        HistoryError: one cannot; an empty history would look like it.
    """
    for place in places:
        try:
            with suppress(FileNotFoundError):
                next(place.iterdir(), None)
        except OSError as error:
            raise HistoryError(
                f"cannot read the directory of the revisions: {error.strerror}",
                where=str(place),
                todo="let it be a directory that this user may read",
            ) from error


def refuse_unknown_heads(
    heads: Iterable[str], migration: MigrationContext, *, todo: str = ""
) -> None:
    """Ensures that every revision that the database is at has a file.

    :param todo: What helps; by default what an operator does.

    Raises:
        HistoryError: one has none; names it.
    """
    for head in unknown_heads(heads, migration):
        raise HistoryError(
            f"the database is at revision {head}, which this code does not know",
            where=_directory(migration.script) if migration.script else "",
            todo=todo
            or "run the release that has this revision, and downgrade with it where an older one is to "
            "run; a version table that is wrong is corrected by `alembic stamp --purge REVISION`",
        )


def unknown_heads(heads: Iterable[str], migration: MigrationContext) -> tuple[str, ...]:
    """Return those of the revisions that no file has."""
    script = migration.script
    return () if script is None else tuple(head for head in heads if not _is_known(head, script))


def _is_known(revision_id: str, script: ScriptDirectory) -> bool:
    try:
        return script.get_revision(revision_id).revision == revision_id
    except CommandError:
        return False


def _load_files(script: ScriptDirectory) -> tuple[Script, ...]:
    try:
        with refused_exits():
            return tuple(script._load_revisions())
    except CommandError as error:
        raise HistoryError(
            f"a revision cannot be loaded: {' '.join(str(error).split())}",
            where=_directory(script),
            todo="correct the file, or remove it",
        ) from error
    except Exception as error:
        place = fault_place(error, directories(script)) or _directory(script)
        fault = fault_error(error, place=place)
        what = f"a revision cannot be loaded: {describe(error)}"
        raise HistoryError(what, where=place, todo=fault.todo) from error


def _refuse_duplicates(scripts: Iterable[Script]) -> None:
    seen: dict[str, Script] = {}
    for script in scripts:
        twin = seen.setdefault(script.revision, script)
        if twin is not script:
            raise duplicate_id(script.revision, twin.path, script.path)


def _refuse_missing_parents(scripts: tuple[Script, ...]) -> None:
    known = {name for script in scripts for name in (script.revision, *script.branch_labels)}
    for script in scripts:
        for parent in script._versioned_down_revisions:
            if parent not in known:
                raise missing_parent(script.revision, parent, where=script.path)


def duplicate_id(revision_id: str, *paths: str) -> HistoryError:
    """Return the error for two files that have the same id."""
    return HistoryError(
        f"two files have the revision id {revision_id}",
        where=" and ".join(paths),
        todo="give one of them another id, and its children that down_revision",
    )


def missing_parent(revision_id: str, parent: str, *, where: str) -> HistoryError:
    """Return the error for a revision that follows one without a file."""
    return HistoryError(
        f"revision {revision_id} follows {parent}, which no file has",
        where=where,
        todo="restore that revision's file, or correct down_revision",
    )


def _refuse_missing_upgrades(scripts: tuple[Script, ...]) -> None:
    for script in scripts:
        if not callable(getattr(script.module, "upgrade", None)):
            raise HistoryError(
                f"revision {script.revision} has no upgrade()",
                where=script.path,
                todo="write one; `pass` is its body where it has nothing to do",
            )


def version_directories(script: ScriptDirectory) -> tuple[Path, ...]:
    """Return the absolute directories of revisions; one that does not exist yet holds none.

    The public `version_locations` is None before Alembic 1.14 where the configuration names none.
    """
    return tuple(Path(place).absolute() for place in script._version_locations)


def revision_files(script: ScriptDirectory) -> tuple[Path, ...]:
    """Return the files that Alembic takes for revisions, by path.

    :raises HistoryError: A directory of revisions that cannot be read.
    """
    pattern = "**/*.py" if script.recursive_version_locations else "*.py"
    places = version_directories(script)
    refuse_unreadable(places)
    found = (path for place in places for path in place.glob(pattern))
    return tuple(sorted(filter(is_revision_file, found)))


def is_revision_file(path: Path) -> bool:
    """Return whether Alembic takes a Python file for a revision, as its name says."""
    return not path.name.startswith((".", "__init__"))


def directories(script: ScriptDirectory) -> tuple[Path, ...]:
    """Where revisions lie, as written and with links resolved."""
    places = version_directories(script)
    return (*places, *(place.resolve() for place in places))


def _directory(script: ScriptDirectory) -> str:
    return ", ".join(map(str, version_directories(script)))


def _text_of(error: Exception) -> str:
    return str(error.args[0]) if error.args else describe(error)
