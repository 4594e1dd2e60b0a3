"""One run of env.py, over one connection, with whatever steps a proof asks for.

Alembic runs the steps that the function given to EnvironmentContext yields. Here that function is
a generator: it is resumed when a step has run and is committed, so that a proof can read the
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
from alembic.util import CommandError
from sqlalchemy import event, text
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError

from alembic_deploy.connect import driver_connection
from alembic_deploy.errors import DeployError, HistoryError
from alembic_deploy.revisions import ensure_revisions, refuse_unknown_heads
from alembic_deploy.server_message import sqlstate_of
from alembic_proof.catalog.session_settings import SESSION_SETTINGS, SESSION_SETTINGS_SQL
from alembic_proof.history.dry_run import (
    Rehearsal,
    RowFailure,
    SentStatement,
    find_row_failures,
    is_row_error,
    is_transaction_over,
    logged_statements,
    rehearse,
    run_and_roll_back,
)
from alembic_proof.history.env_py import (
    explained_failures,
    no_migrations,
    refuse_another_database,
    run_env_py,
    several_databases,
)
from alembic_proof.history.guarded_step import guarded_step
from alembic_proof.history.lock_wait import LockWatch
from alembic_proof.history.revisions import find_history
from alembic_proof.sql import Sqlstate

_CHARACTERISTICS = """
SELECT pg_catalog.current_setting('transaction_isolation'),
    CASE pg_catalog.current_setting('transaction_read_only')
        WHEN 'on' THEN 'READ ONLY' ELSE 'READ WRITE' END
"""
_SET_LOCAL = text("SELECT pg_catalog.set_config(:name, :value, true)")


@dataclass(frozen=True, slots=True)
class StepRequest:
    """A step that a proof asks for: the upgrade or the downgrade of one revision."""

    revision_id: str
    is_upgrade: bool
    inspect_dry_run: Callable[[], None] | None = None
    """Is called after a first run of the step, which is then rolled back; None for a single run."""
    is_in_one_run: bool = False
    """Whether Alembic remembers the types that earlier upgrades have created, as in a run from base."""
    rehearsal: Rehearsal | None = None
    """Observes a run that is rolled back, instead of the step itself."""
    sent: list[SentStatement] | None = None
    """Receives the statements of the step; None if nobody needs them."""
    sender: object = None
    """The object that asked for the step: a failure hands it back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkContext:
    """The connection of a walk, and where it began."""

    connection: Connection
    heads: tuple[str, ...]
    """The heads of the database when the walk began."""
    version_table: str
    version_schema: str | None
    ended_transaction: Collection[tuple[str, bool]] = ()
    """The steps so far that ended their own transaction: revision, whether it was the upgrade."""


@dataclass(frozen=True, slots=True)
class Failure:
    """The step that failed, and its error."""

    request: StepRequest
    error: BaseException
    row_failures: tuple[RowFailure, ...] = ()
    """Every statement of the step that fails on rows, where one of them has ended it."""


Proof = Callable[[WalkContext], Iterator[StepRequest]]
"""Yields the steps; it is resumed after each one, never after one that failed."""


def walk(config: Config, proof: Proof, *, script: ScriptDirectory | None = None) -> Failure | None:
    """Run env.py with the steps of a proof; return the step that failed, None if none did.

    Every step has a transaction of its own, also where env.py began one around all of them. Its output
    is kept from standard output. A step that fails is rolled back up to its last autocommit block.

    :param script: the loaded revisions; without it they are loaded again, while env.py runs.
    :raises HistoryError: env.py cannot run, runs no migrations or those of several databases, or
        connects to another database.
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
    except DeployError as error:
        match walking.state:
            case _Running():
                return walking.failure(walking.state, error)
        raise
    finally:
        walking.swallowed.end()
    match walking.state:
        case _NotBegun():
            raise no_migrations(f"{script.dir}/env.py")
        case _Running(error=Exception() as raised):
            return walking.failure(walking.state, raised)
        case _Ended():
            return None
    raise HistoryError(
        "env.py keeps an error to itself",
        where=f"{script.dir}/env.py",
        todo="let what a revision raises pass through it",
    )


def _environment(config: Config, script: ScriptDirectory, walking: _Walking) -> EnvironmentContext:
    """Return an environment that commits every step before the next one begins.

    All other options of env.py apply; another database is refused at once.
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


@dataclass(frozen=True, slots=True)
class _NotBegun:
    """env.py has not run migrations yet."""


@dataclass(frozen=True, slots=True)
class _BetweenSteps:
    """The proof reads the database, or a dry run runs."""


@dataclass(frozen=True, slots=True)
class _Running:
    """A step runs, or failed and ended the walk."""

    request: StepRequest
    error: Exception | None = None
    """The exception that it raised, before any wrapper; None unless the step or its commit failed."""
    row_failures: tuple[RowFailure, ...] = ()
    """Every statement of it that fails on rows."""


