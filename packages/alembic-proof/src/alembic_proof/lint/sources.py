"""Read the revision files of a script directory, without running one of them."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from importlib.machinery import PathFinder
from pathlib import Path

from alembic.script import ScriptDirectory

from alembic_deploy.errors import ConfigError, HistoryError
from alembic_deploy.revisions import is_revision_file, revision_files, version_directories
from alembic_proof.config import Declaration
from alembic_proof.finding import shown_path
from alembic_proof.history.alembic_config import alembic_config, prepended_directories
from alembic_proof.history.git_changes import base_changes
from alembic_proof.history.project import Project
from alembic_proof.lint.revision import BaseRevisions, ParsedHistory, RevisionFile, parse_revision


def read_history(
    project: Project,
    *,
    frozen_from: tuple[str, ...] = (),
    exceptions: tuple[Declaration, ...] = (),
    is_for_offline_sql: bool = True,
    only: Collection[Path] | None = None,
) -> ParsedHistory:
    """Return every revision file of the project, parsed, in the order of their paths.

    Hidden files and `__init__.py` are left out, as in Alembic.

    :param only: The absolute paths of the files to read; by default all.
    :raises HistoryError: A file or a directory that cannot be read.
    :raises CommandError: An alembic.ini that names no script directory.
    """
    config = alembic_config(project)
    script = ScriptDirectory.from_config(config)
    paths = (one for one in revision_files(script) if only is None or one.absolute() in only)
    files = (_except(_read(path), exceptions) for path in paths)
    return ParsedHistory(
        files=tuple(files),
        frozen_from=frozen_from,
        project_modules=project_modules(project.directory, added=prepended_directories(config)),
        env_py=_env_py(Path(script.dir, "env.py")),
        makes_version_table=_makes_version_table(Path(script.dir, "env.py")),
        is_for_offline_sql=is_for_offline_sql,
    )


def revisions_accepting(project: Project, rule: str) -> frozenset[str]:
    """Return the ids of the revisions in which a comment accepts the findings of that rule.

    :raises HistoryError: A file or a directory that cannot be read.
    """
    revisions = read_history(project).revisions
    return frozenset(one.revision_id or "" for one in revisions if one.accepts(rule))


def _env_py(path: Path) -> RevisionFile | None:
    """Return the parsed env.py; None if it cannot be read, since lint can do without it."""
    try:
        return parse_revision(shown_path(path), path.read_bytes())
    except OSError:
        return None


def _makes_version_table(env_py: Path) -> bool:
    """Return whether env.py names the version table's column, or the hook that makes the table."""
    try:
        text = env_py.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return "version_num" in text or "version_table_impl" in text


def read_base_revisions(project: Project, *, base_ref: str | None = None) -> BaseRevisions:
    """Read the checkout's changes to the revisions of the merge base with `base_ref`.

    Without git, without the ref or without the merge base the result says why: lint can do without
    it.

    :param base_ref: By default the remote's main branch.
    :raises CommandError: An alembic.ini that names no script directory.
    """
    script = ScriptDirectory.from_config(alembic_config(project))
    places = version_directories(script)
    try:
        found = base_changes(places, base_ref=base_ref)
    except ConfigError as error:
        return BaseRevisions(ref=base_ref or "", unknown=error.what, todo=error.todo)
    shown = {place.resolve(): place for place in places}

    def is_revision(path: Path) -> bool:
        is_inside = path.parent in shown or script.recursive_version_locations
        return is_inside and path.suffix == ".py" and is_revision_file(path)

    def show(path: Path) -> str:
        place = next((one for one in path.parents if one in shown), path.parent)
        return shown_path(shown.get(place, place) / path.relative_to(place))

    return BaseRevisions(
        ref=found.base_ref,
        changed=tuple(
            parse_revision(show(one.path), one.source)
            for one in found.changed
            if is_revision(one.path)
        ),
        added=frozenset(map(show, found.added)),
    )


def _except(file: RevisionFile, exceptions: tuple[Declaration, ...]) -> RevisionFile:
    """Return the file with the declarations that the settings make for its revision."""
    kinds = {one.kind for one in exceptions if one.revision == file.revision_id}
    return replace(file, excepted=frozenset(kinds)) if kinds else file


def _read(path: Path) -> RevisionFile:
    try:
        return parse_revision(shown_path(path), path.read_bytes())
    except OSError as error:
        what = f"cannot read a revision: {error.strerror}"
        raise HistoryError(what, where=str(path)) from error


_INSTALLED = ("site-packages", "dist-packages")


def project_modules(directory: Path, *, added: Iterable[str] = ()) -> frozenset[str]:
    """Return the top-level names of the modules and packages that belong to the project.

    They are looked for beside Alembic's file (for Flask-Migrate: beside the directory of the
    migrations), in its directory `src` and in the directories of `prepend_sys_path`. The name of the
    project in pyproject.toml counts as well. Names that the standard library or an installed
    distribution has are left out.

    :param directory: The directory of Alembic's file.
    :param added: The directories of `prepend_sys_path`.
    """
    base = directory.parent if (directory / "env.py").is_file() else directory
    while (base / "__init__.py").is_file():
        base = base.parent
    # Alembic takes a relative path from the working directory, which is usually that of the file.
    others = [start / place for place in added for start in (base, Path())]
    places = dict.fromkeys(place.resolve() for place in (base, *others))
    found = {
        name
        for place in places
        if place.name not in _INSTALLED
        for name in (*_modules_in(place), *_modules_in(place / "src"))
    }
    own = {name for place in places if (name := _project_name(place / "pyproject.toml"))}
    return frozenset(name for name in found if not _is_foreign(name)) | own


def _modules_in(directory: Path) -> Iterator[str]:
    if not directory.is_dir():
        return
    for path in directory.iterdir():
        if path.suffix == ".py" and path.stem.isidentifier():
            yield path.stem
        elif path.name.isidentifier() and path.is_dir() and any(path.glob("*.py")):
            yield path.name


def _is_foreign(name: str) -> bool:
    """Return whether the standard library or an installed distribution has that module."""
    if name in sys.stdlib_module_names:
        return True
    installed = [place for place in sys.path if Path(place).name in _INSTALLED]
    return PathFinder.find_spec(name, installed) is not None


def _project_name(path: Path) -> str:
    """Return the project's name in the form of a module's name; empty without one."""
    try:
        project = tomllib.loads(path.read_text(encoding="utf-8")).get("project", {})
    except (OSError, ValueError):
        return ""
    name = project.get("name", "") if isinstance(project, dict) else ""
    return re.sub(r"[-.]", "_", name).lower() if isinstance(name, str) else ""
