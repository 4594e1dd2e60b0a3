"""The revisions of a script directory: load them, refuse broken ones, and find several heads."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path, PurePath

from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from alembic.script.revision import RevisionError, RevisionMap
from alembic.util import CommandError

from alembic_deploy.error_location import project_location
from alembic_deploy.errors import HistoryError
from alembic_deploy.process_exit import refused_exits
from alembic_deploy.python_errors import describe, project_error
from alembic_deploy.revision_source import declaration_place


def load_revisions(script: ScriptDirectory) -> None:
    """Load the directory's revisions again, and refuse those that make no sound graph.

    :raises HistoryError: A file that cannot be loaded, an id that two files have, a parent without
        a file, a cycle, no `upgrade()`, an async one, a directory that cannot be read.
    """
    refuse_unreadable(directories(script))
    scripts = _load_files(script)
    _refuse_duplicates(scripts)
    _refuse_missing_parents(scripts)
    _refuse_missing_upgrades(scripts)
    _refuse_unawaited(scripts)
    script.revision_map = _LoadedMap(lambda: iter(scripts))
    try:
        _ = script.revision_map.heads
    except (RevisionError, KeyError) as error:
        text = str(error.args[0]) if error.args else describe(error)
        raise HistoryError(
            f"the revisions make no history: {text}",
            where=_places(script),
            todo="correct down_revision and depends_on of the revisions that it names",
        ) from error


def ensure_revisions(script: ScriptDirectory) -> None:
    """Load the directory's revisions unless `load_revisions` has already done so.

    :raises HistoryError: As `load_revisions`.
    """
    if not isinstance(script.revision_map, _LoadedMap):
        load_revisions(script)


class _LoadedMap(RevisionMap):
    """A map of revisions that `load_revisions` has loaded."""


def refuse_unreadable(places: Iterable[Path]) -> None:
    """Refuse directories of revisions that cannot be listed; a missing one is empty.

    :raises HistoryError: One cannot; it would look like an empty history.
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
    """Refuse a database that is at a revision without a file.

    :param todo: What to do about it; by default what an operator does.
    :raises HistoryError: There is one; names it.
    """
    for head in unknown_heads(heads, migration):
        raise HistoryError(
            f"the database is at revision {head}, which this code does not know",
            where=_places(migration.script) if migration.script else "",
            todo=todo
            or "a newer release has been here: deploy that one or a newer one; to go back to this "
            "one, downgrade with that release first",
        )


def unknown_heads(heads: Iterable[str], migration: MigrationContext) -> tuple[str, ...]:
    """Return the revisions that no file has."""
    script = migration.script
    return () if script is None else tuple(head for head in heads if not _is_known(head, script))


def duplicate_id(revision_id: str, *paths: str) -> HistoryError:
    """Return the error for two files that have the same id."""
    return HistoryError(
        f"two files have the revision id {revision_id}",
        where=" and ".join(declaration_place(path, "revision") for path in paths),
        todo="give one of them another id, also in the down_revision of its children",
    )


def missing_parent(revision_id: str, parent: str, *, path: str) -> HistoryError:
    """Return the error for a revision whose parent has no file."""
    return HistoryError(
        f"revision {revision_id} follows {parent}, which no file has",
        where=declaration_place(path, "down_revision"),
        todo="restore that revision's file, or correct down_revision",
    )


def version_directories(script: ScriptDirectory) -> tuple[Path, ...]:
    """Return the absolute directories of revisions, also those that do not exist yet.

    The public `version_locations` is None before Alembic 1.14 where the configuration names none.
    """
    return tuple(Path(place).absolute() for place in script._version_locations)


def directories(script: ScriptDirectory) -> tuple[Path, ...]:
    """Return the directories of revisions, as written and with links resolved."""
    places = version_directories(script)
    return (*places, *(place.resolve() for place in places))


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


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphRevision:
    """A revision's place in the history."""

    revision_id: str
    path: str
    parents: tuple[str, ...] = ()
    """Ids, or branch labels, of `down_revision`."""
    dependencies: tuple[str, ...] = ()
    """Ids of `depends_on`."""
    labels: tuple[str, ...] = ()
    """The branch labels that its own file gives."""

    def __str__(self) -> str:
        return f"{self.revision_id} ({self.path})"


