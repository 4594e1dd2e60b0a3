"""Help texts of the round trip's findings: by the error of a step, and by the change of rows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy.exc import CompileError

from alembic_deploy.failures import OUTER_TRANSACTION, is_held_by_outer_transaction
from alembic_deploy.revision_source import is_unfinished
from alembic_deploy.server_message import ServerMessage, server_message
from alembic_deploy.statements import find_all, match_start
from alembic_proof.catalog import Catalog, CatalogObject
from alembic_proof.finding import shown_path
from alembic_proof.history.revisions import ChainRevision
from alembic_proof.proofs.roundtrip.failure import role_exists, type_exists
from alembic_proof.proofs.roundtrip.observation import Direction
from alembic_proof.rows import RowChange, RowChangeKind, TableName, UserTables
from alembic_proof.sql import Sqlstate, quote_if_needed, split_qualified_name, unquote_identifier

_ROLE_IS_THERE: dict[Direction, str] = {
    "upgrade": "all databases of a server share its roles, and this one exists: create it only if it does "
    "not exist, or drop it; if another proof is running, try again afterwards",
    "second upgrade": "let its downgrade drop the role; if it does, another proof on the server has "
    "created it: try again",
}
_TYPE_IS_THERE: dict[Direction, str] = {
    "upgrade": "an earlier revision creates the type: give the column "
    "postgresql.ENUM(…, create_type=False); without it only a run that includes both revisions succeeds",
    "second upgrade": "downgrade() leaves the type behind: DROP TYPE in it, after its last column",
}
_START_SQL = (
    "it does not exist at this point of the history: correct the name, or, if it exists before the "
    "history begins, create it with start_sql in [tool.alembic-proof] (and name with "
    "start_revision the revision that the SQL leads to)"
)
_MADE_BEFORE = "it exists already: an earlier revision, env.py or start_sql has created it"
_SUPERUSER = (
    "PostgreSQL requires a superuser here: name a server with a superuser login in server_url in "
    "[tool.alembic-proof]"
)
_NOT_INSTALLED = (
    "the scratch databases' server does not have the extension: let server_url in "
    "[tool.alembic-proof] name a server where it is installed"
)
_NO_TABLE = (Sqlstate.UNDEFINED_TABLE, Sqlstate.INVALID_SCHEMA_NAME)
_IS_THERE = (Sqlstate.DUPLICATE_COLUMN, Sqlstate.DUPLICATE_TABLE)
_LEFT_BEHIND = (
    *_IS_THERE,
    Sqlstate.DUPLICATE_OBJECT,
    Sqlstate.DUPLICATE_FUNCTION,
    Sqlstate.DUPLICATE_SCHEMA,
)
_NO_EXTENSION = (
    Sqlstate.FEATURE_NOT_SUPPORTED,
    Sqlstate.UNDEFINED_FILE,
    Sqlstate.INVALID_PARAMETER_VALUE,
)
_OF_SUPERUSERS = re.compile(r"superuser|permission denied to set parameter", re.IGNORECASE)
_NO_CONSTRAINT = re.compile(r'constraint "(?P<name>.+)" of relation "(?P<table>.+)" does not exist')
_NO_INDEX = re.compile(r'index "(?P<name>.+)" does not exist')
_UNNAMED = re.compile(r"Can't emit DROP CONSTRAINT for constraint (?P<type>\w+)\(.*it has no name")
_TABLE = re.compile(r"Table\('(?P<name>(?:[^'\\]|\\.)*)'")
_DEFINITIONS = {
    "ForeignKeyConstraint": "FOREIGN KEY",
    "UniqueConstraint": "UNIQUE",
    "PrimaryKeyConstraint": "PRIMARY KEY",
    "CheckConstraint": "CHECK",
}
_TYPES = {
    "FOREIGN KEY": "foreignkey",
    "UNIQUE": "unique",
    "PRIMARY KEY": "primary",
    "CHECK": "check",
}


@dataclass(frozen=True, slots=True)
class Definitions:
    """The definitions that a failing step depends on; a catalog is None where it was not read."""

    earlier: tuple[ChainRevision, ...] = ()
    """The revisions that are applied before it, in order."""
    before: Catalog | None = None
    """The catalog before the revision's upgrade."""
    now: Catalog | None = None
    """The catalog when the step began."""

    def of_table(self, kind: str, table: str) -> tuple[CatalogObject, ...]:
        """Return the table's objects of this kind that the upgrade added, else all of them."""
        carried = tuple(
            one
            for one in (self.now.of_kind(kind) if self.now else ())
            if any(_name(parent.identity) == table for parent in one.parents)
        )
        return self._added(carried) or carried

    def added(self, kind: str) -> tuple[CatalogObject, ...]:
        """Return the objects of this kind that the upgrade added."""
        return self._added(self.now.of_kind(kind) if self.now else ())

    def _added(self, objects: Iterable[CatalogObject]) -> tuple[CatalogObject, ...]:
        if self.before is None:
            return ()
        return tuple(one for one in objects if self.before.find(one.key) is None)