@dataclass(frozen=True, slots=True)
class _Ended:
    """The proof asked for all its steps: an env.py may catch what a step raises."""


class _Walking:
    """The function that Alembic calls, and the state of the walk."""

    def __init__(self, proof: Proof, *, outside: Any, watch: LockWatch) -> None:
        self._proof = proof
        self.watch = watch
        self._outside = outside
        self._directory = Path.cwd()
        self.state: _NotBegun | _BetweenSteps | _Running | _Ended = _NotBegun()
        self.swallowed = SwallowedErrors()
        self.ended_transaction: set[tuple[str, bool]] = set()
        """The steps that have ended their own transaction: the revision, whether it was its upgrade."""
        self._made: dict[Any, set[Any]] = {}
        """The types that upgrades have made so far, by the keys of Alembic's memo."""

    def steps(self, heads: Any, migration: MigrationContext) -> Iterator[RevisionStep]:
        """Yield the steps to Alembic; this is its `fn`."""
        if not self.has_begun:
            self.state = _BetweenSteps()
        if migration.script is not None:
            ensure_revisions(migration.script)
        refuse_unknown_heads(heads, migration)
        _end_reading(migration)
        context = replace(
            _context(tuple(heads), migration), ended_transaction=self.ended_transaction
        )
        self.swallowed.listen(context.connection)
        requests = self._proof(context)
        place = f"{migration.script.dir}/env.py" if migration.script is not None else ""
        while (request := self._next(requests, place)) is not None:
            migration.impl.memo = self._memo(request)
            if request.rehearsal is not None:
                step = self._bare_step(request, migration)
                self.watch.begin()
                rehearse(migration, request.rehearsal, step=step.migration_fn, path=_path_of(step))
                self.watch.end()
                _invalidate_statement_cache(migration)
                continue
            yield self._step(request, migration)
            self._commit(context.connection, request)
            self.watch.end()
            self.state = _BetweenSteps()
            if request.is_upgrade:
                self._remember(migration.impl.memo)
            _invalidate_statement_cache(migration)
        self.state = _Ended()

    @property
    def has_begun(self) -> bool:
        """Whether env.py has run migrations."""
        return not isinstance(self.state, _NotBegun)

    def failure(self, state: _Running, error: Exception) -> Failure:
        """Return the failure of the running step, with the error that ended it.

        :param error: the one that env.py let pass, if the step did not raise it itself.
        """
        cause = self.watch.explain(self.swallowed.cause_of(state.error or error))
        return Failure(state.request, cause, state.row_failures)

    def _commit(self, connection: Connection, request: StepRequest) -> None:
        """Commit the step where env.py holds one transaction around all; the commit may fail as well."""
        try:
            commit_outer_transaction(connection)
        except Exception as error:
            self.state = _Running(request, error)
            raise

    def _memo(self, request: StepRequest) -> dict[Any, Any]:
        """Return the enum types that Alembic regards as created when the step begins.

        Normally there are none, as if the step ran alone: `op.create_table` then creates each enum type
        of its columns, also one that the database has.
        """
        if not request.is_in_one_run:
            return {}
        return {key: set(names) for key, names in self._made.items()}

    def _remember(self, memo: Mapping[Any, Any]) -> None:
        for key, names in memo.items():
            if isinstance(names, set):
                self._made.setdefault(key, set()).update(names)

    def _next(self, requests: Iterator[StepRequest], place: str) -> StepRequest | None:
        """Resume the proof and return the next step. Its output is not redirected.

        The working directory is restored for it, in case env.py has changed it.

        :raises HistoryError: it waited for a lock that another connection of env.py holds.
        """
        with (
            redirect_stdout(self._outside),
            chdir(self._directory),
            self.watch.bounding(place),
        ):
            return next(requests, None)
        return None  # a lock that was waited for ends the block with an error

    def _find_row_failures(
        self, migration: MigrationContext, step: Callable[[], None], *, path: str
    ) -> tuple[RowFailure, ...]:
        """Return every statement of the step that fails on rows; the step runs once more for that."""
        passed = self.swallowed.error
        self.watch.begin()
        failures = find_row_failures(migration, step=step, path=path)
        self.watch.end()
        self.swallowed.error = passed
        return failures

    def _note_end(self, request: StepRequest, migration: MigrationContext) -> None:
        """Record whether the step has ended the transaction that Alembic began for it."""
        if is_transaction_over(migration):
            self.ended_transaction.add((request.revision_id, request.is_upgrade))

    def _bare_step(self, request: StepRequest, migration: MigrationContext) -> RevisionStep:
        if migration.script is None:
            raise HistoryError("env.py configures a context without a script directory")
        script = migration.script.get_revision(request.revision_id)
        _refuse_a_missing_direction(script, is_upgrade=request.is_upgrade)
        return guarded_step(RevisionStep(migration.script.revision_map, script, request.is_upgrade))

    def _step(self, request: StepRequest, migration: MigrationContext) -> RevisionStep:
        step = self._bare_step(request, migration)
        migrate, path = step.migration_fn, _path_of(step)

        def run(**arguments: Any) -> None:
            self.state, self.swallowed.error = _Running(request), None
            self.watch.begin()
            look = request.inspect_dry_run
            try:
                if look is None or run_and_roll_back(
                    migration, step=lambda: migrate(**arguments), look=look
                ):
                    _invalidate_statement_cache(migration)
                    with _logged(migration, request.sent, path=path):
                        migrate(**arguments)
            except Exception as error:
                self.watch.end()
                self._note_end(request, migration)
                self.state = _Running(request, error)
                if is_row_error(error) and not is_transaction_over(migration):
                    failures = self._find_row_failures(
                        migration, lambda: migrate(**arguments), path=path
                    )
                    self.state = _Running(request, error, failures)
                raise
            self._note_end(request, migration)

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
    """Have a revision without the function fail in its own step, instead of ending the walk."""
    name = "upgrade" if is_upgrade else "downgrade"

    def fail(**_: Any) -> None:
        raise HistoryError(f"{name}() is missing")

    if not callable(getattr(script.module, name, None)):
        setattr(script.module, name, fail)


