"""The one place that asks a server what rows have to satisfy."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from alembic_proof.catalog.prepared import Prepared
from alembic_proof.rows.literal import array_text, quote
from alembic_proof.rows.run import fetch
from alembic_proof.rows.shape import (
    Check,
    Column,
    DefaultKind,
    Family,
    ForeignKey,
    Key,
    Shapes,
    Table,
    TableName,
    TypeShape,
)
from alembic_proof.rows.shape_sql import SETTING, statement

Facts = list[list[Any]]
"""What one of the statement's JSON documents holds."""


def read_shapes(
    connection: sa.Connection,
    *,
    version_table: str = "alembic_version",
    version_schema: str | None = None,
    tables: Collection[TableName] | None = None,
    is_prepared: bool = False,
) -> Shapes:
    """What a row of each user-made table has to satisfy; one round trip, or two.

    Of `tables` alone, where given (a partition stands for its table); names that do not exist are
    left out. With `is_prepared` the statement stays prepared in the session: planning it takes
    longer than running it.

    Locks: none beyond ACCESS SHARE on the system catalogs.
    """
    major = int((connection.dialect.server_version_info or (0,))[0])
    sql = statement(
        major=major,
        version_table=version_table,
        version_schema=version_schema,
        is_asked=tables is not None,
    )
    if tables is not None:
        names = quote(array_text(sorted(tables)))
        fetch(connection, f"SELECT pg_catalog.set_config('{SETTING}', {names}, true)")
    row = Prepared(connection).row(sql) if is_prepared else fetch(connection, sql)
    found = [json.loads(text) if text else [] for text in row]
    shapes = assemble(*found)
    return shapes if tables is None else _chosen(shapes, frozenset(tables))


def _chosen(shapes: Shapes, names: frozenset[TableName]) -> Shapes:
    """These tables alone: those that they refer to were read without their own references."""
    chosen = names | {root for part, root in shapes.roots if part in names}
    return Shapes.of(
        (table for table in shapes if table.name in chosen),
        (link for link in shapes.roots if link[1] in chosen),
    )


def assemble(
    tables: Facts, columns: Facts, types: Facts, constraints: Facts, keys: Facts, triggers: Facts
) -> Shapes:
    """The shapes that these facts, in the statement's order of columns, describe."""
    facts = _Facts(
        tables={row[0]: row for row in tables},
        types={row[0]: row for row in types},
        columns=_by_table(columns),
        constraints=_by_table(constraints),
        keys=_by_table(keys),
        triggers=_by_table(triggers),
    )
    roots = {oid: facts.root(oid) for oid in facts.tables}
    leaves: dict[int, list[int]] = defaultdict(list)
    for oid, row in facts.tables.items():
        if row[5] is not None:
            leaves[roots[oid]].append(oid)
    return Shapes.of(
        (facts.table(oid, leaves[oid]) for oid in facts.tables if roots[oid] == oid),
        (
            (facts.name(oid), facts.name(root))
            for oid, root in roots.items()
            if oid != root and root in facts.tables
        ),
    )


def _by_table(rows: Facts) -> dict[int, Facts]:
    found: dict[int, Facts] = defaultdict(list)
    for row in rows:
        found[row[0]].append(row)
    return found


