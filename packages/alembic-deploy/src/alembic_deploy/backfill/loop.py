"""The loop of a backfill: batches in short transactions, until no row is left."""

from __future__ import annotations

import random
import time
from asyncio import CancelledError
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import ClassVar

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from alembic_deploy.backfill.checkpoint import Checkpoint, CheckpointTable
from alembic_deploy.backfill.declaration import Assignment, Backfill
from alembic_deploy.backfill.statements import (
    MOST_LEFT,
    BatchSql,
    Key,
    KeyRange,
    Relation,
    count_statement,
    exists_statement,
    read_relations,
)
from alembic_deploy.backfill.waits import LaggingStandby, furthest_standby, row_lock_holders
from alembic_deploy.errors import DatabaseError, HistoryError, Terminated
from alembic_deploy.server_message import sqlstate_of
from alembic_deploy.session import set_settings

_TRANSIENT = ("55P03", "40P01", "40001")
"""lock_not_available, deadlock_detected, serialization_failure. Source: errcodes-appendix."""
_QUERY_CANCELED = "57014"
_INSUFFICIENT_PRIVILEGE = "42501"
_AIM = 0.7
"""The part of the target time that a batch aims at: the rest is for batches that take longer."""
_MOST_SCANNED = 16
"""How many rows a batch reads, at most, for each row that it updates, at most."""
_CANCEL_FACTOR = 5
"""A batch is cancelled after so many times the target, and tried again with fewer rows."""
_LEAST_CANCEL_MS = 1000
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 2.0
_LAG_CHECK_EVERY_S = 1.0

