"""What to do about a step that fails over rows, and about rows that a step loses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from alembic_proof.catalog.names import split_name, unquoted
from alembic_proof.env.server_message import ServerMessage
from alembic_proof.proofs.roundtrip.direction import Direction
from alembic_proof.rows import RowChange, RowChangeKind, Shapes, TableName
from alembic_proof.rows.literal import quote_name

_PLAIN = re.compile(r"[a-z_][a-z0-9_$]*")
_ADD_COLUMN = re.compile(r"\bADD\s+(?!CONSTRAINT\b)", re.IGNORECASE)
_PENDING = "55006"
"""object_in_use: ALTER TABLE meets checks that wait for the end of the transaction."""


def row_remedy(direction: Direction, message: ServerMessage | None) -> str:
    """Return what to change in the revision; a general sentence where PostgreSQL says too little."""
    if message is not None and message.sqlstate == _PENDING:
        return (
            "run SET CONSTRAINTS ALL IMMEDIATE before the ALTER TABLE, or change the rows in a "
            "revision of their own"
        )
    table = _table(message)
    match direction:
        case "upgrade":
            return _of_upgrade(message, table)
        case "downgrade":
            update = _update(message, table)
            example = f", e.g. {update}" if update else ""
            declared = lossy(_place(message, table), "what becomes of them")
            return (
                "in downgrade(), first change or delete the rows that the older schema does not "
                f"allow{example}; then declare {declared}"
            )
    return "downgrade() leaves rows that upgrade() does not take: let one of them change these"


def _of_upgrade(message: ServerMessage | None, table: str) -> str:
    match message.sqlstate if message is not None else "":
        case "23502" if message is not None and _adds_column(message):
            return (
                "existing rows would hold NULL: give the column a server_default, or add it "
                "nullable, backfill it, then SET NOT NULL"
            )
        case "23502":
            return (
                f"existing rows hold NULL: backfill them before SET NOT NULL, e.g. "
                f"{_update(message, table)}; if downgrade() leaves the new values, declare "
                f"{lossy(_place(message, table), 'NULL becomes …')}"
            )
        case "23514":
            return (
                "existing rows do not pass the check: change them before it is added, "
                f"e.g. UPDATE {table} SET … WHERE NOT (…)"
            )
        case "23505" | "23P01":
            return f"existing rows of {table} are equal in the key: merge or delete them before"
        case "23503":
            return (
                f"existing rows of {table} refer to rows that are not there: change or delete "
                "them before the foreign key is added"
            )
        case code if code.startswith("22"):
            return (
                "existing values do not fit the new type: convert them before, or say how in "
                "USING (postgresql_using)"
            )
    return "backfill or convert existing rows before this statement"


def _adds_column(message: ServerMessage) -> bool:
    return _ADD_COLUMN.search(message.sql) is not None


def _table(message: ServerMessage | None) -> str:
    """Return the table as SQL writes it; a word for it where PostgreSQL names none."""
    if message is None or not message.table:
        return "the table"
    name = _written(message.table)
    is_usual = message.schema in ("", "public")
    return name if is_usual else f"{_written(message.schema)}.{name}"


def _place(message: ServerMessage | None, table: str) -> str:
    if message is None or not message.table:
        return "table.column"
    return f"{table}.{_written(message.column)}" if message.column else table


def _update(message: ServerMessage | None, table: str) -> str:
    """Return a statement that changes the rows; empty where PostgreSQL names no column."""
    if message is None or not message.table or not message.column:
        return ""
    column = _written(message.column)
    return f"UPDATE {table} SET {column} = … WHERE {column} IS NULL"


def lossy(place: str, why: str) -> str:
    """Return the declaration of a loss as the revision would hold it.

    :param place: as SQL writes it: quoted where it must be.
    """
    return f"`lossy = {_literal(f'{place}: {why}')}`"


def equal_rows_lost(change: RowChange) -> str:
    """Return what to do where rows that a new key forbids are lost."""
    return f"declare {lossy(_place_of(change), 'what becomes of rows that are equal')}"


def written(*names: str) -> str:
    """Return the names as SQL writes them, joined by dots; empty ones are left out."""
    return ".".join(_written(name) for name in names if name)


def _place_of(change: RowChange) -> str:
    table = change.table.removeprefix("public.")
    return f"{table}.{_written(change.column)}" if change.column else table


def _literal(text: str) -> str:
    """Return the text as a Python literal, in double quotes unless it has some."""
    return repr(text) if '"' in text or "\\" in text else f'"{text}"'


def _written(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else quote_name(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeEffects:
    """What the upgrade has done before the downgrade lost something."""

    older: Shapes
    newer: Shapes
    changed: frozenset[tuple[TableName, str]]
    """The tables and columns whose rows or values it has changed or removed itself."""

    def drops(self, change: RowChange) -> bool:
        """Return whether it drops the column."""
        table = self.newer.find(change.table)
        return table is not None and bool(change.column) and table.column(change.column) is None

    def new_names(self, change: RowChange) -> Iterator[str]:
        """Yield the columns of the same type that it adds: the dropped one may be renamed."""
        old, new = self.older.find(change.table), self.newer.find(change.table)
        column = old.column(change.column) if old is not None else None
        if old is None or new is None or column is None:
            return
        for one in new.columns:
            if old.column(one.name) is None and one.type == column.type:
                yield one.name


def loss_remedy(change: RowChange, direction: Direction, upgraded: UpgradeEffects | None) -> str:
    """Return what to do about rows or values that are lost or left."""
    if direction == "second upgrade":
        return "let upgrade() make the same rows of what its downgrade leaves"
    if change.kind is RowChangeKind.ROWS_RENUMBERED:
        return (
            "keep the old key in a column that downgrade() takes it from, or declare "
            f"{lossy(_place_of(change), 'rows get other keys')}"
        )
    if not change.is_loss:
        return (
            f"take them away in downgrade(), or declare {lossy(_place_of(change), 'what is left')}"
        )
    declare = f"declare {lossy(_place_of(change), 'what is lost')}"
    keep = f"keep what it was where downgrade() can take it from (a column, a table), or {declare}"
    if upgraded is None:
        return f"bring them back in downgrade(), or {declare}"
    if upgraded.drops(change):
        renamed = _rename(change, [*upgraded.new_names(change)])
        return f"upgrade() drops {change.place}{renamed}: {keep}"
    if (change.table, change.column) in upgraded.changed:
        return f"upgrade() changes it already: {keep}"
    return f"downgrade() changes it: bring it back there, or {declare}"


def _rename(change: RowChange, names: list[str]) -> str:
    """Return the question whether the column was renamed, where one of its type is new."""
    if not names:
        return ""
    schema, table = (_literal(unquoted(name)) for name in split_name(change.table))
    where = "" if schema == '"public"' else f", schema={schema}"
    return (
        f" and adds {', '.join(names)} with the same type (renamed? then it is "
        f"op.alter_column({table}, {_literal(change.column)}, "
        f"new_column_name={_literal(names[0])}{where}))"
    )
