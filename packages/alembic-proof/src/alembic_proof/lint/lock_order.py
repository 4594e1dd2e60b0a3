"""The locks that a transaction should take before its first statement, so that it meets traffic once.

A transaction that holds a lock and waits for another one deadlocks with a client that holds what it
waits for and waits for what it holds. Clients read and write: ACCESS SHARE, ROW SHARE, ROW EXCLUSIVE.

Source: explicit-locking, "Deadlocks".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from alembic_deploy.lock_modes import LockMode, Reach, TableLock, lock_modes
from alembic_deploy.statements import (
    find_all,
    first_parenthesized,
    fold_identifier,
    match_start,
    parenthesized,
    qualified_name,
    split_list,
)

_TRAFFIC = (LockMode.ACCESS_SHARE, LockMode.ROW_SHARE, LockMode.ROW_EXCLUSIVE)
"""The modes that clients take."""
_CREATED = (
    "CREATE [ { TEMPORARY | TEMP | UNLOGGED | FOREIGN } ] TABLE [ IF NOT EXISTS ] table",
    "CREATE MATERIALIZED VIEW [ IF NOT EXISTS ] table",
)
_INDEX = "CREATE [ UNIQUE ] INDEX [ CONCURRENTLY ] [ IF NOT EXISTS ] index ON [ ONLY ] table"
_CREATED_FOREIGN = "CREATE FOREIGN TABLE [ IF NOT EXISTS ] table"
_KEY = "[ ADD ] [ CONSTRAINT name ] FOREIGN KEY ("
_COLUMN = "[ ADD [ COLUMN ] [ IF NOT EXISTS ] ] column"
_NO_TABLE = (
    "{ { ALTER | DROP | REINDEX | REFRESH | COMMENT ON } "
    "{ INDEX | SEQUENCE | VIEW | MATERIALIZED VIEW | TYPE } "
    "| CREATE [ OR REPLACE ] { SEQUENCE | VIEW | MATERIALIZED VIEW | TYPE } }"
)
"""Statements that name a relation which LOCK TABLE does not lock, or which no client writes to."""


def _qualified(name: str, schema: str) -> str:
    """Return the name as PostgreSQL reads it, with that schema where it has none."""
    name = qualified_name(name)
    return name if "." in name else f"{schema}.{name}"


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key between two tables, whose names are qualified; its own name may be unknown."""

    table: str
    referenced: str
    name: str = ""
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTables:
    """What a statement's text does not say: the foreign keys, the tables of indexes, foreign tables."""

    keys: tuple[ForeignKey, ...] = ()
    indexes: Mapping[str, str] = field(default_factory=dict)
    foreign: frozenset[str] = frozenset()
    """Foreign tables, which LOCK TABLE refuses."""
    default_schema: str = "public"
    """The schema of names without one."""

    @classmethod
    def of(cls, statements: Sequence[str], *, default_schema: str = "") -> KnownTables:
        """Return what these statements create.

        :param default_schema: If it is not known, it is public, or the one that LOCK TABLE names instead.
        """
        schemas = {schema for one in statements for schema in _locked_schemas(one)}
        guess = min(schemas) if schemas and "public" not in schemas else "public"
        schema = default_schema or guess
        indexes = {
            f"{table.rpartition('.')[0]}.{qualified_name(found['index'])}": table
            for one in statements
            if (found := match_start(one, _INDEX))
            for table in (_qualified(found["table"], schema),)
        }
        keys = tuple(key for one in statements for key in _foreign_keys(one, schema))
        foreign = frozenset(
            _qualified(found["table"], schema)
            for one in statements
            if (found := match_start(one, _CREATED_FOREIGN))
        )
        return cls(keys=keys, indexes=indexes, foreign=foreign, default_schema=schema)

    def qualified(self, name: str) -> str:
        """Return the name as PostgreSQL reads it, with its schema."""
        return _qualified(name, self.default_schema)

    def reached(self, lock: TableLock) -> Iterator[str]:
        """Yield the tables that the lock is on."""
        name = self.qualified(lock.relation)
        keys = [one for one in self.keys if lock.part in ("", one.name, *one.columns)]
        match lock.reach:
            case Reach.NAMED:
                yield name
            case Reach.INDEXED if name in self.indexes:
                yield self.indexes[name]
            case Reach.REFERENCED:
                yield from (one.referenced for one in keys if one.table == name)
            case Reach.REFERENCING:
                yield from (one.table for one in keys if one.referenced == name)


