"""Read the tables that store rows, with all that a row must satisfy.

One statement returns a JSON document for each kind of catalog row. Objects refer to each other by
OID; definitions are rendered only where a value must satisfy them. OFFSET 0 makes PostgreSQL use a
catalog's index: the planner cannot know how few tables are read.

Source: catalogs.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from alembic_deploy.backfill.checkpoint import CHECKPOINTS
from alembic_proof.catalog.prepared import PreparedStatements
from alembic_proof.rows.savepoint_batch import fetch_row
from alembic_proof.rows.schema import (
    Check,
    ColumnInfo,
    DefaultKind,
    ForeignKeyInfo,
    TableInfo,
    TableName,
    TypeInfo,
    TypeKind,
    UniqueKey,
    UserTables,
)
from alembic_proof.sql import quote_literal


def read_user_tables(
    connection: sa.Connection,
    *,
    version_table: str = "alembic_version",
    version_schema: str | None = None,
    tables: Collection[TableName] | None = None,
    is_prepared: bool = False,
) -> UserTables:
    """Return all tables that store users' rows, or these tables only.

        user_tables = read_user_tables(connection)

    It takes one round trip, with `tables` two.

    :param tables: Names that do not exist are left out; a partition means its topmost table.
    :param is_prepared: Whether the statement stays prepared in the session: planning it takes
        longer than running it.

    Locks: ACCESS SHARE on the system catalogs.
    """
    sql = _statement(
        major=int((connection.dialect.server_version_info or (0,))[0]),
        version_table=version_table,
        version_schema=version_schema,
        is_selected=tables is not None,
    )
    if tables is not None:
        names = ", ".join(quote_literal(name) for name in sorted(tables))
        names = f"(ARRAY[{names}]::pg_catalog.text[])::pg_catalog.text"
        fetch_row(connection, f"SELECT pg_catalog.set_config('{_SETTING}', {names}, true)")
    row = (
        PreparedStatements(connection).fetch_prepared(sql)
        if is_prepared
        else fetch_row(connection, sql)
    )
    found = _assemble(*(json.loads(text) if text else [] for text in row))
    if tables is None:
        return found
    # Referenced tables were read as well, without their own references.
    chosen = {*tables} | {root for part, root in found.partition_roots if part in tables}
    return UserTables.of(
        (table for table in found if table.name in chosen),
        (link for link in found.partition_roots if link[1] in chosen),
    )


_RELATIONS = """
RECURSIVE relation AS MATERIALIZED (
    SELECT c.oid, n.nspname, c.relname, c.relkind, c.relispartition, c.relforcerowsecurity
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p')
    AND c.relpersistence <> 't'
    AND n.nspname <> 'information_schema'
    AND n.nspname !~ '^pg_'{is_selected}
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
        AND d.deptype = 'e' OFFSET 0
    )
    AND NOT ({is_version_table})
), attribute AS MATERIALIZED (
    SELECT a.*
    FROM relation AS r
    CROSS JOIN LATERAL (
        SELECT * FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped OFFSET 0
    ) AS a
), used(oid) AS (
    SELECT DISTINCT atttypid FROM attribute
    UNION
    SELECT part.oid
    FROM used
    CROSS JOIN LATERAL (
        SELECT * FROM pg_catalog.pg_type AS t WHERE t.oid = used.oid OFFSET 0
    ) AS t
    LEFT JOIN pg_catalog.pg_range AS r ON r.rngtypid = t.oid
    LEFT JOIN pg_catalog.pg_range AS m ON m.rngmultitypid = t.oid
    LEFT JOIN LATERAL (
        SELECT * FROM pg_catalog.pg_attribute AS f
        WHERE f.attrelid = t.typrelid AND f.attnum > 0 AND NOT f.attisdropped OFFSET 0
    ) AS f ON t.typtype = 'c'
    CROSS JOIN LATERAL (
        VALUES (t.typelem), (t.typbasetype), (r.rngsubtype), (m.rngtypid), (f.atttypid)
    ) AS part(oid)
    WHERE part.oid <> 0
)"""


class _TableRow(NamedTuple):
    oid: int
    name: str
    kind: str
    """pg_class.relkind."""
    is_rls_forced: bool
    parent: int | None
    bound: str | None
    """The partition's constraint; None for a table that is no partition with rows of its own."""
    partition_key: str | None


