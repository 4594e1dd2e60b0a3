"""The backfills of a history: which revision declares which, and which one requires it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from alembic.script import Script, ScriptDirectory

from alembic_deploy.backfill.declaration import Backfill, read_backfill, read_requirements
from alembic_deploy.errors import HistoryError
from alembic_deploy.revisions import RevisionGraph, graph_of


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryBackfills:
    """The backfills of a history."""

    by_revision: Mapping[str, Backfill]
    """In the order of the history, the oldest first."""
    required_by_revision: Mapping[str, tuple[Backfill, ...]]
    """What must be finished before a revision's upgrade."""

    def named(self, name: str) -> Backfill:
        """Return the backfill of that name.

        :raises HistoryError: There is none; says which there are.
        """
        found = next((one for one in self.by_revision.values() if one.name == name), None)
        if found is None:
            names = ", ".join(one.name for one in self.by_revision.values())
            raise HistoryError(
                f"no revision has a backfill called {name}",
                todo=f"the history has {names}" if names else "the history has no backfill",
            )
        return found


def read_backfills(script: ScriptDirectory) -> HistoryBackfills:
    """Return the backfills that the loaded revisions declare and require.

    :raises HistoryError: A declaration that cannot be used, a name that two revisions have, or a
        requirement that no earlier revision satisfies.
    """
    revisions = tuple(reversed(tuple(script.walk_revisions())))
    by_revision = {
        one.revision: backfill
        for one in revisions
        if (backfill := read_backfill(one.module, revision=one.revision, path=one.path))
    }
    _refuse_duplicates(by_revision.values())
    by_name = {one.name: one for one in by_revision.values()}
    graph = graph_of(script)
    return HistoryBackfills(
        by_revision=by_revision,
        required_by_revision={
            one.revision: tuple(_required(one, name, by_name, graph) for name in names)
            for one in revisions
            if (names := read_requirements(one.module, revision=one.revision, path=one.path))
        },
    )


def _refuse_duplicates(backfills: Iterable[Backfill]) -> None:
    seen: dict[str, Backfill] = {}
    for backfill in backfills:
        first = seen.setdefault(backfill.name, backfill)
        if first is not backfill:
            raise HistoryError(
                f"two revisions have a backfill called {backfill.name}",
                where=f"{first.path} and {backfill.path}",
                todo="give one of them another name",
            )


def _required(
    revision: Script, name: str, by_name: Mapping[str, Backfill], graph: RevisionGraph
) -> Backfill:
    found = by_name.get(name)
    before = graph.ancestors(revision._all_down_revisions, with_dependencies=True)
    if found is not None and found.revision in before:
        return found
    whose = "which no revision has"
    if found is not None:
        whose = f"but that of revision {found.revision} does not come before it"
    raise HistoryError(
        f"revision {revision.revision} requires the backfill {name}, {whose}",
        where=revision.path,
        todo="correct requires_backfill, or the order of the revisions",
    )
