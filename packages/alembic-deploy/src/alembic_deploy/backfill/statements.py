"""The SQL of a backfill: its relations, its batches, and the rows that are left."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.sql.elements import TextClause

from alembic_deploy.backfill.declaration import Assignment, Backfill
from alembic_deploy.definitions import relation_exists
from alembic_deploy.errors import DatabaseError

Key = tuple[str, ...]
"""The values of a primary key, each in PostgreSQL's text form."""

MOST_LEFT = 10_000
"""How many rows `BatchSql.left` looks at; where it finds as many, its last key may not be the last."""

# Partitions and children one by one: a ctid is unique in one relation only.
_RELATIONS = """\
WITH RECURSIVE tree (oid) AS (
    SELECT CAST(pg_catalog.to_regclass(:table) AS oid)
    UNION
    SELECT inherits.inhrelid
    FROM pg_catalog.pg_inherits AS inherits
    JOIN tree ON inherits.inhparent = tree.oid
)
SELECT pg_catalog.quote_ident(schema.nspname) || '.' || pg_catalog.quote_ident(class.relname),
       class.relkind,
       ARRAY(
           SELECT pg_catalog.quote_ident(attribute.attname)
           FROM pg_catalog.unnest(key.conkey) WITH ORDINALITY AS part (number, place)
           JOIN pg_catalog.pg_attribute AS attribute
               ON attribute.attrelid = class.oid AND attribute.attnum = part.number
           ORDER BY part.place
       ),
       ARRAY(
           SELECT pg_catalog.format_type(attribute.atttypid, attribute.atttypmod)
           FROM pg_catalog.unnest(key.conkey) WITH ORDINALITY AS part (number, place)
           JOIN pg_catalog.pg_attribute AS attribute
               ON attribute.attrelid = class.oid AND attribute.attnum = part.number
           ORDER BY part.place
       )
FROM tree
JOIN pg_catalog.pg_class AS class ON class.oid = tree.oid
JOIN pg_catalog.pg_namespace AS schema ON schema.oid = class.relnamespace
LEFT JOIN pg_catalog.pg_constraint AS key ON key.conrelid = class.oid AND key.contype = 'p'
WHERE class.relkind <> 'p'
ORDER BY 1"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A table that stores rows of the backfill's table: itself, a partition or a child."""

    name: str
    """With its schema, quoted."""
    key: tuple[str, ...]
    """The columns of its primary key, quoted."""
    key_types: tuple[str, ...]