def unnamed_drop(error: BaseException) -> str:
    """Return what is wrong where drop_constraint() has no name; empty for other errors.

    SQLAlchemy's own text shows objects by their addresses in memory.
    """
    found = _UNNAMED.search(str(error)) if isinstance(error, CompileError) else None
    return f"the {found['type']} to drop has no name: drop_constraint(None, …)" if found else ""


def step_help(
    revision: ChainRevision,
    direction: Direction,
    error: BaseException,
    definitions: Definitions,
) -> str:
    """Return what to do about a step that fails; empty where its error does not say enough."""
    if direction == "downgrade" and revision.irreversible:
        return "it declares `irreversible`: let its downgrade raise NotImplementedError"
    if is_unfinished(error):
        return "complete the revision, then delete the line that raises this error"
    if is_held_by_outer_transaction(error):
        return OUTER_TRANSACTION
    if unnamed_drop(error):
        return _names_of_unnamed(error, definitions)
    if type_exists(error):
        return _TYPE_IS_THERE.get(direction, "")
    if role_exists(error):
        return _ROLE_IS_THERE.get(direction, "")
    message = server_message(error)
    if message is None:
        return ""
    if direction == "upgrade" and message.sqlstate in _IS_THERE:
        return _of_create_all(definitions.earlier) or _MADE_BEFORE
    if direction == "second upgrade" and message.sqlstate in _LEFT_BEHIND:
        return "downgrade() leaves this object behind: drop it there"
    return _of_server(message, direction, definitions)


def _of_create_all(earlier: Iterable[ChainRevision]) -> str:
    """Return what to do where an earlier revision creates all tables that the models have today."""
    for revision in earlier:
        if _calls_create_all(revision):
            return (
                f"{shown_path(revision.path)} calls create_all(), which creates the tables that the models "
                "have today: write the tables out there as they were when it was written"
            )
    return ""


def _calls_create_all(revision: ChainRevision) -> bool:
    """Return whether the revision calls create_all(), not only mentions it in a comment."""
    if b"create_all" not in revision.source:
        return False
    nodes = ast.walk(revision.syntax_tree)
    calls = (node.func for node in nodes if isinstance(node, ast.Call))
    return any(
        isinstance(called, ast.Attribute) and called.attr == "create_all" for called in calls
    )


def _of_server(message: ServerMessage, direction: Direction, definitions: Definitions) -> str:
    """Return what to do about a missing object, privilege or extension."""
    said = f"{message.message} {message.detail} {message.hint}"
    if message.sqlstate in _NO_TABLE and direction == "upgrade":
        return _START_SQL
    if message.sqlstate == Sqlstate.INSUFFICIENT_PRIVILEGE and _OF_SUPERUSERS.search(said):
        return _SUPERUSER
    if message.sqlstate in _NO_EXTENSION and "extension" in said:
        return _NOT_INSTALLED
    if message.sqlstate != Sqlstate.UNDEFINED_OBJECT:
        return ""
    if found := _NO_CONSTRAINT.search(message.message):
        return _calls(definitions.of_table("constraint", found["table"]))
    if direction == "downgrade" and _NO_INDEX.search(message.message):
        indexes = [_name(one.identity) for one in definitions.added("index")]
        return f"its upgrade created {', '.join(indexes)}" if indexes else ""
    return ""