def _end_reading(migration: MigrationContext) -> None:
    """End the transaction in which Alembic has checked the version table, if env.py began none.

    Otherwise the first step would run in it, and roll back what a proof has written if it fails.
    Alembic only knows of a transaction that was begun before its configure().
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


def _context(heads: tuple[str, ...], migration: MigrationContext) -> WalkContext:
    if migration.connection is None:
        raise HistoryError("env.py connects to no database")
    return WalkContext(
        connection=migration.connection,
        heads=heads,
        version_table=migration.version_table,
        version_schema=migration.version_table_schema,
    )


def _invalidate_statement_cache(migration: MigrationContext) -> None:
    """Have no statement of an earlier step run as it was prepared then.

    Elsewhere a migration does not run twice on one connection; here `SELECT *` meets a table with other
    columns. Source: SQLAlchemy's asyncpg dialect, "Prepared Statement Cache".
    """
    forget = getattr(migration.dialect, "_invalidate_schema_cache", None)
    if forget is not None:
        forget()


def commit_outer_transaction(connection: Connection) -> None:
    """Commit the transaction that env.py holds around all steps, and begin one with the same settings.

    Uncommitted rows differ from those that a revision meets elsewhere: PostgreSQL checks a deferred
    foreign key of them at every UPDATE, and ALTER TABLE refuses a table with such a check pending
    (sql-set-constraints). For SQLAlchemy it stays the same transaction, so that env.py may end it.
    Nothing happens outside of a transaction, or in a savepoint of env.py, which would be lost.
    """
    if not connection.in_transaction() or connection.in_nested_transaction():
        return
    driver = driver_connection(connection)
    if driver.autocommit:
        return
    before = _session_settings(connection)
    [isolation, access] = connection.exec_driver_sql(_CHARACTERISTICS).one()
    driver.commit()
    connection.exec_driver_sql(f"SET TRANSACTION ISOLATION LEVEL {isolation}, {access}")
    after = _session_settings(connection)
    for name, value in before.items():
        if value is not None and value != after[name]:
            connection.execute(_SET_LOCAL, {"name": name, "value": value})


def _session_settings(connection: Connection) -> dict[str, str | None]:
    """Return the session settings by name, with those that SET LOCAL changed for this transaction."""
    [values] = connection.exec_driver_sql(f"SELECT {SESSION_SETTINGS_SQL}").one()
    return dict(zip(SESSION_SETTINGS, json.loads(values), strict=True))


@dataclass(slots=True, eq=False)
class SwallowedErrors:
    """The last error of a step that was not a consequence of an earlier one.

    A revision may catch the error that ended its transaction, so that only a later statement fails.
    """

    error: Exception | None = None
    _engine: Engine | None = None

    def cause_of(self, error: Exception) -> Exception:
        """Return the error that ended the transaction, if `error` only says that something has."""
        return self.error if self.error is not None and _is_consequence(error) else error

    def listen(self, connection: Connection) -> None:
        """Record the errors of the connection's engine, also those that are caught."""
        self._engine = connection.engine
        event.listen(self._engine, "handle_error", self._note)

    def end(self) -> None:
        """Stop recording: the engine may be the project's own."""
        if self._engine is not None and event.contains(self._engine, "handle_error", self._note):
            event.remove(self._engine, "handle_error", self._note)

    def _note(self, context: Any) -> None:
        error = context.sqlalchemy_exception
        if error is not None and not _is_consequence(error):
            self.error = error


def _is_consequence(error: BaseException | None) -> bool:
    """Return whether the error only says that the transaction is aborted, also inside of a wrapper."""
    while isinstance(error, (DeployError, CommandError)):
        error = error.__cause__
    return (
        isinstance(error, DBAPIError) and sqlstate_of(error) == Sqlstate.IN_FAILED_SQL_TRANSACTION
    )