_TABLES = """
SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
    r.oid::bigint, pg_catalog.format('%I.%I', r.nspname, r.relname), r.relkind,
    r.relforcerowsecurity, i.inhparent::bigint,
    CASE WHEN r.relispartition AND r.relkind = 'r'
        THEN pg_catalog.pg_get_partition_constraintdef(r.oid) END,
    p.partattrs::text
) ORDER BY r.oid)
FROM relation AS r
LEFT JOIN pg_catalog.pg_inherits AS i ON r.relispartition AND i.inhrelid = r.oid
LEFT JOIN pg_catalog.pg_partitioned_table AS p ON p.partrelid = r.oid"""


class _ColumnRow(NamedTuple):
    table: int
    number: int
    name: str
    type: int
    modifier: int
    is_not_null: bool
    identity: str
    generated: str
    default: str | None
    is_volatile: bool | None
    formatted_type: str | None
    sequence: str | None


_COLUMNS = """
SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
    a.attrelid::bigint, a.attnum, a.attname, a.atttypid::bigint, a.atttypmod, a.attnotnull,
    a.attidentity, a.attgenerated,
    pg_catalog.pg_get_expr(d.adbin, d.adrelid),
    CASE WHEN d.adbin IS NOT NULL AND a.attgenerated = '' THEN
        CASE
            WHEN d.adbin::text ~ 'NEXTVALUEEXPR|SQLVALUEFUNCTION' THEN true
            WHEN d.adbin::text ~ ':(func|opfunc)id' THEN EXISTS (
                SELECT
                FROM pg_catalog.regexp_matches(d.adbin::text, ':(?:func|opfunc)id (\\d+)', 'g') AS m
                JOIN pg_catalog.pg_proc AS p ON p.oid = m[1]::pg_catalog.oid
                WHERE p.provolatile <> 'i'
            )
            ELSE false
        END
    END,
    CASE WHEN a.atttypid::bigint >= 16384
        THEN pg_catalog.format_type(a.atttypid, a.atttypmod) END,
    CASE WHEN a.attidentity <> '' OR d.oid IS NOT NULL AND a.attgenerated = '' THEN (
        SELECT pg_catalog.format('%I.%I', n.nspname, s.relname)
        FROM pg_catalog.pg_class AS s
        JOIN pg_catalog.pg_namespace AS n ON n.oid = s.relnamespace
        WHERE s.relkind = 'S' AND s.oid IN (
            SELECT own.objid
            FROM pg_catalog.pg_depend AS own
            WHERE own.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
            AND own.refobjid = a.attrelid AND own.refobjsubid = a.attnum AND own.deptype = 'i'
            AND own.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
            UNION ALL
            SELECT used.refobjid
            FROM pg_catalog.pg_depend AS used
            WHERE used.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
            AND used.objid = d.oid
            AND used.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
        )
        ORDER BY s.oid
        LIMIT 1
    ) END
) ORDER BY a.attrelid, a.attnum)
FROM attribute AS a
LEFT JOIN pg_catalog.pg_attrdef AS d
    ON a.atthasdef AND d.adrelid = a.attrelid AND d.adnum = a.attnum"""


class _TypeRow(NamedTuple):
    oid: int
    schema: str
    name: str
    kind: str
    """pg_type.typtype."""
    category: str
    is_array: bool
    element: int
    base: int
    base_modifier: int
    is_not_null: bool
    subtype: int | None
    labels: list[str] | None
    fields: list[tuple[int, int]] | None
    checks: list[tuple[str, str]] | None