def _locked_schemas(statement: str) -> Iterator[str]:
    if match_start(statement, "LOCK"):
        for lock in lock_modes(statement):
            yield from lock.relation.split(".")[:-1]


def _foreign_keys(statement: str, schema: str) -> Iterator[ForeignKey]:
    """Yield the foreign keys that CREATE TABLE or ALTER TABLE creates."""
    if found := match_start(statement, _CREATED[0]):
        parts = split_list(first_parenthesized(found.rest.lstrip())[0])
    elif found := match_start(statement, "ALTER TABLE [ IF EXISTS ] [ ONLY ] table"):
        parts = split_list(found.rest)
    else:
        return
    for part in parts:
        reference = next(find_all(part, "REFERENCES other"), None)
        if reference is None:
            continue
        key = match_start(part, _KEY)
        column = match_start(part, _COLUMN)
        columns = parenthesized(part, key.end) if key else column["column"] if column else ""
        yield ForeignKey(
            table=_qualified(found["table"], schema),
            referenced=_qualified(reference["other"], schema),
            name=fold_identifier(key["name"]) if key else "",
            columns=tuple(map(fold_identifier, (one.strip() for one in columns.split(",")))),
        )


def _locks(statement: str, known: KnownTables) -> Iterator[tuple[str, LockMode]]:
    """Yield the tables that the statement locks, with the modes."""
    names_table = match_start(statement, _NO_TABLE) is None
    for lock in lock_modes(statement):
        if lock.mode is not None and (names_table or not lock.is_named):
            tables = (one for one in known.reached(lock) if one not in known.foreign)
            yield from ((table, lock.mode) for table in tables)


@dataclass(frozen=True, slots=True, kw_only=True)
class LateLock:
    """A lock that a transaction takes too late."""

    step: int
    """The number of the statement."""
    table: str
    mode: LockMode
    held: str
    """The table that is locked by then: the same one, or another."""
    held_mode: LockMode
    held_step: int
    """The number of the statement that locked it; -1 for LOCK TABLE in front."""


@dataclass(slots=True)
class _Transaction:
    known: KnownTables
    own: set[str] = field(default_factory=set)
    """The tables that it creates."""
    former: dict[str, str] = field(default_factory=dict)
    """The names before it, by those that it gives."""
    held: dict[str, dict[LockMode, int]] = field(default_factory=dict)
    """The modes held on each table, with the statements that took them; -1 for LOCK TABLE in front."""
    late: list[LateLock] = field(default_factory=list)

    def read(self, number: int, statement: str) -> None:
        """Take the locks of a statement."""
        is_first = all(taken < 0 for modes in self.held.values() for taken in modes.values())
        if is_first and match_start(statement, "LOCK"):
            number = -1
        for name, mode in _locks(statement, self.known):
            table = self.former.get(name, name)
            # {} stands for a part of the name that the revision computes.
            if table not in self.own and "{}" not in table:
                self._take(table, mode, number)
        self._read_names(statement)

    def _take(self, table: str, mode: LockMode, number: int) -> None:
        held = self.held.setdefault(table, {})
        is_stronger = all(one.strength < mode.strength for one in held)
        if number >= 0 and is_stronger and (late := self._late(table, mode, number)):
            self.late.append(late)
        held.setdefault(mode, number)

    def _late(self, table: str, mode: LockMode, number: int) -> LateLock | None:
        """Return the lock with what makes it late: an earlier one on the same table, else on another."""
        earlier = [
            (other, held_mode, taken)
            for other, modes in self.held.items()
            for held_mode, taken in modes.items()
            if taken != number
        ]
        for other, held_mode, taken in sorted(earlier, key=lambda one: one[0] != table):
            is_late = (
                is_upgrade(held_mode, mode)
                if other == table
                else stops_writers(held_mode) and stops_writers(mode)
            )
            if is_late:
                return LateLock(
                    step=number,
                    table=table,
                    mode=mode,
                    held=other,
                    held_mode=held_mode,
                    held_step=taken,
                )
        return None

    def _read_names(self, statement: str) -> None:
        for synopsis in _CREATED:
            if found := match_start(statement, synopsis):
                self.own.add(self.known.qualified(found["table"]))
        if found := match_start(statement, "ALTER TABLE [ IF EXISTS ] table RENAME TO new"):
            former = self.known.qualified(found["table"])
            new = f"{former.rpartition('.')[0]}.{qualified_name(found['new'])}"
            if former in self.own:
                self.own.add(new)
            else:
                self.former[new] = self.former.get(former, former)