def read_relations(connection: Connection, backfill: Backfill) -> tuple[Relation, ...]:
    """Read the relations that the loop walks through, by name.

    :raises DatabaseError: No such table, or one without a primary key, or that is no table.
    """
    rows = connection.execute(text(_RELATIONS), {"table": backfill.table}).all()
    if not rows and not relation_exists(connection, backfill.table):
        raise _unusable(backfill, f"there is no table {backfill.table}", "correct its name")
    for name, kind, key, _ in rows:
        if kind not in ("r", b"r"):
            raise _unusable(backfill, f"{name} is no table that stores rows", "name a table")
        if not key:
            raise _unusable(
                backfill,
                f"{name} has no primary key, along which the batches go",
                "give it one, or write an UPDATE in upgrade()",
            )
    return tuple(
        Relation(name=name, key=tuple(key), key_types=tuple(types)) for name, _, key, types in rows
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRange:
    """A range of a primary key; None is the table's beginning or end."""

    after: Key | None = None
    is_inclusive: bool = False
    """Whether `after` itself belongs to it."""
    until: Key | None = None
    """The last key of it."""

    @property
    def parameters(self) -> dict[str, str]:
        """Return the values of the parameters of `BatchSql`'s conditions."""
        return {
            f"{name}_{number}": value
            for name, key in (("after", self.after), ("until", self.until))
            for number, value in enumerate(key or ())
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSql:
    """The statements of one relation and one direction."""

    relation: Relation
    assignment: Assignment
    alias: str

    def until(self, keys: KeyRange) -> TextClause:
        """Return the statement for the key `:skipped` rows further; no row beyond the end."""
        return text(
            f"SELECT {self._key_array()}\n"
            f"FROM {self._from}\n"
            f"{self._within(keys, lead='WHERE')}\n"
            f"ORDER BY {self._key_list()}\n"
            "OFFSET CAST(:skipped AS bigint) LIMIT 1"
        )

    def update_all(self, keys: KeyRange) -> TextClause:
        """Return the statement that locks and updates the rows of a range that are still to do.

        Rows that another session locks are left to the next pass. So is a row that another session
        has changed meanwhile: it is locked, but the snapshot of the UPDATE does not see its new version.

        Locks: the rows in FOR NO KEY UPDATE, none that another session holds.
        Source: sql-update, which selects rows to update by their ctid; sql-select, SKIP LOCKED.
        """
        return text(
            f"UPDATE {self._from}\n"
            f"SET {escaped(self.assignment.set)}\n"
            f"WHERE {self._ctid} = ANY (ARRAY(\n"
            f"    SELECT {self._ctid}\n"
            f"    FROM {self._from}\n"
            f"    WHERE ({self._where})\n"
            f"    {self._within(keys, lead='AND')}\n"
            f"    FOR NO KEY UPDATE OF {escaped(self.alias)} SKIP LOCKED\n"
            "))"
        )

    def update_some(self, keys: KeyRange) -> TextClause:
        """Return the statement that locks and updates the first `:batch_rows` of these rows at most.

        It returns the number of rows that it updated, the number of these that still match `where`,
        and, if it locked `:batch_rows` rows, the key of the last one; else NULL. It takes a fifth
        longer than `update_all`.

        Locks: as `update_all`.
        """
        last = ", ".join(f"CAST({name} AS text)" for name in self._key_names)
        return text(
            "WITH locked AS MATERIALIZED (\n"
            f"    SELECT {self._ctid} AS backfill_ctid, {self._named_keys()}\n"
            f"    FROM {self._from}\n"
            f"    WHERE ({self._where})\n"
            f"    {self._within(keys, lead='AND')}\n"
            f"    ORDER BY {self._key_list()}\n"
            "    LIMIT CAST(:batch_rows AS bigint)\n"
            f"    FOR NO KEY UPDATE OF {escaped(self.alias)} SKIP LOCKED\n"
            "), updated AS (\n"
            f"    UPDATE {self._from}\n"
            f"    SET {escaped(self.assignment.set)}\n"
            f"    WHERE {self._ctid} = ANY (ARRAY(SELECT backfill_ctid FROM locked))\n"
            f"    RETURNING ({self._where}) AS is_unchanged\n"
            ")\n"
            "SELECT pg_catalog.count(*), pg_catalog.count(*) FILTER (WHERE is_unchanged),\n"
            f"       (SELECT ARRAY[{last}] FROM locked OFFSET CAST(:batch_rows AS bigint) - 1 LIMIT 1)\n"
            "FROM updated"
        )

    def left(self) -> TextClause:
        """Return the statement for how many rows match, with the first and the last key of them.

        It stops at MOST_LEFT rows, which need not be the first ones.
        """
        names = self._key_names
        array = ", ".join(f"CAST({name} AS text)" for name in names)
        down = ", ".join(f"{name} DESC" for name in names)
        return text(
            "WITH found AS MATERIALIZED (\n"
            f"    SELECT {self._named_keys()} FROM {self._from}\n"
            f"    WHERE ({self._where})\n"
            f"    LIMIT {MOST_LEFT}\n"
            ")\n"
            "SELECT (SELECT pg_catalog.count(*) FROM found),\n"
            f"       (SELECT ARRAY[{array}] FROM found ORDER BY {', '.join(names)} LIMIT 1),\n"
            f"       (SELECT ARRAY[{array}] FROM found ORDER BY {down} LIMIT 1)"
        )

    def locked_rows(self) -> str:
        """Return a query for the transactions that lock rows which are still to do."""
        xmax = f"CAST({escaped(self.alias)}.xmax AS text)"
        return (
            f"SELECT {xmax} AS locked_by FROM {self._from}\n"
            f"WHERE {xmax} <> '0' AND ({self._where}) LIMIT 100"
        )

    @property
    def _where(self) -> str:
        return f"\n{escaped(self.assignment.where)}\n"  # it may end with a comment

    @property
    def _ctid(self) -> str:
        return f"{escaped(self.alias)}.ctid"

    @property
    def _from(self) -> str:
        return f"ONLY {escaped(self.relation.name)} AS {escaped(self.alias)}"

    @property
    def _columns(self) -> list[str]:
        return [escaped(f"{self.alias}.{column}") for column in self.relation.key]

    @property
    def _key_names(self) -> list[str]:
        """Return names for the key's columns that no column of the table has."""
        return [f"backfill_key_{number}" for number, _ in enumerate(self.relation.key)]

    def _named_keys(self) -> str:
        pairs = zip(self._columns, self._key_names, strict=True)
        return ", ".join(f"{column} AS {name}" for column, name in pairs)

    def _key_list(self) -> str:
        return ", ".join(self._columns)

    def _key_array(self) -> str:
        return f"ARRAY[{', '.join(f'CAST({column} AS text)' for column in self._columns)}]"

    def _within(self, keys: KeyRange, *, lead: str) -> str:
        """Return the conditions on the key; empty for the whole table."""
        conditions = []
        if keys.after is not None:
            operator = ">=" if keys.is_inclusive else ">"
            conditions.append(f"({self._key_list()}) {operator} ({self._bound('after')})")
        if keys.until is not None:
            conditions.append(f"({self._key_list()}) <= ({self._bound('until')})")
        return f"{lead} {' AND '.join(conditions)}" if conditions else ""

    def _bound(self, name: str) -> str:
        types = enumerate(self.relation.key_types)
        return ", ".join(
            f"CAST(CAST(:{name}_{number} AS text) AS {type_})" for number, type_ in types
        )


def count_statement(backfill: Backfill, assignment: Assignment) -> TextClause:
    """Return the statement that counts the rows that are still to do."""
    return text(f"SELECT pg_catalog.count(*) {_matching(backfill, assignment)}")


def exists_statement(backfill: Backfill, assignment: Assignment) -> TextClause:
    """Return the statement for whether a row is still to do."""
    return text(f"SELECT EXISTS (SELECT {_matching(backfill, assignment)})")


def refuse_unfinished(backfill: Backfill, *, revision: str) -> str:
    """Return the statement that fails while a row is still to do, for the script of a revision."""
    message = f"revision {revision} requires the backfill {backfill.name}, which is not finished"
    quoted = message.replace("'", "''")
    return (
        "DO $requires_backfill$\nBEGIN\n"
        f"    IF EXISTS (SELECT FROM {backfill.table} WHERE (\n{backfill.fill.where}\n)) THEN\n"
        f"        RAISE EXCEPTION USING MESSAGE = '{quoted}';\n"
        "    END IF;\nEND\n$requires_backfill$"
    )


def single_update(backfill: Backfill, *, is_undo: bool) -> str:
    """Return the same change as one UPDATE, for a script and for a proof."""
    assignment = backfill.assignment(is_undo=is_undo)
    return f"UPDATE {backfill.table}\nSET {assignment.set}\nWHERE (\n{assignment.where}\n)"


def _matching(backfill: Backfill, assignment: Assignment) -> str:
    return f"FROM {escaped(backfill.table)} WHERE (\n{escaped(assignment.where)}\n)"


def escaped(sql: str) -> str:
    r"""Return a revision's SQL as text() takes it, in which a colon may begin a parameter.

    >>> escaped("at > '12:30' AND name::text = 'x'")
    "at > '12\\:30' AND name\\:\\:text = 'x'"
    """
    return re.sub(":", r"\\:", sql)


def _unusable(backfill: Backfill, why: str, todo: str) -> DatabaseError:
    return DatabaseError(
        f"the backfill {backfill.name} cannot run: {why}", where=backfill.path, todo=todo
    )