_TYPES = """
SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
    t.oid::bigint, n.nspname, t.typname, t.typtype, t.typcategory,
    t.typcategory = 'A' AND t.typelem <> 0 AND t.typname NOT IN ('int2vector', 'oidvector'),
    t.typelem::bigint, t.typbasetype::bigint, t.typtypmod, t.typnotnull,
    CASE WHEN t.typtype IN ('r', 'm') THEN (
        SELECT CASE WHEN r.rngtypid = t.oid THEN r.rngsubtype ELSE r.rngtypid END::bigint
        FROM pg_catalog.pg_range AS r
        WHERE t.oid IN (r.rngtypid, r.rngmultitypid)
    ) END,
    CASE WHEN t.typtype = 'e' THEN (
        SELECT pg_catalog.json_agg(e.enumlabel ORDER BY e.enumsortorder)
        FROM pg_catalog.pg_enum AS e
        WHERE e.enumtypid = t.oid
    ) END,
    CASE WHEN t.typtype = 'c' THEN (
        SELECT pg_catalog.json_agg(
            pg_catalog.json_build_array(f.atttypid::bigint, f.atttypmod) ORDER BY f.attnum
        )
        FROM pg_catalog.pg_attribute AS f
        WHERE f.attrelid = t.typrelid AND f.attnum > 0 AND NOT f.attisdropped
    ) END,
    CASE WHEN t.typtype = 'd' THEN (
        SELECT pg_catalog.json_agg(
            pg_catalog.json_build_array(c.conname, pg_catalog.pg_get_expr(c.conbin, 0))
            ORDER BY c.conname
        )
        FROM pg_catalog.pg_constraint AS c
        WHERE c.contypid = t.oid AND c.contype = 'c'
    ) END
))
FROM used
CROSS JOIN LATERAL (
    SELECT * FROM pg_catalog.pg_type AS t WHERE t.oid = used.oid OFFSET 0
) AS t
JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace"""


class _ConstraintRow(NamedTuple):
    table: int
    name: str
    kind: str
    """pg_constraint.contype."""
    columns: list[int] | None
    check: str | None
    referenced_table: int
    referenced_columns: list[int] | None
    deferred_name: str | None


_CONSTRAINTS = """
SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
    c.conrelid::bigint, c.conname, c.contype,
    pg_catalog.array_to_json(c.conkey),
    CASE WHEN c.contype = 'c' THEN pg_catalog.pg_get_expr(c.conbin, c.conrelid) END,
    c.confrelid::bigint, pg_catalog.array_to_json(c.confkey),
    CASE WHEN c.condeferred THEN pg_catalog.format('%I.%I', r.nspname, c.conname) END
) ORDER BY c.conrelid, c.conname)
FROM relation AS r
CROSS JOIN LATERAL (
    SELECT * FROM pg_catalog.pg_constraint AS c WHERE c.conrelid = r.oid OFFSET 0
) AS c
WHERE (c.contype = 'c' OR c.conparentid = 0)
AND (c.contype IN ('c', 'f') OR c.condeferred)
AND {is_enforced}"""


class _KeyRow(NamedTuple):
    table: int
    name: str
    columns: str
    column_count: int
    expressions: str | None
    predicate: str | None
    is_primary: bool
    is_exclusion: bool
    is_nulls_not_distinct: bool


_KEYS = """
SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
    i.indrelid::bigint, c.relname, i.indkey::text, i.indnkeyatts,
    pg_catalog.pg_get_expr(i.indexprs, i.indrelid),
    pg_catalog.pg_get_expr(i.indpred, i.indrelid),
    i.indisprimary, i.indisexclusion, i.indnullsnotdistinct
) ORDER BY i.indrelid, c.relname)
FROM relation AS r
CROSS JOIN LATERAL (
    SELECT * FROM pg_catalog.pg_index AS i
    WHERE i.indrelid = r.oid AND (i.indisunique OR i.indisexclusion) OFFSET 0
) AS i
CROSS JOIN LATERAL (
    SELECT c.relname FROM pg_catalog.pg_class AS c WHERE c.oid = i.indexrelid OFFSET 0
) AS c"""

_TRIGGERS = """
SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
    t.tgrelid::bigint, t.tgname
) ORDER BY t.tgrelid, t.tgname)
FROM relation AS r
CROSS JOIN LATERAL (
    SELECT * FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = r.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D' OFFSET 0
) AS t"""

