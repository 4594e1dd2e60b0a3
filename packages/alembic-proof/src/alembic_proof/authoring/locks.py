"""What each step of a plan locks, in the words of the screen and of comments in the files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from alembic_deploy.lock_modes import (
    READS,
    REWRITES,
    VOLATILE,
    LockMode,
    TableLock,
    lock_modes,
)
from alembic_deploy.statements import called_functions, match_start
from alembic_proof.authoring.actions import Action
from alembic_proof.authoring.ddl.columns import NOT_VALID
from alembic_proof.catalog import Catalog, CatalogObject, Key, Snapshot, key

REFERENCED = "SHARE ROW EXCLUSIVE on the referenced table, briefly"
"""The lock of a foreign key whose table is new."""
_OTHERS = {
    LockMode.SHARE_ROW_EXCLUSIVE: ": others read",
    LockMode.SHARE: ": others read, nobody writes",
    LockMode.SHARE_UPDATE_EXCLUSIVE: ": others read and write",
}
_BATCHES = TableLock("", LockMode.ROW_EXCLUSIVE, "changes the rows of one batch at a time")
"""The lock of a DO block that the plan writes."""


def locks_of(action: Action, statements: Iterable[str], *, after: Snapshot) -> tuple[str, ...]:
    """Return what the statements of one action lock.

    A type that rewrites nothing locks briefly, unless the column has a check. Beside the strongest mode no
    weaker one matters, nor, beside what is locked for long, that it is locked briefly.
    """
    found = [lock for one in statements for lock in _locks(one)]
    if action.record.kind == "column" and not _is_rewritten(action):
        kept = READS if has_check(action.key, after) else ""
        found = [replace(one, work=kept) if one.work == REWRITES else one for one in found]
    modes = [one.mode for one in found if one.mode is not None]
    strongest = max(modes, key=lambda mode: mode.strength, default=None)
    locks = [one for one in found if one.mode is strongest]
    shown = [one for one in locks if one.work] or locks
    return tuple(dict.fromkeys(_text(one, locks) for one in shown))


def _locks(statement: str) -> Iterator[TableLock]:
    """Yield the locks that make others wait."""
    if match_start(statement, "DO"):
        yield _BATCHES
    for lock in lock_modes(statement):
        if lock.mode is not None and lock.mode.strength >= LockMode.ROW_EXCLUSIVE.strength:
            yield lock


def _text(lock: TableLock, locks: Iterable[TableLock]) -> str:
    if lock.mode is LockMode.ROW_EXCLUSIVE:
        rows = "of one batch at a time" if lock == _BATCHES else "until the commit"
        return f"{lock.mode}, and the rows {rows}"
    is_foreign = lock.mode is LockMode.SHARE_ROW_EXCLUSIVE and len({*_names(locks)}) > 1
    where = " on both tables" if is_foreign else ""
    if lock.mode is LockMode.SHARE_UPDATE_EXCLUSIVE:
        return f"{lock.mode}{_OTHERS[lock.mode]}"
    how_long = f" while it {lock.work}" if lock.work else ", briefly"
    return f"{lock.mode}{where}{how_long}{_OTHERS.get(lock.mode, '') if lock.mode else ''}"


def _names(locks: Iterable[TableLock]) -> Iterator[str]:
    return (one.relation for one in locks if one.is_named)


_REWRITES = "Rewrites {} under ACCESS EXCLUSIVE: nobody reads or writes it meanwhile."
_RECHECKS = "Reads {} under ACCESS EXCLUSIVE: the checks of the column are validated again."
_BUILDS = "Locks {} in ACCESS EXCLUSIVE mode while its index is built."
_BLOCKS = "Nobody writes to {} while the index is built."
_CHECKS = "Locks {} in ACCESS EXCLUSIVE mode while its rows are read."
_READS = "Nobody writes to {} or to the referenced table while its rows are read."
_ONE_UPDATE = "Changes and locks rows of {} in one transaction."
_DELETED = "The rows of {} that are deleted are locked in one transaction."
_NOTHING = Snapshot(Catalog())
_STORAGE = frozenset({"persistence", "access method", "tablespace"})
_TEXT = re.compile(r"character varying(?:\((?P<length>\d+)\))?|text")
_NUMERIC = re.compile(r"numeric(?:\((?P<precision>\d+),(?P<scale>\d+)\))?")
_VOLATILITY = re.compile(r"^ .*\b(IMMUTABLE|STABLE)\b", re.MULTILINE)


def note_of(action: Action, *, table: str, after: Snapshot = _NOTHING) -> str:
    """Return what an action on a busy table locks for long; empty if it locks briefly.

    :param after: the database after the plan, which says how functions, identities and checks are.
    """
    record = action.record
    match action.verb, record.kind:
        case "fill", _:
            text = _ONE_UPDATE
        case "delete", _:
            text = _DELETED
        case "create", "index":
            text = _BLOCKS
        case "create", "constraint":
            text = _of_constraint(record.fact("definition") or "")
        case "create", "column" if _rewrites_for(record, after.catalog):
            text = _REWRITES
        case "alter", "column" if _is_rewritten(action):
            text = _REWRITES
        case "alter", "column" if "type" in action.attributes and has_check(action.key, after):
            text = _RECHECKS
        case "alter", "table" if not _STORAGE.isdisjoint(action.attributes):
            text = _REWRITES
        case _:
            return ""
    return text.format(table)


def _of_constraint(definition: str) -> str:
    """Return the note on a new constraint; one that is NOT VALID reads no rows."""
    if definition.endswith(NOT_VALID):
        return ""
    if definition.startswith("FOREIGN KEY "):
        return _READS
    return _CHECKS if definition.startswith("CHECK ") else _BUILDS


def _rewrites_for(column: CatalogObject, after: Catalog) -> bool:
    """Return whether adding the column gives each row a value of its own.

    Source: sql-altertable, "Notes": a volatile default, a stored generated column, an identity.
    """
    if (column.fact("generated") or "").endswith(" STORED"):
        return True
    if after.find(key("identity", column.identity)) is not None:
        return True
    called = called_functions(column.fact("default") or "")
    return not called.isdisjoint(VOLATILE | _volatile_functions(after))


def _volatile_functions(catalog: Catalog) -> set[str]:
    """Return the bare names of the functions that are neither IMMUTABLE nor STABLE."""
    return {
        record.identity.partition("(")[0].rpartition(".")[2]
        for record in catalog.of_kind("function")
        if not _VOLATILITY.search(record.fact("definition") or "")
    }


def has_check(column: Key, database: Snapshot) -> bool:
    """Return whether the column is in a check, which another type of the column validates again."""
    constraints = (
        database.catalog.find(one.dependent)
        for one in database.dependencies
        if one.referenced == column and one.dependent.kind == "constraint"
    )
    return any(one and (one.fact("definition") or "").startswith("CHECK ") for one in constraints)


def _is_rewritten(action: Action) -> bool:
    """Return whether a column's new type makes PostgreSQL rewrite the table.

    Source: sql-altertable, "Notes": it does unless the old type is binary coercible to the new one.
    """
    old, record = action.old, action.record
    if old is None or {"type", "generated"}.isdisjoint(action.attributes):
        return False
    if "generated" in action.attributes and (record.fact("generated") or "").endswith(" STORED"):
        return True
    if "type" not in action.attributes:
        return False
    before, after = old.fact("type") or "", record.fact("type") or ""
    return bool(action.expression) or not (_is_longer(before, after) or _is_wider(before, after))


def _is_longer(before: str, after: str) -> bool:
    """Return whether it is a text type without a shorter limit."""
    old, new = _TEXT.fullmatch(before), _TEXT.fullmatch(after)
    if old is None or new is None:
        return False
    return new["length"] is None or (
        old["length"] is not None and int(old["length"]) <= int(new["length"])
    )


def _is_wider(before: str, after: str) -> bool:
    """Return whether it is a numeric type of the same scale without a lower precision."""
    old, new = _NUMERIC.fullmatch(before), _NUMERIC.fullmatch(after)
    if old is None or new is None:
        return False
    if new["precision"] is None:
        return True
    return (
        old["precision"] is not None
        and old["scale"] == new["scale"]
        and int(old["precision"]) <= int(new["precision"])
    )
