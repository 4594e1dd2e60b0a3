"""The spellings of the models: types, conditions and statements as their author wrote them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import sqlalchemy as sa
from sqlalchemy.exc import CompileError

from alembic_proof.authoring.ddl.reference import raw_name
from alembic_proof.authoring.declared import (
    altered_tables,
    declared_conditions,
    declared_texts,
    takes_all_columns,
)
from alembic_proof.authoring.execute_sql import escape_colons
from alembic_proof.catalog import Catalog, CatalogObject, Key, key
from alembic_proof.sql import (
    compile_expression,
    name_in_database,
    quote_if_needed,
)

_DEFAULT_CONVENTION = {"ix"}
"""What the naming convention of every MetaData has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """How the objects of the database after a plan are written; without an entry, as PostgreSQL shows them."""

    tables: Mapping[Key, sa.Table] = field(default_factory=dict)
    """The models' tables by their key in the catalog."""
    texts: Mapping[CatalogObject, str] = field(default_factory=dict)
    """The declared statements that create objects, as long as these are as they were created."""
    conditions: Mapping[CatalogObject, str] = field(default_factory=dict)
    """The conditions of checks in declared statements, for those that no table of the models has."""
    has_convention: bool = True
    """Whether the metadata has a naming convention, which names in a revision must escape by `op.f()`."""
    default_schema: str = "public"

    @classmethod
    def of_statements(cls, statements: Sequence[str], catalog: Catalog) -> Source:
        """Return the spellings of the statements that created the catalog's database."""
        return cls(
            texts=declared_texts(statements, catalog),
            conditions=declared_conditions(statements, catalog),
        )

    @classmethod
    def of_models(
        cls,
        metadatas: Iterable[sa.MetaData],
        *,
        statements: Sequence[str] = (),
        catalog: Catalog | None = None,
        default_schema: str = "public",
    ) -> Source:
        """Return the spellings of the models.

        :param statements: all that were sent to create them.
        :param catalog: the catalog of the database that they created.
        """
        found: dict[Key, sa.Table] = {}
        has_convention = False
        for metadata in metadatas:
            has_convention |= bool({*metadata.naming_convention} - _DEFAULT_CONVENTION)
            for table in metadata.tables.values():
                schema = quote_if_needed(table.schema or default_schema)
                found[key("table", f"{schema}.{quote_if_needed(table.name)}")] = table
        catalog = catalog or Catalog()
        altered = altered_tables(statements, catalog)
        return cls(
            tables={one: table for one, table in found.items() if one not in altered},
            texts=declared_texts(statements, catalog),
            conditions=declared_conditions(statements, catalog),
            has_convention=has_convention,
            default_schema=default_schema,
        )

    def with_equal_objects(self, other: Source) -> Source:
        """Return the spellings, with those of another database for the objects that are equal in both.

        A statement that takes all columns of a table is left out: the tables need not be equal.
        """
        texts = {one: text for one, text in other.texts.items() if not takes_all_columns(text)}
        return replace(
            self,
            texts={**texts, **self.texts},
            conditions={**other.conditions, **self.conditions},
        )

    def column(self, record: CatalogObject) -> sa.Column[object] | None:
        """Return the models' column."""
        table = self._table_of(record)
        name = raw_name(record)
        if table is None:
            return None
        return next((column for column in table.columns if column.name == name), None)

    def condition(self, record: CatalogObject) -> str | None:
        """Return the condition of a CHECK as it was declared."""
        name = raw_name(record)
        table = self._table_of(record)
        for constraint in table.constraints if table is not None else ():
            if isinstance(constraint, sa.CheckConstraint) and name_in_database(constraint) == name:
                return _compiled(constraint.sqltext)
        return self.conditions.get(record)

    def index(self, record: CatalogObject) -> sa.Index | None:
        """Return the models' index."""
        name = raw_name(record)
        table = self._table_of(record)
        indexes = table.indexes if table is not None else ()
        return next((one for one in indexes if name_in_database(one) == name), None)

    def _table_of(self, record: CatalogObject) -> sa.Table | None:
        found = (self.tables.get(parent) for parent in record.parents)
        return next((table for table in found if table is not None), None)


def default_of(column: sa.Column[object]) -> str | sa.TextClause | None:
    """Return the column's server default for a revision: plain text, or SQL; None without one."""
    default = column.server_default
    if not isinstance(default, sa.DefaultClause):
        return None
    if isinstance(default.arg, str):
        return default.arg
    text = _compiled(default.arg)
    return None if text is None else sa.text(escape_colons(text))


def computed_of(column: sa.Column[object]) -> str | None:
    """Return the expression of a generated column as the models have it."""
    computed = column.computed
    return None if computed is None else _compiled(computed.sqltext)


def where_of(index: sa.Index) -> str | None:
    """Return the condition of a partial index as the models have it."""
    where = index.dialect_options["postgresql"].get("where")
    return None if where is None else _compiled(where)


def expressions_of(index: sa.Index) -> tuple[str | None, ...]:
    """Return the SQL of each element of the index; None for a column or what cannot be written."""
    return tuple(
        None if isinstance(one, sa.Column) else _compiled(one) for one in index.expressions
    )


def _compiled(expression: sa.ClauseElement | str) -> str | None:
    if isinstance(expression, str):
        return expression
    try:
        return compile_expression(expression).strip()
    except (CompileError, NotImplementedError):
        return None
