"""The walk: one run of env.py, one connection, and whatever steps a proof asks for.

Alembic runs the steps that the function given to EnvironmentContext yields. Here that function is
a generator: it is resumed when a step has run and is committed, so that a proof can look at the
database between two steps, through any env.py and any driver.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, chdir, nullcontext, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.script import Script, ScriptDirectory
from sqlalchemy import text
from sqlalchemy.engine import Connection

from alembic_proof.catalog.queries.lasting import LASTING, LASTING_VALUES
from alembic_proof.driver import driver_connection
from alembic_proof.errors import HistoryError, ProofError
from alembic_proof.history.chain import find_history
from alembic_proof.history.environment import (
    explained_failures,
    no_migrations,
    refuse_another_database,
    run_env_py,
    several_databases,
)
from alembic_proof.history.exits import refuse_exits_of
from alembic_proof.history.let_pass import LetPass
from alembic_proof.history.load import ensure_revisions, refuse_unknown_heads
from alembic_proof.history.lock_wait import LockWatch
from alembic_proof.history.rehearsal import Rehearsal, SentStatement, logged_statements, rehearse
from alembic_proof.history.row_failures import RowFailure, fails_over_rows, find_row_failures
from alembic_proof.history.trial import is_transaction_over, try_out

_CHARACTERISTICS = """
SELECT pg_catalog.current_setting('transaction_isolation'),
    CASE pg_catalog.current_setting('transaction_read_only')
        WHEN 'on' THEN 'READ ONLY' ELSE 'READ WRITE' END
