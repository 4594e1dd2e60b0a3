"""Tables as SQLAlchemy reflects them: what Alembic hands to an env.py's `include_object`."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import (
    Column,
    ForeignKeyConstraint,
    Index,
    MetaData,
    Table,
    UniqueConstraint,
    inspect,
)
from sqlalchemy.engine import Connection

from alembic_proof.postgres.connect import run_on

Place = tuple[str, str]
"""Schema and name of a table."""
Part: TypeAlias = "Column[object] | Index | UniqueConstraint | ForeignKeyConstraint"


@dataclass(frozen=True, slots=True)
class Reflected:
    """The tables of a database by their places."""

    default_schema: str
    schemas: tuple[str, ...]
    tables: dict[Place, Table]

    def place(self, table: Table) -> Place:
        """Where a table of these or of the models lies."""
        return table.schema or self.default_schema, table.name


def reflect(url: str) -> Reflected:
    """All tables of the database; what SQLAlchemy does not know of them is not warned of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return run_on(url, _reflect)


def _reflect(connection: Connection) -> Reflected:
    inspector = inspect(connection)
    default = inspector.default_schema_name or "public"
    schemas = tuple(name for name in inspector.get_schema_names() if name != "information_schema")
    metadata = MetaData()
    for schema in schemas:
        named = None if schema == default else schema
        metadata.reflect(connection, schema=named, resolve_fks=False)
    tables = {(table.schema or default, table.name): table for table in metadata.tables.values()}
    return Reflected(default, schemas, tables)


def parts_of(table: Table) -> Iterator[tuple[str, Part]]:
    """(Alembic's name of its type, the part) for each part that `include_object` is asked about."""
    yield from (("column", column) for column in table.columns)
    yield from (("index", index) for index in table.indexes)
    for constraint in table.constraints:
        match constraint:
            case UniqueConstraint():
                yield "unique_constraint", constraint
            case ForeignKeyConstraint():
                yield "foreign_key_constraint", constraint


def named_parts(table: Table, *, built: Table) -> dict[tuple[str, str], Part]:
    """The parts by type and by the name that they have in the database, where `built` is it.

    A constraint without a name of its own has the one that PostgreSQL gave it.
    """
    given = {(type_, _columns(part)): part.name for type_, part in parts_of(built)}
    own = {(type_, part.name) for type_, part in parts_of(built)}
    found: dict[tuple[str, str], Part] = {}
    for type_, part in parts_of(table):
        name = part.name if (type_, part.name) in own else given.get((type_, _columns(part)))
        if name is not None:
            found[type_, str(name)] = part
    return found


def _columns(part: Part) -> tuple[str, ...]:
    """What a constraint is about, in order."""
    match part:
        case UniqueConstraint() | ForeignKeyConstraint():
            return tuple(column.name for column in part.columns)
    return (str(part.name),)