@dataclass(frozen=True, slots=True)
class RevisionGraph:
    """Revisions and their parents."""

    by_id: Mapping[str, GraphRevision]
    _id_of_label: Mapping[str, str]

    @classmethod
    def of(cls, revisions: Iterable[GraphRevision]) -> RevisionGraph:
        """Return the graph of these revisions."""
        by_id = {one.revision_id: one for one in revisions}
        labels = {label: one.revision_id for one in by_id.values() for label in one.labels}
        return cls(by_id, labels)

    @property
    def revisions(self) -> tuple[GraphRevision, ...]:
        """Return the revisions in the order in which `of` got them."""
        return tuple(self.by_id.values())

    @property
    def heads(self) -> tuple[str, ...]:
        """Return the ids of the revisions without a child, sorted."""
        followed = {parent for name in self.by_id for parent in self.parents(name)}
        return tuple(sorted(self.by_id.keys() - followed))

    def parents(self, revision_id: str) -> tuple[str, ...]:
        """Return the ids of the parents, also of one without a file."""
        names = self.by_id[revision_id].parents
        return tuple(self._id_of_label.get(name, name) for name in names)

    def ancestors(
        self, revision_ids: Iterable[str], *, with_dependencies: bool = False
    ) -> frozenset[str]:
        """Return the ids of these revisions and of all their ancestors that have a file.

        :param with_dependencies: Follow `depends_on` as well: return all that is applied with them.
        """
        found: set[str] = set()
        waiting = list(revision_ids)
        while waiting:
            one = waiting.pop()
            if one in self.by_id and one not in found:
                found.add(one)
                waiting += self.parents(one)
                waiting += self.by_id[one].dependencies if with_dependencies else ()
        return frozenset(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeveralHeads:
    """Heads of one branch, which nobody intended: only one revision should be last."""

    heads: tuple[GraphRevision, ...]
    """In the order of their files."""
    forks: tuple[GraphRevision, ...]
    """The youngest ancestors of all of them; empty where they have none in common."""


def graph_of(script: ScriptDirectory) -> RevisionGraph:
    """Return the graph of a history that is loaded."""
    return RevisionGraph.of(
        GraphRevision(
            revision_id=one.revision,
            path=one.path,
            parents=tuple(one._versioned_down_revisions),
            dependencies=tuple(one._resolved_dependencies),
            labels=tuple(one._orig_branch_labels),
        )
        for one in script.walk_revisions()
    )


def several_heads(graph: RevisionGraph) -> tuple[SeveralHeads, ...]:
    """Return the heads of each branch that has more than one; empty for a sound history.

    Two heads are intended if their branch labels differ, or if they have no ancestor in common and
    their files are in different directories (`version_locations`).
    Source: https://alembic.sqlalchemy.org/en/latest/branches.html
    """
    below = {name: graph.ancestors([name]) for name in graph.heads}
    return tuple(
        SeveralHeads(heads=group, forks=_forks(group, below, graph))
        for group in _groups(below, graph)
        if len(group) > 1
    )


def _groups(
    below: Mapping[str, frozenset[str]], graph: RevisionGraph
) -> list[tuple[GraphRevision, ...]]:
    """Return the heads in groups of one branch, in the order of their files.

    :param below: The ancestors of each head.
    """
    group_of = {name: {name} for name in below}
    for one, other in combinations(below, 2):
        if _are_intended(one, other, below, graph):
            continue
        joined = group_of[one] | group_of[other]
        group_of |= dict.fromkeys(joined, joined)
    groups = {frozenset(group) for group in group_of.values()}
    in_order = (sorted((graph.by_id[name] for name in group), key=_by_path) for group in groups)
    return sorted(map(tuple, in_order), key=lambda group: _by_path(group[0]))


def _are_intended(
    one: str, other: str, below: Mapping[str, frozenset[str]], graph: RevisionGraph
) -> bool:
    ours, others = below[one], below[other]
    if _labels(ours, graph) != _labels(others, graph):
        return True
    places = {PurePath(graph.by_id[name].path).parent for name in (one, other)}
    return not ours & others and len(places) == 2


def _labels(names: frozenset[str], graph: RevisionGraph) -> frozenset[str]:
    return frozenset(label for name in names for label in graph.by_id[name].labels)


def _forks(
    heads: tuple[GraphRevision, ...],
    below: Mapping[str, frozenset[str]],
    graph: RevisionGraph,
) -> tuple[GraphRevision, ...]:
    """Return the common ancestors without a child that is a common ancestor."""
    common = frozenset.intersection(*(below[one.revision_id] for one in heads))
    followed = {parent for name in common for parent in graph.parents(name)}
    return tuple(sorted((graph.by_id[name] for name in common - followed), key=_by_path))


def _by_path(revision: GraphRevision) -> tuple[str, str]:
    return revision.path, revision.revision_id


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
            where=_places(script),
            todo="correct the file, or remove it",
        ) from error
    except Exception as error:
        place = project_location(error, directories(script)) or _places(script)
        fault = project_error(error, place=place)
        what = f"a revision cannot be loaded: {describe(error)}"
        raise HistoryError(what, where=place, todo=fault.todo) from error


def _refuse_duplicates(scripts: Iterable[Script]) -> None:
    seen: dict[str, Script] = {}
    for script in scripts:
        first = seen.setdefault(script.revision, script)
        if first is not script:
            raise duplicate_id(script.revision, first.path, script.path)


def _refuse_missing_parents(scripts: tuple[Script, ...]) -> None:
    known = {name for script in scripts for name in (script.revision, *script.branch_labels)}
    for script in scripts:
        for parent in script._versioned_down_revisions:
            if parent not in known:
                raise missing_parent(script.revision, parent, path=script.path)


def _refuse_missing_upgrades(scripts: tuple[Script, ...]) -> None:
    for script in scripts:
        if not callable(getattr(script.module, "upgrade", None)):
            raise HistoryError(
                f"revision {script.revision} has no upgrade()",
                where=script.path,
                todo="write one; `pass` is its body where it has nothing to do",
            )


def _refuse_unawaited(scripts: Iterable[Script]) -> None:
    """Refuse functions that do nothing when they are called: their body waits to be awaited."""
    for script in scripts:
        for name in ("upgrade", "downgrade"):
            function = getattr(script.module, name, None)
            if function is None:
                continue
            function = inspect.unwrap(function)
            is_generator = inspect.isgeneratorfunction(function)
            is_async = inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)
            if is_generator or is_async:
                kind = "a generator" if is_generator else "an async function"
                raise HistoryError(
                    f"{name}() of revision {script.revision} is {kind}: a call of it does nothing",
                    where=f"{script.path}:{function.__code__.co_firstlineno}",
                    todo="write it as an ordinary function: `def`, without `await` and `yield`",
                )


def _places(script: ScriptDirectory) -> str:
    return ", ".join(map(str, version_directories(script)))