"""
_SET_LOCAL = text("SELECT pg_catalog.set_config(:name, :value, true)")


@dataclass(frozen=True, slots=True)
class Move:
    """One revision, one way."""

    revision_id: str
    is_upgrade: bool
    try_and_look: Callable[[], None] | None = None
    """What looks at the database after a first run, which is then taken back; None for one run."""
    is_in_one_run: bool = False
    """Whether Alembic remembers the types that the upgrades before it have made, as in a run from base."""
    rehearsal: Rehearsal | None = None
    """Observes a run that is rolled back, instead of the step itself."""
    sent: list[SentStatement] | None = None
    """Receives the statements of the step; None where nobody asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a proof stands on while env.py runs."""

    connection: Connection
    heads: tuple[str, ...]
    """Where the database was when the walk began."""
    version_table: str
    version_schema: str | None
    ended_transaction: Collection[tuple[str, bool]] = ()
    """The steps so far that have ended their own transaction: the revision, whether it was its upgrade."""


@dataclass(frozen=True, slots=True)
class Failure:
    """The step that failed, and what was raised."""

    move: Move
    error: BaseException
    over_rows: tuple[RowFailure, ...] = ()
    """Every statement of the step that fails over rows, where one of them has ended it."""


Proof = Callable[[Ground], Iterator[Move]]
"""Yields the moves; it is resumed after each one, never after one that failed."""


def walk(config: Config, proof: Proof, *, script: ScriptDirectory | None = None) -> Failure | None:
    """The step that ended the walk, None when the proof came to its own end.

    Every step has a transaction of its own, also where env.py began one around them all; what it prints is
    kept from standard output. A step that fails is rolled back as far as it had no autocommit block. Without
    `script` the revisions are loaded anew, while env.py runs.

    Raises:
        HistoryError: an env.py that cannot run, runs no migrations or those of several databases,
            or connects to another database.
    """
    walking = _Walking(proof, outside=sys.stdout, watch=LockWatch.of(config))
    try:
        with (
            redirect_stdout(io.StringIO()),
            explained_failures(config),
            walking.watch.watching(),
        ):
            script = script or find_history(config)
            run_env_py(_environment(config, script, walking))
    except ProofError as error:
        if walking.running is None:
            raise
        cause = walking.cause_of(walking.error or error)
        return Failure(walking.running, cause, walking.over_rows)
    finally:
        walking.let_pass.end()
    if not walking.has_begun:
        raise no_migrations(f"{script.dir}/env.py")
    if walking.running is not None and walking.error is not None:
        cause = walking.cause_of(walking.error)
        return Failure(walking.running, cause, walking.over_rows)
    if not walking.has_ended:
        raise HistoryError(
            "env.py keeps an error to itself",
            where=f"{script.dir}/env.py",
            todo="let what a revision raises pass through it",
        )
    return None


def _environment(config: Config, script: ScriptDirectory, walking: _Walking) -> EnvironmentContext:
    """An environment in which every step is committed before the next one begins.

    What else env.py configures counts; another database is refused at once.
    """
    environment = EnvironmentContext(config, script, fn=walking.steps)
    configure = environment.configure

    def configure_walk(*arguments: Any, **options: Any) -> None:
        if walking.has_begun:
            raise several_databases(script)
        configure(*arguments, **options | {"transaction_per_migration": True})
        place = f"{script.dir}/env.py"
        refuse_another_database(environment.get_context(), config=config, place=place)

    # alembic.context looks names up on the instance; a subclass would not be known to it.
    setattr(environment, "configure", configure_walk)  # noqa: B010  mypy: a method is not assigned
    return environment


class _Walking:
    """The function that Alembic calls, and what it knows when env.py has ended."""

    def __init__(self, proof: Proof, *, outside: Any, watch: LockWatch) -> None:
        self._proof = proof
        self.watch = watch
        self._outside = outside
        self._directory = Path.cwd()
        self.has_begun = False
        self.has_ended = False
        """Whether the proof came to its own end: an env.py may catch what is raised."""
        self.running: Move | None = None
        """The step that runs now, or that failed."""
        self.error: Exception | None = None
        """What that step raised, before anybody wrapped it."""
        self.over_rows: tuple[RowFailure, ...] = ()
        """Every statement of it that fails over rows."""
        self.let_pass = LetPass()
        self.ended_transaction: set[tuple[str, bool]] = set()
        """The steps that have ended their own transaction: the revision, whether it was its upgrade."""
        self._made: dict[Any, set[Any]] = {}
        """The types that upgrades have made so far, by the keys of Alembic's memo."""

    def steps(self, heads: Any, migration: MigrationContext) -> Iterator[RevisionStep]:
        """Alembic's `fn`."""
        self.has_begun = True
        if migration.script is not None:
            ensure_revisions(migration.script)
        refuse_unknown_heads(heads, migration)
        _end_reading(migration)
        ground = replace(_ground(tuple(heads), migration), ended_transaction=self.ended_transaction)
        self.let_pass.listen(ground.connection)
        moves = self._proof(ground)
        place = f"{migration.script.dir}/env.py" if migration.script is not None else ""
        while (move := self._next(moves, place)) is not None:
            migration.impl.memo = self._memo(move)
            if move.rehearsal is not None:
                step = self._bare_step(move, migration)
                self.watch.begin()
                rehearse(migration, move.rehearsal, step=step.migration_fn, path=_path_of(step))
                self.watch.end()
                _forget_plans(migration)
                continue
            yield self._step(move, migration)
            self._commit(ground.connection)
            self.watch.end()
            self.running = None
            if move.is_upgrade:
                self._remember(migration.impl.memo)
            _forget_plans(migration)
        self.has_ended = True

    def cause_of(self, error: Exception) -> BaseException:
        """Return what has ended the step, out of what was raised."""
        return self.watch.explain(self.let_pass.cause_of(error))

    def _commit(self, connection: Connection) -> None:
        """Commit the step where env.py holds one transaction around all; it may fail there only."""
        try:
            commit_outer_transaction(connection)
        except Exception as error:
            self.error = error
            raise

    def _memo(self, move: Move) -> dict[Any, Any]:
        """Return the types that Alembic takes for made when the step begins.

        There are none, as in a run of the step's own: `op.create_table` makes every enum type of its
        columns that the same run has not made, whatever the database has.
        """
        if not move.is_in_one_run:
            return {}
        return {key: set(names) for key, names in self._made.items()}

    def _remember(self, memo: Mapping[Any, Any]) -> None:
        for key, names in memo.items():
            if isinstance(names, set):
                self._made.setdefault(key, set()).update(names)

    def _next(self, moves: Iterator[Move], place: str) -> Move | None:
        """Let the proof look, and say what it wants; what it prints itself is not kept back.

        An env.py that has changed the directory finds itself there again.

        :raises HistoryError: it waited for a lock that another connection of env.py's holds.
        """
        with (
            redirect_stdout(self._outside),
            chdir(self._directory),
            self.watch.bounding(place),
        ):
            return next(moves, None)
        return None  # a lock that was waited for ends the block with an error

    def _find_row_failures(
        self, migration: MigrationContext, step: Callable[[], None], *, path: str
    ) -> None:
        """Note every statement of the step that fails over rows; it is run once more for that."""
        passed = self.let_pass.error
        self.watch.begin()
        self.over_rows = find_row_failures(migration, step=step, path=path)
        self.watch.end()
        self.let_pass.error = passed

    def _note_end(self, move: Move, migration: MigrationContext) -> None:
        """Note whether the step has left the transaction that Alembic began for it."""
        if is_transaction_over(migration):
            self.ended_transaction.add((move.revision_id, move.is_upgrade))

    def _bare_step(self, move: Move, migration: MigrationContext) -> RevisionStep:
        if migration.script is None:
            raise HistoryError("env.py configures a context without a script directory")
        script = migration.script.get_revision(move.revision_id)
        _refuse_a_missing_direction(script, is_upgrade=move.is_upgrade)
        return refuse_exits_of(RevisionStep(migration.script.revision_map, script, move.is_upgrade))

    def _step(self, move: Move, migration: MigrationContext) -> RevisionStep:
        step = self._bare_step(move, migration)
        migrate, path = step.migration_fn, _path_of(step)

        def run(**arguments: Any) -> None:
            self.running, self.let_pass.error = move, None
            self.watch.begin()
            look = move.try_and_look
            try:
                if look is None or try_out(migration, step=lambda: migrate(**arguments), look=look):
                    _forget_plans(migration)
                    with _logged(migration, move.sent, path=path):
                        migrate(**arguments)
            except Exception as error:
                self.watch.end()
                self._note_end(move, migration)
                self.error = error
                if fails_over_rows(error) and not is_transaction_over(migration):
                    self._find_row_failures(migration, lambda: migrate(**arguments), path=path)
                raise
            self._note_end(move, migration)

        step.migration_fn = run
        return step


