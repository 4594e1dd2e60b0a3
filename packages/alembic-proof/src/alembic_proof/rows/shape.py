"""What a row of each table has to satisfy, as frozen values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

TableName = NewType("TableName", str)
"""Schema and name, quoted where needed: `public.users`, as the catalog's identity spells it."""


def shown(table: TableName) -> str:
    """The name as a report spells it: the schema public is left out."""
    return table.removeprefix("public.")


class Family(StrEnum):
    """What kind of type it is: pg_type.typtype, arrays told apart."""

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
    """One CHECK; a domain's expression speaks of VALUE."""

    name: str
    expression: str
    columns: tuple[str, ...] = ()
    table: str = ""
    """The table that a partition's bound belongs to; "" for a check."""


@dataclass(frozen=True, slots=True)
class TypeShape:
    """A column's type, taken apart down to what PostgreSQL itself defines."""

    schema: str
    name: str
    family: Family
    category: str = "U"
    """pg_type.typcategory."""
    modifier: int = -1
    """pg_attribute.atttypmod; -1 for none."""
    spelled: str = ""
    """PostgreSQL's own spelling with its modifier, for types that PostgreSQL does not bring along."""
    labels: tuple[str, ...] = ()
    part: TypeShape | None = None
    """An array's element, a domain's base, a range's subtype, a multirange's range."""
    fields: tuple[TypeShape, ...] = ()
    checks: tuple[Check, ...] = ()
    is_not_null: bool = False

    @property
    def base(self) -> TypeShape:
        """The type below all domains."""
        return self.part.base if self.family is Family.DOMAIN and self.part else self

    @property
    def domains(self) -> tuple[TypeShape, ...]:
        """The domain and those that it is made from."""
        if self.family is not Family.DOMAIN or self.part is None:
            return ()
        return (self, *self.part.domains)


class DefaultKind(StrEnum):
    """What a column's default gives to two rows."""

    NONE = "none"
    CONSTANT = "constant"
    ANEW = "anew"
    """Another value each time: clock, random, session."""
    SEQUENCE = "sequence"
    """The next number; an identity column as well."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column that a row may have a value for."""

    name: str
    type: TypeShape
    is_nullable: bool = True
    default: str | None = None
    default_kind: DefaultKind = DefaultKind.NONE
    identity: str = ""
    """"" for none, "a" for always, "d" for by default."""
    is_generated: bool = False
    sequence: str = field(default="", compare=False)
    """The sequence that gives its default, named as the table is; "" for none. A row may as well
    have another number."""
    place: tuple[int, int] | None = field(default=None, compare=False)
    """The OID of its table and its number in there, which stay when it gets another name."""

    @property
    def is_numbered(self) -> bool:
        """Whether a sequence gives the value; a row that brings its own would collide later."""
        return self.default_kind is DefaultKind.SEQUENCE

    @property
    def may_be_null(self) -> bool:
        """Whether neither the column nor its domains refuse NULL."""
        return self.is_nullable and not any(domain.is_not_null for domain in self.type.domains)


@dataclass(frozen=True, slots=True)
class Key:
    """One unique index or exclusion constraint: rows differ here."""

    name: str
    columns: tuple[str, ...]
    expressions: str = ""
    """The indexed expressions, comma-separated; "" for none."""
    predicate: str = ""
    """A partial index's condition."""
    is_primary: bool = False
    is_exclusion: bool = False
    is_null_distinct: bool = True


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """One reference to another table's rows."""

    name: str
    columns: tuple[str, ...]
    table: TableName
    referenced: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """One table that is no partition; a partitioned one knows its partitions' bounds."""

    name: TableName
    columns: tuple[Column, ...] = ()
    keys: tuple[Key, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    checks: tuple[Check, ...] = ()
    is_partitioned: bool = False
    partition_columns: tuple[str, ...] = ()
    bounds: tuple[Check, ...] = ()
    """One for each partition that holds rows itself."""
    triggers: tuple[str, ...] = ()
    """Enabled triggers that users made."""
    deferred: tuple[str, ...] = ()
    """Qualified names of the constraints that are INITIALLY DEFERRED."""
    is_forced: bool = False
    """FORCE ROW LEVEL SECURITY: the owner is bound by the policies."""

    def column(self, name: str) -> Column | None:
        """The column of that name, None where there is none."""
        return next((column for column in self.columns if column.name == name), None)

    @property
    def primary(self) -> tuple[str, ...]:
        """The primary key's columns, () for none."""
        return next((key.columns for key in self.keys if key.is_primary), ())


@dataclass(frozen=True, slots=True)
class Shapes:
    """All tables that hold user rows, sorted by name; extensions' and Alembic's own left out."""

    tables: tuple[Table, ...] = ()
    roots: tuple[tuple[TableName, TableName], ...] = ()
    """(partition, its topmost table), so that a partition's name finds the table."""
    _by_name: dict[TableName, Table] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(
        cls, tables: Iterable[Table], roots: Iterable[tuple[TableName, TableName]] = ()
    ) -> Shapes:
        """The shapes of these tables, in whatever order they come."""
        ordered = tuple(sorted(tables, key=lambda table: table.name))
        found = {table.name: table for table in ordered}
        links = tuple(sorted(roots))
        found |= {part: found[root] for part, root in links if root in found}
        return cls(ordered, links, found)

    def replaced(self, fresh: Shapes, *, gone: Collection[TableName] = ()) -> Shapes:
        """These shapes with the tables of `fresh` as they are there, and without those that are gone.

        Foreign keys of other tables to a table that is gone have to be gone as well.
        """
        whole = {table.name for table in fresh}
        parts = {part for part, _ in fresh.roots}
        tables = {table.name: table for table in (*self.tables, *fresh.tables)}
        roots = dict((*self.roots, *fresh.roots))
        return Shapes.of(
            (table for name, table in tables.items() if name not in gone and name not in parts),
            (
                (part, root)
                for part, root in roots.items()
                if part not in gone and part not in whole
            ),
        )

    def find(self, name: TableName) -> Table | None:
        """The table of that name, or whose partition has it; None where there is none."""
        return self._by_name.get(name)

    def __iter__(self) -> Iterator[Table]:
        return iter(self.tables)