# An unseen row must be an error, and keys have one text form whatever the session's is.
_SETTINGS = {
    "row_security": "off",
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    "statement_timeout": "0",  # a count reads the whole table
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillSettings:
    """The bounds of a backfill; lock_timeout is the session's."""

    target_ms: int = 200
    """How long a batch holds its locks."""
    first_batch_rows: int = 500
    most_batch_rows: int = 50_000
    max_lag_s: float = 10.0
    """How far a standby may be behind before the loop pauses."""
    wait_s: float = 600.0
    """How long it goes on without progress, whether for standbys, locks or deadlocks."""
    report_every_s: float = 5.0
    deadline_s: float | None = None
    """When it stops, in the time of time.monotonic(); None for no deadline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillProgress:
    """How far a running backfill is, as an event."""

    name: ClassVar[str] = "backfill-progress"
    backfill: str
    is_undo: bool
    rows_done: int
    """By this run."""
    rows_total: int
    """As counted when the run began; rows that others write meanwhile come on top."""
    rows_per_s: float
    left_s: float | None
    """The time left at this rate; None before the first row, and while it pauses."""
    waits_for: str = ""
    """Why it pauses; empty while it works."""

    def lines(self) -> tuple[str, ...]:
        """Return one line: rows, rate and the time left, or why it pauses."""
        rows = f"{self.rows_done:,} of {self.rows_total:,} rows"
        pace = f"{self.rows_per_s:,.0f} rows/s"
        if self.waits_for:
            pace = f"waiting for {self.waits_for}"
        elif self.left_s is not None:
            pace += f", {self.left_s:.0f} s left"
        return (f"    {backfill_title(self.backfill, is_undo=self.is_undo)}: {rows}, {pace}",)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillFinished:
    """A backfill that has no row left, as an event."""

    name: ClassVar[str] = "backfill-finished"
    backfill: str
    is_undo: bool
    rows_done: int
    """By this run."""
    rows_done_before: int
    """By the runs before it that did not finish."""
    seconds: float
    longest_batch_ms: float

    def lines(self) -> tuple[str, ...]:
        """Return one line; none where there was nothing to do."""
        if not self.rows_done and not self.rows_done_before:
            return ()
        title = backfill_title(self.backfill, is_undo=self.is_undo)
        before = f", {self.rows_done_before:,} before" if self.rows_done_before else ""
        done = f"{self.rows_done:,} rows in {self.seconds:.1f} s{before}"
        return (f"    {title}: {done}; longest batch {self.longest_batch_ms:.0f} ms",)


def backfill_title(backfill: str, *, is_undo: bool) -> str:
    """Return what an event and a message call it."""
    return f"undo of backfill {backfill}" if is_undo else f"backfill {backfill}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSize:
    """How many rows the next batch updates and reads, at most."""

    rows: int
    scan_rows: int

    @property
    def is_dense(self) -> bool:
        """Whether the next batch reads no more rows than it may update."""
        return self.scan_rows <= self.rows

    def after(self, *, updated: int, held_ms: float, settings: BackfillSettings) -> BatchSize:
        """Return the next size, from what a batch found and how long it held its locks."""
        is_sparse = updated * 2 < self.rows
        factor = min(max(settings.target_ms * _AIM / max(held_ms, 0.1), 0.25), 2.0)
        rows = min(max(int(self.rows * factor), 1), settings.most_batch_rows)
        scan_rows = self.scan_rows * 2 if is_sparse else self.scan_rows // 2
        return BatchSize(rows=rows, scan_rows=min(max(scan_rows, rows), rows * _MOST_SCANNED))

    def reduced(self) -> BatchSize:
        """Return the size after a batch that took far too long."""
        rows = max(self.rows // 4, 1)
        return BatchSize(rows=rows, scan_rows=rows)


def is_finished(connection: Connection, backfill: Backfill, *, is_undo: bool = False) -> bool:
    """Return whether no row is left to do, whatever the checkpoint says."""
    assignment = backfill.assignment(is_undo=is_undo)
    with _transaction(connection, backfill):
        found = connection.execute(exists_statement(backfill, assignment))
        return not found.scalar_one()


def run_backfill(
    connection: Connection,
    backfill: Backfill,
    *,
    table: CheckpointTable,
    is_undo: bool = False,
    settings: BackfillSettings | None = None,
    report: Callable[[BackfillProgress], None] = lambda _: None,
) -> BackfillFinished:
    """Run the backfill until no row is left, from where an earlier run ended.

    Call it outside of a transaction: it begins and commits its own. What it raises leaves all
    batches before committed; the next run goes on from there.

    :param is_undo: Whether to take it back.
    :raises DatabaseError: The table cannot be used, a statement fails, rows stay locked, a standby
        stays behind, or the deadline is over.
    :raises HistoryError: `set` does not make `where` false.
    """
    run = _Run(connection, backfill, table, is_undo, settings or BackfillSettings(), report)
    try:
        return run.run()
    except (KeyboardInterrupt, Terminated, CancelledError) as interruption:
        interruption.add_note(run.interruption_note())
        raise


@contextmanager
def _transaction(connection: Connection, backfill: Backfill, **values: str) -> Iterator[None]:
    """Run the block in a transaction with the settings of the backfill, and with these.

    :raises DatabaseError: Row-level security would hide rows from this login.
    """
    name = f"backfill {backfill.name}"
    try:
        settings = {**_SETTINGS, "application_name": name, **dict(backfill.settings), **values}
        set_settings(connection, settings, is_local=True)
        yield
        connection.commit()
    except BaseException as error:
        with suppress(SQLAlchemyError):
            connection.rollback()
        if isinstance(error, DBAPIError) and _is_row_security(error):
            raise DatabaseError(
                f"the backfill {backfill.name} cannot run: row-level security of {backfill.table} "
                "applies to this login and may hide rows from it",
                where=backfill.path,
                todo="run it as the owner of a table without FORCE ROW LEVEL SECURITY, or as a role "
                "with BYPASSRLS",
            ) from error
        raise


def _is_row_security(error: DBAPIError) -> bool:
    return sqlstate_of(error) == _INSUFFICIENT_PRIVILEGE and "row-level security" in str(error.orig)


@dataclass(frozen=True, slots=True)
class _Left:
    """The rows of a relation that are left, at most MOST_LEFT, and the first and last key of them."""

    rows: int
    first: Key | None
    last: Key | None


@dataclass(frozen=True, slots=True)
class _Batch:
    """A batch that is committed."""

    updated: int
    held_ms: float
    next_key: Key | None
    """After which the next one begins; None at the end of the range."""


@dataclass(slots=True)
class _Run:
    """One run of one backfill."""

    connection: Connection
    backfill: Backfill
    table: CheckpointTable
    is_undo: bool
    settings: BackfillSettings
    report: Callable[[BackfillProgress], None]
    size: BatchSize = field(init=False)
    started_s: float = field(default_factory=time.monotonic)
    rows_done: int = 0
    rows_total: int = 0
    longest_batch_ms: float = 0.0
    progress_s: float = field(default_factory=time.monotonic)
    """When a batch last updated a row."""
    reported_s: float = field(default_factory=time.monotonic)
    lag_checked_s: float = 0.0
    batch_began_s: float = 0.0
    is_checked: bool = False
    """Whether a batch of this pass has shown that `set` makes `where` false."""

    def __post_init__(self) -> None:
        rows = self.settings.first_batch_rows
        self.size = BatchSize(rows=rows, scan_rows=rows)

    @property
    def assignment(self) -> Assignment:
        """The UPDATE of this direction."""
        return self.backfill.assignment(is_undo=self.is_undo)

    def run(self) -> BackfillFinished:
        """Run it to its end."""
        relations = read_relations(self.connection, self.backfill)
        self.connection.commit()
        with self._transaction():
            found = self.connection.execute(count_statement(self.backfill, self.assignment))
            self.rows_total = found.scalar_one()
        checkpoint = self._begin() if self.rows_total else Checkpoint()
        for relation in relations if self.rows_total else ():
            is_resumed = relation.name == checkpoint.relation
            self._fill(relation, resume_after=checkpoint.last_key if is_resumed else None)
        with self._transaction():
            if self.is_undo:
                self.table.remove(self.connection, self.backfill)
            else:
                self.table.finish(self.connection, self.backfill)
        return BackfillFinished(
            backfill=self.backfill.name,
            is_undo=self.is_undo,
            rows_done=self.rows_done,
            rows_done_before=checkpoint.rows_done,
            seconds=time.monotonic() - self.started_s,
            longest_batch_ms=self.longest_batch_ms,
        )

    def interruption_note(self) -> str:
        """Return what stays of the run, and how to go on."""
        done = f"{self.rows_done:,} of {self.rows_total:,} rows are done, and stay"
        return (
            f"  where: {backfill_title(self.backfill.name, is_undo=self.is_undo)}\n  now: {done}\n"
            "  help: run the command again: it goes on from there"
        )

    def _begin(self) -> Checkpoint:
        """Return the checkpoint of a run that was ended, or make a new one."""
        with self._transaction():
            self.table.create(self.connection)
            found = self.table.read(self.connection, self.backfill, is_undo=self.is_undo)
            if found is None:
                self.table.begin(self.connection, self.backfill, is_undo=self.is_undo)
        return found or Checkpoint()

    def _fill(self, relation: Relation, *, resume_after: Key | None) -> None:
        """Walk through the relation until none of its rows is left."""
        sql = BatchSql(relation=relation, assignment=self.assignment, alias=self.backfill.alias)
        pause_s = _FIRST_PAUSE_S
        while (left := self._left(sql)).rows:
            keys = KeyRange(after=left.first, is_inclusive=True, until=left.last)
            if left.rows == MOST_LEFT:
                keys = KeyRange(after=resume_after)
            # Rows that the pass before has changed in vain are found by the first batch of this one.
            self.is_checked = False
            done = self._walk(sql, keys)
            resume_after = None
            if done:
                pause_s = _FIRST_PAUSE_S
                continue
            self._refuse_stall(sql)
            pause_s = self._pause(pause_s, waits_for="rows that other sessions lock", sql=sql)

    def _left(self, sql: BatchSql) -> _Left:
        with self._transaction():
            rows, first, last = self.connection.execute(sql.left()).one()
        return _Left(rows, _key(first), _key(last))

    def _walk(self, sql: BatchSql, keys: KeyRange) -> int:
        """Run batches along a range of the key; return how many rows they updated."""
        done, pause_s = 0, _FIRST_PAUSE_S
        while True:
            self._refuse_late()
            self._await_standbys()
            try:
                batch = self._run_batch(sql, keys)
            except DBAPIError as error:
                self._recover(error, sql)
                pause_s = self._pause(
                    pause_s, waits_for="a lock that another session holds", sql=sql
                )
                continue
            self._note(batch)
            done, pause_s = done + batch.updated, _FIRST_PAUSE_S
            if batch.next_key is None:
                return done
            keys = KeyRange(after=batch.next_key, until=keys.until)

    def _run_batch(self, sql: BatchSql, keys: KeyRange) -> _Batch:
        """Run one batch and commit it with its checkpoint."""
        size = self.size
        # A crash of the server may lose the last batches, with their checkpoints: they are run again.
        with self._transaction(synchronous_commit="off", statement_timeout=str(self._cancel_ms())):
            found = self.connection.execute(
                sql.until(keys), {"skipped": size.scan_rows - 1, **keys.parameters}
            ).scalar_one_or_none()
            scanned = replace(keys, until=_key(found) or keys.until)
            self.batch_began_s = time.monotonic()
            if size.is_dense and self.is_checked:
                updated = self.connection.execute(
                    sql.update_all(scanned), scanned.parameters
                ).rowcount
                last_key = None
            else:
                updated, unchanged, last_key = self.connection.execute(
                    sql.update_some(scanned), {"batch_rows": size.rows, **scanned.parameters}
                ).one()
                if unchanged:
                    self._refuse_unchanged()
            next_key = _key(found if last_key is None else last_key)
            self.table.advance(
                self.connection,
                self.backfill,
                relation=sql.relation.name,
                last_key=next_key,
                rows=updated,
            )
        held_ms = (time.monotonic() - self.batch_began_s) * 1000
        return _Batch(updated, held_ms, next_key)

    def _note(self, batch: _Batch) -> None:
        """Record a batch that is committed, and choose the size of the next one."""
        now_s = time.monotonic()
        self.size = self.size.after(
            updated=batch.updated, held_ms=batch.held_ms, settings=self.settings
        )
        self.is_checked = self.is_checked or batch.updated > 0
        self.rows_done += batch.updated
        self.longest_batch_ms = max(self.longest_batch_ms, batch.held_ms)
        if batch.updated:
            self.progress_s = now_s
        is_waiting = not batch.updated and batch.next_key is None
        if not is_waiting and now_s - self.reported_s >= self.settings.report_every_s:
            self._report()

    def _recover(self, error: DBAPIError, sql: BatchSql) -> None:
        """Prepare for another try of a batch that was rolled back.

        :raises DBAPIError: The error itself, where another try would not help.
        """
        state = sqlstate_of(error)
        took_ms = (time.monotonic() - self.batch_began_s) * 1000
        is_cancelled = state == _QUERY_CANCELED and 0 < self._cancel_ms() <= took_ms + 50
        if is_cancelled:
            self.size = self.size.reduced()
        elif state not in _TRANSIENT:
            raise error
        self._refuse_stall(sql)

    def _cancel_ms(self) -> int:
        """Return when a batch is cancelled; 0, never, for one of a single row."""
        if self.size.rows == 1:
            return 0
        return max(self.settings.target_ms * _CANCEL_FACTOR, _LEAST_CANCEL_MS)

    def _await_standbys(self) -> None:
        """Pause while a standby is too far behind.

        :raises DatabaseError: It stays so.
        """
        now_s = time.monotonic()
        if now_s - self.lag_checked_s < _LAG_CHECK_EVERY_S:
            return
        self.lag_checked_s = now_s
        give_up_s = now_s + self.settings.wait_s
        while (standby := self._lagging_standby()) is not None:
            behind = f"standby {standby.name}, {standby.lag_s:.0f} s behind"
            if time.monotonic() >= give_up_s:
                raise DatabaseError(
                    f"the backfill {self.backfill.name} pauses for {behind}, "
                    f"for more than {self.settings.wait_s:g} s",
                    todo="run the command again when it has caught up: it goes on from there",
                )
            self._refuse_late()
            self._pause(_LONGEST_PAUSE_S, waits_for=behind)
            self.lag_checked_s = self.progress_s = time.monotonic()

    def _lagging_standby(self) -> LaggingStandby | None:
        standby = furthest_standby(self.connection)
        self.connection.commit()
        is_behind = standby is not None and standby.lag_s > self.settings.max_lag_s
        return standby if is_behind else None

    def _pause(self, pause_s: float, *, waits_for: str, sql: BatchSql | None = None) -> float:
        """Sleep and say why, and who holds the locks of `sql`; return how long the next pause is."""
        if time.monotonic() - self.reported_s >= self.settings.report_every_s:
            holders: tuple[str, ...] = ()
            # Reading the rows may have to wait for the same lock.
            with suppress(DBAPIError), self._transaction():
                holders = row_lock_holders(self.connection, sql) if sql else ()
            named = f": {'; '.join(holders)}" if holders else ""
            self._report(waits_for=waits_for + named)
        time.sleep(pause_s * random.uniform(0.5, 1.0))  # noqa: S311  spreads tries, no secret
        return min(pause_s * 1.5, _LONGEST_PAUSE_S)

    def _report(self, *, waits_for: str = "") -> None:
        now_s = time.monotonic()
        self.reported_s = now_s
        rate = self.rows_done / max(now_s - self.started_s, 0.001)
        left = max(self.rows_total - self.rows_done, 0)
        self.report(
            BackfillProgress(
                backfill=self.backfill.name,
                is_undo=self.is_undo,
                rows_done=self.rows_done,
                rows_total=max(self.rows_total, self.rows_done),
                rows_per_s=rate,
                left_s=left / rate if rate and not waits_for else None,
                waits_for=waits_for,
            )
        )

    def _refuse_late(self) -> None:
        deadline_s = self.settings.deadline_s
        if deadline_s is None or time.monotonic() < deadline_s:
            return
        raise DatabaseError(
            f"the backfill {self.backfill.name} is not finished at the deadline: "
            f"{self.rows_done:,} of {self.rows_total:,} rows are done",
            todo="run the command again: it goes on from there; or allow a longer deadline",
        )

    def _refuse_stall(self, sql: BatchSql) -> None:
        """Refuse to go on where no row was updated for long.

        :raises DatabaseError: Says who holds the rows.
        """
        stalled_s = time.monotonic() - self.progress_s
        if stalled_s < self.settings.wait_s:
            return
        with self._transaction():
            holders = row_lock_holders(self.connection, sql)
        left = self._left(sql).rows
        what = (
            f"the backfill {self.backfill.name} updated no row of {sql.relation.name} for "
            f"{stalled_s:.0f} s, and {'at least ' if left == MOST_LEFT else ''}{left:,} are left"
        )
        if not holders:
            raise DatabaseError(
                what,
                where=self.backfill.path,
                todo="no session locks them: look for a trigger or rule that keeps the UPDATE from "
                "changing them, then run the command again",
            )
        raise DatabaseError(
            what,
            where="; ".join(holders),
            todo="let that transaction end, or end it with pg_terminate_backend(pid), and run the "
            "command again: it goes on from there",
        )

    def _refuse_unchanged(self) -> None:
        direction = "undo" if self.is_undo else "backfill"
        raise HistoryError(
            f"the {direction} {self.backfill.name} does not end: rows that its `set` has changed "
            "still match its `where`",
            where=self.backfill.path,
            todo="let `where` look at the columns that `set` writes, such as `column IS NULL`, and "
            "leave out rows that `set` cannot change",
        )

    def _transaction(self, **values: str) -> AbstractContextManager[None]:
        return _transaction(self.connection, self.backfill, **values)


def _key(value: Sequence[str] | None) -> Key | None:
    return None if value is None else tuple(value)