def _names_of_unnamed(error: BaseException, definitions: Definitions) -> str:
    """Return the calls with the names that PostgreSQL gave."""
    text = str(error)
    unnamed, table = _UNNAMED.search(text), _TABLE.search(text)
    if unnamed is None or table is None:
        return ""
    prefix = _DEFINITIONS.get(unnamed["type"], "")
    found = definitions.of_table("constraint", table["name"])
    fitting = tuple(one for one in found if (one.fact("definition") or "").startswith(prefix))
    return _calls(fitting) or "name the constraint"


def _calls(constraints: tuple[CatalogObject, ...]) -> str:
    """Return how to drop each of these constraints by its name."""
    match [_call(one) for one in constraints]:
        case []:
            return ""
        case [call]:
            return f"write {call}"
        case calls:
            return f"write one of {'; '.join(calls)}"


def _call(constraint: CatalogObject) -> str:
    table = constraint.parents[0].identity
    name = _name(constraint.identity)
    schema = unquote_identifier(split_qualified_name(table)[0])
    definition = constraint.fact("definition") or ""
    type_ = next((word for start, word in _TYPES.items() if definition.startswith(start)), "")
    more = f', type_="{type_}"' if type_ else ""
    more += f", schema={_literal(schema)}" if schema != "public" else ""
    return f"op.drop_constraint({_literal(name)}, {_literal(_name(table))}{more})"


def _name(identity: str) -> str:
    """Return the object's own name without quotes."""
    return unquote_identifier(split_qualified_name(identity)[-1])


def row_failure_help(direction: Direction, message: ServerMessage | None) -> str:
    """Return what to change in a revision that fails on rows; general where PostgreSQL says too little."""
    if message is not None and message.sqlstate == Sqlstate.OBJECT_IN_USE:
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
            declared = lossy(_place(message, table), "what happens to them")
            return (
                "in downgrade(), first change or delete the rows that the old schema does not "
                f"permit{example}; then declare {declared}"
            )
    return "downgrade() leaves rows that upgrade() does not accept: change them in one of the two"


def _of_upgrade(message: ServerMessage | None, table: str) -> str:
    match message.sqlstate if message is not None else "":
        case Sqlstate.NOT_NULL_VIOLATION if message is not None and _adds_column(message):
            return (
                "existing rows would hold NULL: give the column a server_default, or add it "
                "nullable, backfill it, then SET NOT NULL"
            )
        case Sqlstate.NOT_NULL_VIOLATION:
            return (
                f"existing rows hold NULL: backfill them before SET NOT NULL, e.g. "
                f"{_update(message, table)}; if downgrade() leaves the new values, declare "
                f"{lossy(_place(message, table), 'NULL becomes …')}"
            )
        case Sqlstate.CHECK_VIOLATION:
            return (
                "existing rows violate the check: change them before it is added, "
                f"e.g. UPDATE {table} SET … WHERE NOT (…)"
            )
        case Sqlstate.UNIQUE_VIOLATION | Sqlstate.EXCLUSION_VIOLATION:
            return f"existing rows of {table} have the same key: merge or delete them before"
        case Sqlstate.FOREIGN_KEY_VIOLATION:
            return (
                f"existing rows of {table} reference rows that do not exist: change or delete "
                "them before the foreign key is added"
            )
        case code if code.startswith("22"):
            return (
                "existing values do not fit the new type: convert them before, or give the conversion in "
                "USING (postgresql_using)"
            )
    return "backfill or convert existing rows before this statement"


def _adds_column(message: ServerMessage) -> bool:
    return any(not match_start(found.rest, "CONSTRAINT") for found in find_all(message.sql, "ADD"))


def _table(message: ServerMessage | None) -> str:
    """Return the table as SQL writes it; a word for it where PostgreSQL names none."""
    if message is None or not message.table:
        return "the table"
    name = quote_if_needed(message.table)
    is_usual = message.schema in ("", "public")
    return name if is_usual else f"{quote_if_needed(message.schema)}.{name}"