_KINDS = (_TABLES, _COLUMNS, _TYPES, _CONSTRAINTS, _KEYS, _TRIGGERS)


_SETTING = "alembic_proof.tables"
"""The session setting with the names of the selected tables, as the text of an array."""
_SELECTED = """
    AND c.oid IN (
        WITH selected AS (
            SELECT pg_catalog.to_regclass(name) AS oid FROM pg_catalog.unnest(
                pg_catalog.current_setting('{setting}')::text[]) AS name
        ), near AS (
            SELECT oid FROM selected
            UNION
            SELECT f.confrelid FROM pg_catalog.pg_constraint AS f
            JOIN selected ON f.conrelid = selected.oid AND f.contype = 'f'
        )
        SELECT oid FROM near
        UNION
        SELECT part.relid FROM near
        CROSS JOIN LATERAL pg_catalog.pg_partition_tree(pg_catalog.pg_partition_root(oid)) AS part
    )"""


def _statement(
    *, major: int, version_table: str, version_schema: str | None, is_selected: bool
) -> str:
    """Return a SELECT of one row: a JSON array for each kind, NULL where nothing is found.

    :param is_selected: Whether to read the tables of `_SETTING` and those that they reference only.
    """
    names = f"{quote_literal(version_table)}, {quote_literal(CHECKPOINTS)}"
    is_version_table = f"c.relname IN ({names})"
    is_version_table += (
        f" AND n.nspname = {quote_literal(version_schema)}"
        if version_schema
        else " AND pg_catalog.pg_table_is_visible(c.oid)"
    )
    relations = _RELATIONS.replace("{is_version_table}", is_version_table)
    selected = _SELECTED.replace("{setting}", _SETTING) if is_selected else ""
    relations = relations.replace("{is_selected}", selected)
    kinds = ", ".join(f"({kind})::text" for kind in _KINDS)
    is_enforced = "c.conenforced" if major >= 18 else "true"
    return f"WITH {relations} SELECT {kinds}".replace("{is_enforced}", is_enforced)


_Rows = list[list[Any]]


def _assemble(
    tables: _Rows,
    columns: _Rows,
    types: _Rows,
    constraints: _Rows,
    keys: _Rows,
    triggers: _Rows,
) -> UserTables:
    """Return the tables that these catalog rows describe."""
    rows = _CatalogRows(
        tables={row[0]: _TableRow(*row) for row in tables},
        types={row[0]: _TypeRow(*row) for row in types},
        columns=defaultdict(list),
        constraints=defaultdict(list),
        keys=defaultdict(list),
        triggers=defaultdict(list),
    )
    for row in columns:
        rows.columns[row[0]].append(_ColumnRow(*row))
    for row in constraints:
        rows.constraints[row[0]].append(_ConstraintRow(*row))
    for row in keys:
        rows.keys[row[0]].append(_KeyRow(*row))
    for table, trigger in triggers:
        rows.triggers[table].append(trigger)
    return rows.user_tables()


