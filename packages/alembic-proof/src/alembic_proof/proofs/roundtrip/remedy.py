"""What to do about a step that fails, by what PostgreSQL, Alembic or the settings say."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.exc import CompileError

from alembic_proof.catalog import Catalog, CatalogObject
from alembic_proof.catalog.names import split_name, unquoted
from alembic_proof.env.server_message import ServerMessage, server_message
from alembic_proof.finding import shown_path
from alembic_proof.history.alembic_error import OUTER_TRANSACTION, is_held_by_outer_transaction
from alembic_proof.history.chain import ChainRevision
from alembic_proof.proofs.roundtrip.direction import Direction
from alembic_proof.proofs.roundtrip.suspicion import meets_a_role, meets_a_type

_ROLE_IS_THERE: dict[Direction, str] = {
    "upgrade": "roles belong to the server: another proof there made it or needs it, or it is "
    "somebody's; try again when no other proof runs, drop it by hand, or make it only where it is "
    "missing",
    "second upgrade": "let its downgrade drop the role; where it does, another proof on the server "
    "made it: try again",
}
_TYPE_IS_THERE: dict[Direction, str] = {
    "upgrade": "an earlier revision made the type: give the column "
    "postgresql.ENUM(…, create_type=False); only a run that made it itself passes without",
    "second upgrade": "downgrade() leaves the type behind: DROP TYPE in it, after its last column",
}
_START_SQL = (
    "it is not there at this point of the history: correct the name, or, where it exists before "
    "the history begins, create it with start_sql in [tool.alembic-proof] (and name with "
    "start_revision the revision that the SQL leads to)"
)
_MADE_BEFORE = "it is there already: an earlier revision, env.py or start_sql made it"
_SUPERUSER = (
    "PostgreSQL asks for a superuser here: let server_url in [tool.alembic-proof] name a server "
    "and a login that is one"
)
_NOT_INSTALLED = (
    "the scratch databases' server does not have the extension: let server_url in "
    "[tool.alembic-proof] name a server where it is installed"
)
# Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
_NO_TABLE = ("42P01", "3F000")
_IS_THERE = ("42701", "42P07")
_NO_OBJECT = "42704"
_NO_PRIVILEGE = "42501"
_NO_EXTENSION = ("0A000", "58P01", "22023")
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
    """What a failing step stands on; a catalog is None where it was not read."""

    earlier: tuple[ChainRevision, ...] = ()
    """The revisions that are applied before it, in order."""
    before: Catalog | None = None
    """Before the revision's upgrade."""
    now: Catalog | None = None
    """When the step began."""

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
    """Return what is wrong where drop_constraint() is given no name; empty for other errors.

    SQLAlchemy's own text shows objects by their addresses.
    """
    found = _UNNAMED.search(str(error)) if isinstance(error, CompileError) else None
    return f"the {found['type']} to drop has no name: drop_constraint(None, …)" if found else ""


def remedy(
    revision: ChainRevision,
    direction: Direction,
    error: BaseException,
    definitions: Definitions,
) -> str:
    """Return what to do, where the error tells; empty where it does not."""
    if direction == "downgrade" and revision.irreversible:
        return "it declares itself irreversible: let its downgrade raise NotImplementedError"
    if is_held_by_outer_transaction(error):
        return OUTER_TRANSACTION
    if unnamed_drop(error):
        return _names_of_unnamed(error, definitions)
    if meets_a_type(error):
        return _TYPE_IS_THERE.get(direction, "")
    if meets_a_role(error):
        return _ROLE_IS_THERE.get(direction, "")
    message = server_message(error)
    if message is None:
        return ""
    if direction == "upgrade" and message.sqlstate in _IS_THERE:
        return _of_create_all(definitions.earlier) or _MADE_BEFORE
    return _of_server(message, direction, definitions)


def _of_create_all(earlier: Iterable[ChainRevision]) -> str:
    """Return what to do where an earlier revision makes whatever the models have by now."""
    for revision in earlier:
        if revision.path.suffix == ".py" and _calls_create_all(revision.path.read_bytes()):
            return (
                f"{shown_path(revision.path)} calls create_all(), which makes all that the models have "
                "today: write out the tables there as they were when it was written"
            )
    return ""


def _calls_create_all(source: bytes) -> bool:
    """Return whether a revision that was loaded calls it, not only in a comment."""
    if b"create_all" not in source:
        return False
    calls = (node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return any(
        isinstance(called, ast.Attribute) and called.attr == "create_all" for called in calls
    )


def _of_server(message: ServerMessage, direction: Direction, definitions: Definitions) -> str:
    """Return what to do about what is missing on the server: an object, a right, an extension."""
    said = f"{message.message} {message.detail} {message.hint}"
    if message.sqlstate in _NO_TABLE and direction == "upgrade":
        return _START_SQL
    if message.sqlstate == _NO_PRIVILEGE and _OF_SUPERUSERS.search(said):
        return _SUPERUSER
    if message.sqlstate in _NO_EXTENSION and "extension" in said:
        return _NOT_INSTALLED
    if message.sqlstate != _NO_OBJECT:
        return ""
    if found := _NO_CONSTRAINT.search(message.message):
        return _calls(definitions.of_table("constraint", found["table"]))
    if direction == "downgrade" and _NO_INDEX.search(message.message):
        indexes = [_name(one.identity) for one in definitions.added("index")]
        return f"its upgrade created {', '.join(indexes)}" if indexes else ""
    return ""


def _names_of_unnamed(error: BaseException, definitions: Definitions) -> str:
    """Return the calls that name what PostgreSQL named."""
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
    schema = unquoted(split_name(table)[0])
    definition = constraint.fact("definition") or ""
    type_ = next((word for start, word in _TYPES.items() if definition.startswith(start)), "")
    more = f', type_="{type_}"' if type_ else ""
    more += f", schema={_literal(schema)}" if schema != "public" else ""
    return f"op.drop_constraint({_literal(name)}, {_literal(_name(table))}{more})"


def _literal(text: str) -> str:
    """Return the text as Python writes it, in double quotes where it can be."""
    return json.dumps(text, ensure_ascii=False)


def _name(identity: str) -> str:
    """Return the object's own name, as it is without quotes."""
    return unquoted(split_name(identity)[-1])