def _place(message: ServerMessage | None, table: str) -> str:
    if message is None or not message.table:
        return "table.column"
    return f"{table}.{quote_if_needed(message.column)}" if message.column else table


def _update(message: ServerMessage | None, table: str) -> str:
    """Return a statement that changes the rows; empty where PostgreSQL names no column."""
    if message is None or not message.table or not message.column:
        return ""
    column = quote_if_needed(message.column)
    return f"UPDATE {table} SET {column} = … WHERE {column} IS NULL"


def lossy(place: str, why: str) -> str:
    """Return the declaration of a loss as the revision would contain it.

    :param place: the table or column as SQL writes it.
    """
    return f"`lossy = {_literal(f'{place}: {why}')}`"


def equal_rows_lost(change: RowChange) -> str:
    """Return what to do where duplicates of a new key are lost."""
    return f"declare {lossy(_place_of(change), 'what happens to duplicates')}"


def written(*names: str) -> str:
    """Return the names as SQL writes them, joined by dots; empty ones are left out."""
    return ".".join(quote_if_needed(name) for name in names if name)


def _place_of(change: RowChange) -> str:
    table = change.table.removeprefix("public.")
    return f"{table}.{quote_if_needed(change.column)}" if change.column else table


def _literal(text: str) -> str:
    """Return the text as a Python literal, in double quotes unless it has some."""
    return repr(text) if '"' in text or "\\" in text else f'"{text}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeEffects:
    """The effects of the upgrade before the downgrade lost something."""

    older: UserTables
    newer: UserTables
    changed: frozenset[tuple[TableName, str]]
    """The tables and columns whose rows or values it changed or deleted."""

    def drops(self, change: RowChange) -> bool:
        """Return whether it drops the column."""
        table = self.newer.find(change.table)
        return table is not None and bool(change.column) and table.column(change.column) is None

    def new_names(self, change: RowChange) -> Iterator[str]:
        """Yield the columns of the same type that it adds: the dropped one may have been renamed."""
        old, new = self.older.find(change.table), self.newer.find(change.table)
        column = old.column(change.column) if old is not None else None
        if old is None or new is None or column is None:
            return
        for one in new.columns:
            if old.column(one.name) is None and one.type == column.type:
                yield one.name


def row_change_help(
    change: RowChange, direction: Direction, upgraded: UpgradeEffects | None
) -> str:
    """Return what to do about rows or values that are lost or left."""
    if direction == "second upgrade":
        return "let upgrade() make the same rows from those that downgrade() leaves"
    if change.kind is RowChangeKind.ROWS_RENUMBERED:
        return (
            "keep the old key in a column from which downgrade() restores it, or declare "
            f"{lossy(_place_of(change), 'rows get other keys')}"
        )
    if not change.is_loss:
        return f"delete them in downgrade(), or declare {lossy(_place_of(change), 'what is left')}"
    declare = f"declare {lossy(_place_of(change), 'what is lost')}"
    keep = f"keep the old value where downgrade() can read it (a column, a table), or {declare}"
    if upgraded is None:
        return f"restore them in downgrade(), or {declare}"
    if upgraded.drops(change):
        renamed = _rename(change, [*upgraded.new_names(change)])
        return f"upgrade() drops {change.qualified_name}{renamed}: {keep}"
    if (change.table, change.column) in upgraded.changed:
        return f"upgrade() changes it already: {keep}"
    return f"downgrade() changes it: restore it there, or {declare}"


def _rename(change: RowChange, names: list[str]) -> str:
    """Return the question whether the column was renamed, where one of its type is new."""
    if not names:
        return ""
    schema, table = (
        _literal(unquote_identifier(name)) for name in split_qualified_name(change.table)
    )
    where = "" if schema == '"public"' else f", schema={schema}"
    return (
        f" and adds {', '.join(names)} with the same type (renamed? then it is "
        f"op.alter_column({table}, {_literal(change.column)}, "
        f"new_column_name={_literal(names[0])}{where}))"
    )