@dataclass(frozen=True, slots=True)
class _CatalogRows:
    """The catalog rows by the OID of their type or table."""

    tables: dict[int, _TableRow]
    types: dict[int, _TypeRow]
    columns: defaultdict[int, list[_ColumnRow]]
    constraints: defaultdict[int, list[_ConstraintRow]]
    keys: defaultdict[int, list[_KeyRow]]
    triggers: defaultdict[int, list[str]]

    def user_tables(self) -> UserTables:
        roots = {oid: self._root(oid) for oid in self.tables}
        partitions: dict[int, list[_TableRow]] = defaultdict(list)
        for oid, row in self.tables.items():
            if row.bound is not None:
                partitions[roots[oid]].append(row)
        return UserTables.of(
            (
                self._table(row, partitions[oid])
                for oid, row in self.tables.items()
                if roots[oid] == oid
            ),
            (
                (self._name(oid), self._name(root))
                for oid, root in roots.items()
                if oid != root and root in self.tables
            ),
        )

    def _name(self, oid: int) -> TableName:
        return TableName(self.tables[oid].name)

    def _root(self, oid: int) -> int:
        """Return the topmost partitioned table above the table, as far as it was read."""
        while oid in self.tables and (parent := self.tables[oid].parent) is not None:
            oid = parent
        return oid

    def _table(self, row: _TableRow, partitions: list[_TableRow]) -> TableInfo:
        names = {column.number: column.name for column in self.columns[row.oid]}
        constraints = self.constraints[row.oid]
        return TableInfo(
            name=TableName(row.name),
            columns=tuple(self._column(column) for column in self.columns[row.oid]),
            keys=tuple(_unique_key(key, names) for key in self.keys[row.oid]),
            foreign_keys=tuple(
                self._foreign_key(one, names)
                for one in constraints
                if one.kind == "f" and one.referenced_table in self.tables
            ),
            checks=tuple(
                Check(one.name, one.check or "", tuple(names[n] for n in one.columns or ()))
                for one in constraints
                if one.kind == "c"
            ),
            is_partitioned=row.kind == "p",
            partition_columns=_column_names(row.partition_key, names),
            partition_bounds=tuple(
                Check("", one.bound or "true", (), one.name)
                for one in sorted(partitions, key=lambda one: one.name)
            ),
            triggers=tuple(self.triggers[row.oid]),
            deferred_constraints=tuple(
                one.deferred_name for one in constraints if one.deferred_name
            ),
            is_rls_forced=row.is_rls_forced,
        )

    def _column(self, row: _ColumnRow) -> ColumnInfo:
        default = None if row.generated else row.default
        return ColumnInfo(
            name=row.name,
            type=self._type(row.type, row.modifier, row.formatted_type or ""),
            is_nullable=not row.is_not_null,
            default=default,
            default_kind=_default_kind(row, default),
            identity=row.identity,
            is_generated=bool(row.generated),
            sequence=row.sequence or "",
            attribute_id=(row.table, row.number),
        )

    def _foreign_key(self, row: _ConstraintRow, names: dict[int, str]) -> ForeignKeyInfo:
        target = row.referenced_table
        referenced = {column.number: column.name for column in self.columns[target]}
        return ForeignKeyInfo(
            name=row.name,
            columns=tuple(names[number] for number in row.columns or ()),
            table=self._name(self._root(target)),
            referenced=tuple(referenced[number] for number in row.referenced_columns or ()),
        )

    def _type(self, oid: int, modifier: int, formatted: str = "") -> TypeInfo:
        row = self.types[oid]
        is_domain = row.kind == "d"
        part = row.element if row.is_array else row.base if is_domain else row.subtype
        part_modifier = row.base_modifier if is_domain else modifier if row.is_array else -1
        return TypeInfo(
            schema=row.schema,
            name=row.name,
            kind=TypeKind.ARRAY if row.is_array else TypeKind(row.kind),
            category=row.category,
            modifier=modifier,
            formatted=formatted,
            labels=tuple(row.labels or ()),
            part=self._type(part, part_modifier) if part else None,
            fields=tuple(self._type(field, typmod) for field, typmod in row.fields or ()),
            checks=tuple(Check(name, expression) for name, expression in row.checks or ()),
            is_not_null=row.is_not_null,
        )


def _default_kind(row: _ColumnRow, default: str | None) -> DefaultKind:
    if row.identity or (default is not None and default.startswith("nextval(")):
        return DefaultKind.SEQUENCE
    if default is None:
        return DefaultKind.NONE
    return DefaultKind.VOLATILE if row.is_volatile else DefaultKind.CONSTANT


def _unique_key(row: _KeyRow, names: dict[int, str]) -> UniqueKey:
    return UniqueKey(
        name=row.name,
        columns=_column_names(" ".join(row.columns.split()[: row.column_count]), names),
        expressions=row.expressions or "",
        predicate=row.predicate or "",
        is_primary=row.is_primary,
        is_exclusion=row.is_exclusion,
        is_null_distinct=not row.is_nulls_not_distinct,
    )


def _column_names(numbers: str | None, names: dict[int, str]) -> tuple[str, ...]:
    """Return the columns of an int2vector; 0 marks an expression and is left out."""
    return tuple(names[int(number)] for number in (numbers or "").split() if number != "0")
