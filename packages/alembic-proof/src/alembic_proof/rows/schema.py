"""The tables, columns, types and constraints that a row must satisfy, as frozen values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

TableName = NewType("TableName", str)
"""Schema and name, quoted where SQL needs it: `public.users`, as a catalog identity spells it."""
RowValues = dict[str, str | None]
"""The text of each column's value; None is NULL. A column that is missing gets its default."""
KnownRows = Mapping[TableName, Sequence[RowValues]]
"""Stored rows of each table that a foreign key may reference."""


def display_name(table: TableName) -> str:
    """Return the name as reports write it: without the schema public."""
    return table.removeprefix("public.")


class TypeKind(StrEnum):
    """The kind of a type: the values of pg_type.typtype, and arrays as a kind of their own."""

    BASE = "b"
    COMPOSITE = "c"
    DOMAIN = "d"
    ENUM = "e"
    MULTIRANGE = "m"
    PSEUDO = "p"
    RANGE = "r"
    ARRAY = "a"


@dataclass(frozen=True, slots=True)
class Check:
    """One CHECK constraint; the expression of a domain's names its value VALUE."""

    name: str
    expression: str
    columns: tuple[str, ...] = ()
    table: str = ""
    """The partition whose bound this is; empty for a CHECK constraint."""


@dataclass(frozen=True, slots=True)
class TypeInfo:
    """One type, with the types that it consists of."""

    schema: str
    name: str
    kind: TypeKind
    category: str = "U"
    """pg_type.typcategory."""
    modifier: int = -1
    """pg_attribute.atttypmod; -1 for none."""
    formatted: str = ""
    """The output of format_type(), only for types that are not PostgreSQL's own."""
    labels: tuple[str, ...] = ()
    part: TypeInfo | None = None
    """The element of an array, base type of a domain, subtype of a range, range of a multirange."""
    fields: tuple[TypeInfo, ...] = ()
    checks: tuple[Check, ...] = ()
    is_not_null: bool = False

    @property
    def base(self) -> TypeInfo:
        """Return the type below all domains."""
        return self.part.base if self.kind is TypeKind.DOMAIN and self.part else self

    @property
    def domains(self) -> tuple[TypeInfo, ...]:
        """Return the domain, then the domains that it is based on; empty for other types."""
        if self.kind is not TypeKind.DOMAIN or self.part is None:
            return ()
        return (self, *self.part.domains)


class DefaultKind(StrEnum):
    """The kind of a column's default: which values two rows get from it."""

    NONE = "none"
    CONSTANT = "constant"
    VOLATILE = "volatile"
    """The expression calls a function that is not immutable: clock, random values, session."""
    SEQUENCE = "sequence"
    """The next number of a sequence, also that of an identity column."""


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """One column of a table."""

    name: str
    type: TypeInfo
    is_nullable: bool = True
    default: str | None = None
    default_kind: DefaultKind = DefaultKind.NONE
    identity: str = ""
    """pg_attribute.attidentity: "a" for always, "d" for by default, empty for none."""
    is_generated: bool = False
    sequence: str = field(default="", compare=False)
    """The qualified name of the sequence that gives the default; empty for none."""
    attribute_id: tuple[int, int] | None = field(default=None, compare=False)
    """attrelid and attnum, which a rename does not change."""

    @property
    def has_sequence(self) -> bool:
        """Return whether a sequence gives the value, so that a row must not bring its own."""
        return self.default_kind is DefaultKind.SEQUENCE

    @property
    def may_be_null(self) -> bool:
        """Return whether neither the column nor one of its domains is NOT NULL."""
        return self.is_nullable and not any(domain.is_not_null for domain in self.type.domains)


@dataclass(frozen=True, slots=True)
class UniqueKey:
    """One unique index or exclusion constraint."""

    name: str
    columns: tuple[str, ...]
    expressions: str = ""
    """The indexed expressions, separated by commas; empty for none."""
    predicate: str = ""
    """The WHERE clause of a partial index."""
    is_primary: bool = False
    is_exclusion: bool = False
    is_null_distinct: bool = True


@dataclass(frozen=True, slots=True)
class ForeignKeyInfo:
    """One foreign key."""

    name: str
    columns: tuple[str, ...]
    table: TableName
    """The referenced table; for a partition, its topmost table."""
    referenced: tuple[str, ...]
    """The referenced columns, in the order of `columns`."""

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Return (referencing, referenced) for each column."""
        return tuple(zip(self.columns, self.referenced, strict=True))


@dataclass(frozen=True, slots=True)
class TableInfo:
    """One table that is no partition; a partitioned table has the bounds of its partitions."""

    name: TableName
    columns: tuple[ColumnInfo, ...] = ()
    keys: tuple[UniqueKey, ...] = ()
    foreign_keys: tuple[ForeignKeyInfo, ...] = ()
    checks: tuple[Check, ...] = ()
    is_partitioned: bool = False
    partition_columns: tuple[str, ...] = ()
    partition_bounds: tuple[Check, ...] = ()
    """One for each partition that stores rows itself."""
    triggers: tuple[str, ...] = ()
    """Enabled triggers, without PostgreSQL's internal ones."""
    deferred_constraints: tuple[str, ...] = ()
    """Qualified names of the constraints that are INITIALLY DEFERRED."""
    is_rls_forced: bool = False
    """FORCE ROW LEVEL SECURITY is set: the policies apply to the owner, too."""

    def column(self, name: str) -> ColumnInfo | None:
        """Return the column of that name, None where there is none."""
        return next((column for column in self.columns if column.name == name), None)

    @property
    def primary_key(self) -> tuple[str, ...]:
        """Return the columns of the primary key, empty where there is none."""
        return next((key.columns for key in self.keys if key.is_primary), ())

    @property
    def referencing_columns(self) -> frozenset[str]:
        """Return the columns of all foreign keys."""
        return frozenset(name for key in self.foreign_keys for name in key.columns)


@dataclass(frozen=True, slots=True)
class UserTables:
    """All tables that store users' rows, sorted by name.

    Tables of extensions and Alembic's version table are left out.
    """

    tables: tuple[TableInfo, ...] = ()
    partition_roots: tuple[tuple[TableName, TableName], ...] = ()
    """(partition, its topmost table)."""
    _by_name: dict[TableName, TableInfo] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(
        cls,
        tables: Iterable[TableInfo],
        partition_roots: Iterable[tuple[TableName, TableName]] = (),
    ) -> UserTables:
        """Return these tables, sorted by name."""
        ordered = tuple(sorted(tables, key=lambda table: table.name))
        found = {table.name: table for table in ordered}
        links = tuple(sorted(partition_roots))
        found |= {part: found[root] for part, root in links if root in found}
        return cls(ordered, links, found)

    def with_tables(self, changed: UserTables, *, gone: Collection[TableName] = ()) -> UserTables:
        """Return these tables with those of `changed` replaced or added, and without `gone`.

        No foreign key of the remaining tables may reference a table that is gone.
        """
        whole = {table.name for table in changed}
        parts = {part for part, _ in changed.partition_roots}
        tables = {table.name: table for table in (*self.tables, *changed.tables)}
        roots = dict((*self.partition_roots, *changed.partition_roots))
        return UserTables.of(
            (table for name, table in tables.items() if name not in gone and name not in parts),
            (
                (part, root)
                for part, root in roots.items()
                if part not in gone and part not in whole
            ),
        )

    def find(self, name: TableName) -> TableInfo | None:
        """Return the table of that name, or the topmost table of a partition of that name."""
        return self._by_name.get(name)

    def __iter__(self) -> Iterator[TableInfo]:
        return iter(self.tables)
