"""The steps of one command: fetched before Alembic runs them, timed and noted while it does."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from typing import Any

from alembic.runtime.migration import MigrationContext, MigrationInfo, MigrationStep, RevisionStep
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import event
from sqlalchemy.engine import Connection

from alembic_proof.errors import HistoryError
from alembic_proof.history.alembic_error import DatabasePlace
from alembic_proof.history.changed import branches_with
from alembic_proof.history.command import RunningCommand
from alembic_proof.history.exits import refuse_exits_of
from alembic_proof.history.heads import graph_of, several_heads
from alembic_proof.history.load import (
    refuse_unknown_heads,
    unknown_heads,
    version_directories,
)

_RELATIVE = re.compile(r"[+-]\d+$")
"""The end of a relative target: `+1`, `ab12+1`, `label@-2`."""
_FOR_LOCAL = (
    "check out {branch} this revision, and downgrade there; or empty this local database: `{reset}`"
)


class Steps:
    """Alembic's own work function, wrapped: it knows which step runs and what is done."""

    def __init__(
        self,
        command: RunningCommand,
        *,
        tell: Callable[[RevisionStep, float], None],
        answer: Callable[[str], None],
        reset_command: str,
    ) -> None:
        self._command = command
        self._tell = tell
        self._answer = answer
        self._reset_command = reset_command
        self._fetched: Iterator[MigrationStep] | None = None
        self._next_heads: tuple[str, ...] | None = None
        self.running: MigrationStep | None = None
        """The step that runs now, or that failed."""
        self.has_committed = False
        """Whether that step committed a part of itself: it has an autocommit block."""
        self.is_local = False
        """Whether it is the checkout's own database."""
        self.start: tuple[str, ...] = ()
        """The revisions that the database was at."""
        self._script: ScriptDirectory | None = None
        self.heads: tuple[str, ...] = ()
        """The revisions that the database is at, as far as it is committed."""

    def fetch(self, heads: Iterable[str], migration: MigrationContext) -> MigrationStep | None:
        """The first step, None when there is nothing to do.

        Raises:
            HistoryError: the database is at a revision that no file has (`current` and `history`
                show it), or `upgrade` is given a revision that lies behind.
            CommandError: Alembic finds no way from the heads to where it should go.
        """
        self.start = self.heads = tuple(heads)
        self._script = script = migration.script
        steps = iter(self._command.work(self._known(migration), migration))
        first = next(steps, None)
        if first is None and script is not None:
            self._refuse_behind(script)
        self._fetched = steps if first is None else chain([first], steps)
        return first

    @property
    def place(self) -> DatabasePlace:
        """Where the database is in the history."""
        if self._script is None:
            return DatabasePlace(heads=self.start, command=self._command.name)
        unmeant = several_heads(graph_of(self._script))
        return DatabasePlace(
            heads=self.start,
            is_at_head=set(self.start) == set(self._script.get_heads()),
            unmeant_heads=tuple(head.revision_id for one in unmeant for head in one.heads),
            command=self._command.name,
        )

    def _known(self, migration: MigrationContext) -> tuple[str, ...]:
        """Return where the database is; a command that only shows it answers for the unknown ones."""
        unknown = unknown_heads(self.start, migration)
        if unknown and self._command.name not in ("current", "history"):
            todo = self._todo_for_local(unknown, migration.script) if self.is_local else ""
            refuse_unknown_heads(unknown, migration, todo=todo)
        for head in unknown:
            self._answer(f"{head} (unknown: no file here has this revision)")
        if self._command.name == "current" and not self.start:
            self._answer("base (no revision is applied)")
        return tuple(head for head in self.start if head not in unknown)

    def _todo_for_local(self, unknown: tuple[str, ...], script: ScriptDirectory | None) -> str:
        places = version_directories(script) if script is not None else ()
        branches = branches_with(places, unknown[0])
        name = f"the branch {branches[0]}, which has" if branches else "the branch that has"
        return _FOR_LOCAL.format(branch=name, reset=self._reset_command)

    def _refuse_behind(self, script: ScriptDirectory) -> None:
        """Ensure that an upgrade with nothing to do was not meant to go back."""
        target = self._command.target
        if not target or _RELATIVE.search(target):
            return
        try:
            named = script.get_revisions(target)
        except CommandError:
            return  # Alembic has found nothing to do; it is not for us to fail.
        behind = {one.revision for one in named} - set(self.start)
        if self.start and behind:
            names, at = ", ".join(sorted(behind)), ", ".join(sorted(self.start))
            raise HistoryError(
                f"{names} is behind {at}, where the database is: nothing to upgrade",
                todo=f"to go back: the command `downgrade` with {names}",
            )

    def __call__(self, heads: Iterable[str], migration: MigrationContext) -> Iterator[Any]:
        """Alembic's `fn`: yields each step; when it is resumed, that step is committed."""
        if self._fetched is None:
            self.fetch(heads, migration)
        yield from self._run(self._fetched or iter(()))

    def _run(self, steps: Iterator[MigrationStep]) -> Iterator[MigrationStep]:
        for step in steps:
            self.running, self.has_committed, self._next_heads = step, False, None
            started_s = time.perf_counter()
            yield refuse_exits_of(step) if isinstance(step, RevisionStep) else step
            self.running = None
            self._settle()
            if isinstance(step, RevisionStep):
                self._tell(step, time.perf_counter() - started_s)

    def _settle(self) -> None:
        """The step is committed: its heads are the database's."""
        self.heads = self.heads if self._next_heads is None else self._next_heads

    def note_version(
        self,
        ctx: MigrationContext,  # noqa: ARG002  Alembic hands over these four by name
        step: MigrationInfo,  # noqa: ARG002
        heads: Collection[str],
        run_args: Mapping[str, Any],  # noqa: ARG002
    ) -> None:
        """Alembic's `on_version_apply`: the step's own work is done, its commit comes next."""
        self._next_heads = tuple(sorted(heads))

    @contextmanager
    def watching(self, connection: Connection) -> Iterator[None]:
        """Ensures that the connection's commits are noted inside of this block."""
        event.listen(connection, "commit", self._note_commit)
        try:
            yield
        finally:
            event.remove(connection, "commit", self._note_commit)

    def _note_commit(self, _connection: Connection) -> None:
        """Before the version is noted, it is a part of the step that commits."""
        if self.running is not None and self._next_heads is None:
            self.has_committed = True
