"""The transactions that hold locks which pending statements will wait for, before any of them runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.engine import Connection

from alembic_deploy.blockers import TRANSACTIONS, Blocker, blocker_of
from alembic_deploy.lock_modes import LockMode
from alembic_deploy.pending import TouchedRelation

LONG_S = 5.0
"""A transaction that has lasted for so long is reported."""
_POLL_S = 0.5

_HELD = {f"{''.join(one.title().split())}Lock": one for one in LockMode}
"""The names in pg_locks. Source: view-pg-locks; explicit-locking."""

_HOLDERS = f"""\
SELECT lock.relation AS oid, lock.mode, lock.virtualtransaction, transaction.*
FROM pg_catalog.pg_locks AS lock
LEFT JOIN pg_catalog.pg_locks AS own
    ON lock.pid IS NULL
    AND own.pid IS NULL
    AND own.locktype = 'transactionid'
    AND own.virtualtransaction = lock.virtualtransaction
JOIN ({TRANSACTIONS}) AS transaction
    ON transaction.pid = lock.pid OR transaction.transaction_id = own.transactionid
WHERE lock.locktype = 'relation'
AND lock.granted
AND lock.database = (
    SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()
)
AND lock.relation = ANY (CAST(:oids AS oid[]))
AND transaction.backend_type IS DISTINCT FROM 'autovacuum worker'
ORDER BY age_s DESC NULLS LAST, transaction.pid"""
"""A lock without a process is a prepared transaction's, which also has a lock on its own id.

Autovacuum gives way to a lock that another session waits for. Source: view-pg-locks; routine-vacuuming.
"""

_SNAPSHOTS = f"""\
SELECT *
FROM ({TRANSACTIONS}) AS transaction
WHERE datname = pg_catalog.current_database()
AND has_snapshot
AND backend_type = 'client backend'
ORDER BY age_s DESC, pid"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockHolder:
    """A transaction for which pending statements will wait."""

    session: Blocker
    table: str = ""
    mode: LockMode | None = None
    """The lock that it holds; None for a snapshot, for which CONCURRENTLY statements wait."""
    transaction: str
    """Its virtual transaction id."""

    def __str__(self) -> str:
        """Return what is held by whom."""
        what = f"{self.mode} on {self.table}" if self.mode else "a snapshot"
        return f"{what} is held by {self.session}"


def read_lock_holders(
    connection: Connection, relations: Iterable[TouchedRelation], *, waits_for_all: bool
) -> tuple[LockHolder, ...]:
    """Return the transactions that hold a lock which conflicts with a pending one; the oldest first.

    :param waits_for_all: Whether a pending statement is a CONCURRENTLY one, which waits for every
        transaction of the database that has a snapshot.
    """
    wanted = {one.oid: one for one in relations if one.mode is not None}
    found = dict[tuple[str, int], LockHolder]()
    for row in connection.execute(text(_HOLDERS), {"oids": list(wanted)}):
        relation, held = wanted[row.oid], _HELD[row.mode]
        kept = found.get((row.virtualtransaction, row.oid))
        is_stronger = kept is None or kept.mode is None or kept.mode.strength < held.strength
        if relation.mode and held.conflicts_with(relation.mode) and is_stronger:
            found[row.virtualtransaction, row.oid] = LockHolder(
                session=blocker_of(row),
                table=relation.name,
                mode=held,
                transaction=row.virtualtransaction,
            )
    holders = tuple(found.values())
    return (*holders, *_snapshots(connection, without=holders)) if waits_for_all else holders


def _snapshots(connection: Connection, *, without: tuple[LockHolder, ...]) -> Iterator[LockHolder]:
    known = {one.session.pid for one in without}
    for row in connection.execute(text(_SNAPSHOTS)):
        if row.pid not in known:
            yield LockHolder(session=blocker_of(row), transaction=f"snapshot of {row.pid}")


def wait_for_long(
    read: Callable[[], tuple[LockHolder, ...]],
    *,
    wait_s: float,
    print_line: Callable[[str], None],
) -> tuple[LockHolder, ...]:
    """Wait until no transaction holds a needed lock for long; return those that still do.

    The start of another role's transaction may be hidden from this login. With a wait, those of
    the first reading count as long ones; without one, they are left out.
    """
    ends_s = time.monotonic() + wait_s
    hidden: set[str] | None = None
    reported: set[str] = set()
    while True:
        holders = read()
        if hidden is None:
            hidden = {one.transaction for one in holders if one.session.age_s is None and wait_s}
        long = tuple(one for one in holders if _is_long(one) or one.transaction in hidden)
        if not long or time.monotonic() >= ends_s:
            return long
        for one in long:
            if one.transaction not in reported:
                print_line(f"waiting for the end of a transaction: {one}")
        reported |= {one.transaction for one in long}
        time.sleep(_POLL_S)


def _is_long(holder: LockHolder) -> bool:
    return holder.session.age_s is not None and holder.session.age_s >= LONG_S