def is_upgrade(held: LockMode, wanted: LockMode) -> bool:
    """Return whether a client can keep the stronger lock waiting while the weaker one makes it wait.

    A session that has changed or locked rows blocks those that change the same rows. ACCESS SHARE and
    SHARE UPDATE EXCLUSIVE block no client.

    >>> is_upgrade(LockMode.SHARE_ROW_EXCLUSIVE, LockMode.ACCESS_EXCLUSIVE)
    True
    >>> is_upgrade(LockMode.SHARE_UPDATE_EXCLUSIVE, LockMode.ACCESS_EXCLUSIVE)
    False
    """
    has_rows = held in (LockMode.ROW_SHARE, LockMode.ROW_EXCLUSIVE)
    makes_wait = has_rows or any(held.conflicts_with(one) for one in _TRAFFIC)
    clients = (one for one in _TRAFFIC if not held.conflicts_with(one))
    return makes_wait and any(wanted.conflicts_with(one) for one in clients)


def stops_writers(mode: LockMode) -> bool:
    """Return whether locks of this mode on several tables are to be taken at once.

    SHARE stops writers too; it is left out because the lock on a second table would then be held while
    the index of the first one is built.
    """
    return mode.strength >= LockMode.SHARE_ROW_EXCLUSIVE.strength


def late_locks(statements: Sequence[str], known: KnownTables) -> tuple[LateLock, ...]:
    """Return the locks that the statements of one transaction take late, in their order.

    A lock is late if it makes a weaker one on the same table stronger, or if an earlier statement has
    locked another table. The tables that the transaction creates do not count.
    """
    return tuple(_read(statements, known).late)


def lock_statements(statements: Sequence[str], known: KnownTables) -> tuple[str, ...]:
    """Return the LOCK TABLE statements to put in front, so that no lock is late; empty if none is.

    The tables are in the order of their names, each with the strongest mode that it needs.
    """
    transaction = _read(statements, known)
    late = {one.table for one in transaction.late}
    strongest = {
        table: max(modes, key=lambda mode: mode.strength)
        for table, modes in transaction.held.items()
    }
    wanted = sorted(
        (table, mode)
        for table, mode in strongest.items()
        if late and (table in late or stops_writers(mode))
    )
    return tuple(
        f"LOCK TABLE {', '.join(table for table, _ in group)} IN {mode} MODE"
        for mode, group in groupby(wanted, key=lambda one: one[1])
    )


def _read(statements: Sequence[str], known: KnownTables) -> _Transaction:
    transaction = _Transaction(known)
    for number, statement in enumerate(statements):
        transaction.read(number, statement)
    return transaction