@dataclass(frozen=True, slots=True)
class _Facts:
    """The facts by OID."""

    tables: dict[int, list[Any]]
    types: dict[int, list[Any]]
    columns: dict[int, Facts]
    constraints: dict[int, Facts]
    keys: dict[int, Facts]
    triggers: dict[int, Facts]

    def name(self, oid: int) -> TableName:
        return TableName(self.tables[oid][1])

    def root(self, oid: int) -> int:
        """The topmost partitioned table above `oid`; one of another's is out of reach."""
        while oid in self.tables and self.tables[oid][4] is not None:
            oid = self.tables[oid][4]
        return oid

    def table(self, oid: int, leaves: list[int]) -> Table:
        _, name, kind, is_forced, _, _, partition_key = self.tables[oid]
        names = {row[1]: row[2] for row in self.columns[oid]}
        return Table(
            name=TableName(name),
            columns=tuple(self._column(row) for row in self.columns[oid]),
            keys=tuple(_key(row, names) for row in self.keys[oid]),
            foreign_keys=tuple(
                self._foreign_key(row, names)
                for row in self.constraints[oid]
                if row[2] == "f" and row[5] in self.tables
            ),
            checks=tuple(
                Check(row[1], row[4], tuple(names[number] for number in row[3] or ()))
                for row in self.constraints[oid]
                if row[2] == "c"
            ),
            is_partitioned=kind == "p",
            partition_columns=_named(partition_key, names),
            bounds=tuple(
                Check("", self.tables[leaf][5] or "true", (), self.tables[leaf][1])
                for leaf in sorted(leaves, key=self.name)
            ),
            triggers=tuple(row[1] for row in self.triggers[oid]),
            deferred=tuple(row[7] for row in self.constraints[oid] if row[7]),
            is_forced=is_forced,
        )

    def _column(self, row: list[Any]) -> Column:
        (
            table_oid,
            number,
            name,
            type_oid,
            modifier,
            is_not_null,
            identity,
            generated,
            default,
            is_anew,
            spelled,
            sequence,
        ) = row
        return Column(
            name=name,
            type=self._type(type_oid, modifier, spelled or ""),
            is_nullable=not is_not_null,
            default=None if generated else default,
            default_kind=_default_kind(identity, None if generated else default, is_anew=is_anew),
            identity=identity,
            is_generated=bool(generated),
            sequence=sequence or "",
            place=(table_oid, number),
        )

    def _foreign_key(self, row: list[Any], names: dict[int, str]) -> ForeignKey:
        _, name, _, columns, _, target, referenced, _ = row
        theirs = {column[1]: column[2] for column in self.columns[target]}
        return ForeignKey(
            name=name,
            columns=tuple(names[number] for number in columns),
            table=self.name(self.root(target)),
            referenced=tuple(theirs[number] for number in referenced),
        )

    def _type(self, oid: int, modifier: int, spelled: str = "") -> TypeShape:
        (_, schema, name, kind, category, is_array, element, base, base_modifier, is_not_null,
         subtype, labels, fields, checks) = self.types[oid]  # fmt: skip
        part = element if is_array else base if kind == "d" else subtype
        inner = base_modifier if kind == "d" else modifier if is_array else -1
        return TypeShape(
            schema=schema,
            name=name,
            family=Family.ARRAY if is_array else Family(kind),
            category=category,
            modifier=modifier,
            spelled=spelled,
            labels=tuple(labels or ()),
            part=self._type(part, inner) if part else None,
            fields=tuple(self._type(field, typmod) for field, typmod in fields or ()),
            checks=tuple(Check(check, expression) for check, expression in checks or ()),
            is_not_null=is_not_null,
        )


def _default_kind(identity: str, default: str | None, *, is_anew: bool | None) -> DefaultKind:
    if identity or (default is not None and default.startswith("nextval(")):
        return DefaultKind.SEQUENCE
    if default is None:
        return DefaultKind.NONE
    return DefaultKind.ANEW if is_anew else DefaultKind.CONSTANT


def _key(row: list[Any], names: dict[int, str]) -> Key:
    _, name, numbers, count, expressions, predicate, is_primary, is_exclusion, is_null_equal = row
    return Key(
        name=name,
        columns=_named(" ".join(numbers.split()[:count]), names),
        expressions=expressions or "",
        predicate=predicate or "",
        is_primary=is_primary,
        is_exclusion=is_exclusion,
        is_null_distinct=not is_null_equal,
    )


def _named(numbers: str | None, names: dict[int, str]) -> tuple[str, ...]:
    """The columns of an int2vector; 0, an expression, has none."""
    return tuple(names[int(number)] for number in (numbers or "").split() if number != "0")