def _path_of(step: RevisionStep) -> str:
    return str(step.revision.module.__file__ or "")


def _logged(
    migration: MigrationContext, sent: list[SentStatement] | None, *, path: str
) -> AbstractContextManager[None]:
    if sent is None or migration.connection is None:
        return nullcontext()
    return logged_statements(migration.connection, sent, path=path)


def _refuse_a_missing_direction(script: Script, *, is_upgrade: bool) -> None:
    """Ensures that a revision without the function is one that fails there, not all of the walk."""
    name = "upgrade" if is_upgrade else "downgrade"

    def fail(**_: Any) -> None:
        raise HistoryError(f"{name}() is missing")

    if not callable(getattr(script.module, name, None)):
        setattr(script.module, name, fail)


def _end_reading(migration: MigrationContext) -> None:
    """End the transaction that Alembic has begun to see to the version table, if env.py began none.

    The first step would go on in it, and take what a proof has written back where it fails. Alembic
    itself knows only of one that was begun before its configure().
    """
    connection = migration.connection
    # A connection in SQLAlchemy 1.4's older style begins nothing by itself, and has no commit().
    is_of_env = (
        not hasattr(connection, "commit")
        or getattr(connection, "_trans_context_manager", None) is not None
    )
    is_own = not (is_of_env or getattr(migration, "_in_external_transaction", True))
    if is_own and connection is not None and connection.in_transaction():
        connection.commit()


def _ground(heads: tuple[str, ...], migration: MigrationContext) -> Ground:
    if migration.connection is None:
        raise HistoryError("env.py connects to no database")
    return Ground(
        connection=migration.connection,
        heads=heads,
        version_table=migration.version_table,
        version_schema=migration.version_table_schema,
    )


def _forget_plans(migration: MigrationContext) -> None:
    """Ensures that no statement of an earlier step is run as it was prepared then.

    A migration is not run twice on one connection elsewhere; here `SELECT *` meets a table with
    other columns. Source: SQLAlchemy's asyncpg dialect, "Prepared Statement Cache".
    """
    forget = getattr(migration.dialect, "_invalidate_schema_cache", None)
    if forget is not None:
        forget()


def commit_outer_transaction(connection: Connection) -> None:
    """Commit the transaction that env.py holds around all steps; go on in one with the same settings.

    Rows of the same transaction are not those that a revision meets elsewhere: PostgreSQL checks a
    deferred foreign key of them at every UPDATE, and ALTER TABLE refuses a table with such a check
    pending (sql-set-constraints). SQLAlchemy takes it for the same one, so that env.py may end it as it likes. Nothing happens where
    there is none, or where env.py holds a savepoint, which would be gone.
    """
    if not connection.in_transaction() or connection.in_nested_transaction():
        return
    driver = driver_connection(connection)
    if driver.autocommit:
        return
    before = _lasting_settings(connection)
    [isolation, access] = connection.exec_driver_sql(_CHARACTERISTICS).one()
    driver.commit()
    connection.exec_driver_sql(f"SET TRANSACTION ISOLATION LEVEL {isolation}, {access}")
    after = _lasting_settings(connection)
    for name, value in before.items():
        if value is not None and value != after[name]:
            connection.execute(_SET_LOCAL, {"name": name, "value": value})


def _lasting_settings(connection: Connection) -> dict[str, str | None]:
    """Return the session settings by name, also those that SET LOCAL set for this transaction."""
    [values] = connection.exec_driver_sql(f"SELECT {LASTING_VALUES}").one()
    return dict(zip(LASTING, json.loads(values), strict=True))
