"""Renames: which dropped and added objects may be one, and what gives one the other's name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from alembic_proof.authoring.actions import Action
from alembic_proof.authoring.ddl import rename_sql, rename_value_sql
from alembic_proof.authoring.ddl.reference import own_name, sequence_of
from alembic_proof.authoring.type_casts import TypeCasts
from alembic_proof.catalog import Catalog, CatalogObject, Change, Key, diff
from alembic_proof.catalog.renamed import name_and_arguments, split_renamed
from alembic_proof.sql import plain_literals, split_qualified_name, unquote_literal

_WORD = re.compile(r"[\w-]+")
_SEQUENCE_NAME = re.compile(r"(?<=SEQUENCE NAME )(?:\"(?:[^\"]|\"\")*\"|[^\" )])+")
_PREFIXES = {
    "column": "",
    "foreign table": "table:",
    "materialized view": "view:",
    "procedure": "function:",
    "aggregate": "function:",
    "enum": "type:",
    "domain": "type:",
    "composite type": "type:",
}
"""The prefixes of a flag, where they are not the kind itself."""


@dataclass(frozen=True, slots=True)
class Rename:
    """An object of the history, or one value of an enum, that the models have under another name."""

    before: CatalogObject
    after: CatalogObject
    values: tuple[str, str] | None = None
    """The old and the new label as literals, if a value of the enum is renamed."""
    makes_schema: bool = False
    """Whether the new schema has to be created before."""
    leaves_schema: bool = False
    """Whether the old schema is dropped afterwards."""

    @property
    def statements(self) -> tuple[str, ...]:
        """The statements, in order.

        Source: the ALTER commands' RENAME and SET SCHEMA in PostgreSQL's manual.

        Locks: ACCESS EXCLUSIVE on the table of a table, column, constraint, trigger or policy,
        SHARE UPDATE EXCLUSIVE on an index; briefly, because nothing is read or written.
        """
        if self.values is not None:
            return (rename_value_sql(self.before, *self.values),)
        schema, old_schema = (
            split_qualified_name(one.identity)[0] for one in (self.after, self.before)
        )
        return (
            *((f"CREATE SCHEMA {schema}",) if self.makes_schema else ()),
            *rename_sql(self.before, self.after),
            *((f"DROP SCHEMA {old_schema}",) if self.leaves_schema else ()),
        )

    @property
    def action(self) -> Action:
        """The step of a plan that executes it."""
        return Action(
            verb="rename",
            record=self.after,
            old=self.before,
            attributes=(f"{self.values[0]} to {self.values[1]}",) if self.values else (),
            statements=self.statements,
        )

    @property
    def reversed(self) -> Rename:
        """The rename that takes this one back."""
        return Rename(
            self.after,
            self.before,
            (self.values[1], self.values[0]) if self.values else None,
            makes_schema=self.leaves_schema,
            leaves_schema=self.makes_schema,
        )

    @property
    def old(self) -> tuple[Key, str]:
        """The object in the history, and the old label."""
        return self.before.key, self.values[0] if self.values else ""

    @property
    def new(self) -> tuple[Key, str]:
        """The object in the models, and the new label."""
        return self.after.key, self.values[1] if self.values else ""

    @property
    def names(self) -> tuple[str, str]:
        """Both names as a person writes them: `users.nick` and `users.nickname`."""
        before, after = (short_name(one) for one in (self.before, self.after))
        if self.values is None:
            return before, after
        return f"{before}.{_label(self.values[0])}", f"{after}.{_label(self.values[1])}"

    @property
    def request(self) -> str:
        """The rename as a person names it: `users.nick=nickname`."""
        old, new = self.names
        if self.values is not None:
            return f"enum:{old}={_label(self.values[1])}"
        prefix = _PREFIXES.get(self.before.kind, f"{self.before.kind}:")
        is_in_place = self.before.parents == self.after.parents
        return f"{prefix}{old}={own_name_of(self.after) if is_in_place else new}"

    @property
    def similarity(self) -> float:
        """Return how much the names have in common, from 0 to 1."""
        old, new = (name.rpartition(".")[2] for name in self.names)
        return SequenceMatcher(None, old, new).ratio()


def short_name(record: CatalogObject) -> str:
    """Return the qualified name as a person writes it, without the schema public."""
    return name_and_arguments(record)[0].removeprefix("public.")


def own_name_of(record: CatalogObject) -> str:
    """Return the name alone, quoted where necessary, without the arguments of a function."""
    return split_qualified_name(name_and_arguments(record)[0])[-1]


def _label(literal: str) -> str:
    """Return an enum's label as a flag writes it: in quotes unless it is a plain word."""
    label = unquote_literal(literal)
    return label if _WORD.fullmatch(label) else literal


def conventional_renames(before: Catalog, after: Catalog) -> tuple[Rename, ...]:
    """Return the renames that lose nothing either way: whatever is equal but for its name.

    Indexes, constraints, triggers, functions, views, types and the sequences of columns hold no rows
    of their own, so nobody needs to be asked.
    """
    changes = diff(before, after)
    renamed, _ = split_renamed(changes, before=before, after=after)
    identities = _renamed_sequences(changes, before=before, after=after)
    return (*(Rename(one.before, one.after) for one in renamed), *identities)


def _renamed_sequences(
    changes: Iterable[Change], *, before: Catalog, after: Catalog
) -> Iterator[Rename]:
    """Yield the identities whose sequences differ in their names alone."""
    for change in changes:
        old, new = before.find(change.key), after.find(change.key)
        if change.kind != "identity" or change.attribute != "definition" or not (old and new):
            continue
        texts = {_SEQUENCE_NAME.sub("…", one.fact("definition") or "") for one in (old, new)}
        schemas = {split_qualified_name(sequence_of(one))[0] for one in (old, new)}
        if len(texts) == len(schemas) == 1:
            yield Rename(old, new)


def types_to_compare(before: Catalog, after: Catalog) -> frozenset[str]:
    """Return the types of the columns that may be renamed; empty if there are none."""
    missing, unexpected = _presences(diff(before, after), before=before, after=after)
    pairs = _pairs_of_parts(missing, unexpected)
    return frozenset(one.fact("type") or "" for pair in pairs for one in pair)


def possible_renames(before: Catalog, after: Catalog, types: TypeCasts) -> tuple[Rename, ...]:
    """Return each pair of a dropped and an added object that may be one and holds rows or values.

    These are schemas, tables of like columns, columns of one table and attributes of one type whose
    types are alike, sequences with equal parameters, and values of an enum. An object may be in
    several pairs; those with similar names come first within a kind.

    :param before: The history's catalog.
    :param after: The models' catalog.
    :param types: The types of `types_to_compare`.
    """
    changes = diff(before, after)
    missing, unexpected = _presences(changes, before=before, after=after)
    found = (
        *_possible_schemas(missing, unexpected, before=before, after=after),
        *_possible_tables(missing, unexpected, before=before, after=after),
        *(
            Rename(old, new)
            for old, new in _pairs_of_parts(missing, unexpected)
            if types.is_alike(old.fact("type") or "", new.fact("type") or "")
        ),
        *_possible_sequences(missing, unexpected),
        *_possible_values(changes, before=before, after=after),
    )
    kinds = list(dict.fromkeys(one.before.kind for one in found))
    return tuple(sorted(found, key=lambda one: (kinds.index(one.before.kind), -one.similarity)))


_Objects = tuple[CatalogObject, ...]


def _presences(
    changes: Iterable[Change], *, before: Catalog, after: Catalog
) -> tuple[_Objects, _Objects]:
    """Return the objects that only the first catalog has, and those that only the second one has."""
    listed = tuple(changes)
    missing = (before.find(one.key) for one in listed if one.is_missing)
    unexpected = (after.find(one.key) for one in listed if one.is_unexpected)
    return tuple(one for one in missing if one), tuple(one for one in unexpected if one)


def _possible_schemas(
    missing: _Objects, unexpected: _Objects, *, before: Catalog, after: Catalog
) -> Iterator[Rename]:
    """Yield the pairs of schemas with a table of the same name."""
    for old, new in _pairs(missing, unexpected, kinds=("schema",)):
        tables = (
            {own_name(one) for one in catalog.children(schema.key) if one.kind == "table"}
            for catalog, schema in ((before, old), (after, new))
        )
        if set.intersection(*tables):
            yield Rename(old, new)


def _possible_tables(
    missing: _Objects, unexpected: _Objects, *, before: Catalog, after: Catalog
) -> Iterator[Rename]:
    """Yield the pairs of tables that have more than half of their columns in common."""
    for old, new in _pairs(missing, unexpected, kinds=("table", "foreign table")):
        columns, others = _columns(old, before), _columns(new, after)
        common = columns & others
        if 2 * len(common) > max(len(columns), len(others)):
            yield Rename(old, new)


def _columns(table: CatalogObject, catalog: Catalog) -> frozenset[tuple[str, str]]:
    """Return the names and types of the table's columns."""
    return frozenset(
        (own_name(one), one.fact("type") or "")
        for one in catalog.children(table.key)
        if one.kind == "column"
    )


def _pairs_of_parts(
    missing: _Objects, unexpected: _Objects
) -> Iterator[tuple[CatalogObject, CatalogObject]]:
    """Yield the pairs of columns of one table, and of attributes of one type, that hold values."""
    for old, new in _pairs(missing, unexpected, kinds=("column", "attribute")):
        is_computed = any(one.fact("generated") is not None for one in (old, new))
        if old.parents == new.parents and not is_computed:
            yield old, new


def _possible_sequences(missing: _Objects, unexpected: _Objects) -> Iterator[Rename]:
    """Yield the pairs of sequences that no column owns and that count alike."""
    for old, new in _pairs(missing, unexpected, kinds=("sequence",)):
        is_owned = any(one.fact("owned by") is not None for one in (old, new))
        texts = {
            tuple(
                (name, text) for name, text in one.facts if not name.startswith(("owner", "grant"))
            )
            for one in (old, new)
        }
        if not is_owned and len(texts) == 1:
            yield Rename(old, new)


def _pairs(
    missing: _Objects, unexpected: _Objects, *, kinds: tuple[str, ...]
) -> Iterator[tuple[CatalogObject, CatalogObject]]:
    for old in missing:
        if old.kind in kinds:
            yield from ((old, new) for new in unexpected if new.kind == old.kind)


def _possible_values(
    changes: Iterable[Change], *, before: Catalog, after: Catalog
) -> Iterator[Rename]:
    """Yield the values that replace others at the same place of an enum."""
    for change in changes:
        old, new = before.find(change.key), after.find(change.key)
        if change.kind != "enum" or change.attribute != "values" or not (old and new):
            continue
        for pair in _replaced(enum_labels(old), enum_labels(new)):
            yield Rename(old, new, pair)


def _replaced(old: list[str], new: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the labels that stand where others stood, between the same neighbours."""
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for tag, start, end, other_start, other_end in matcher.get_opcodes():
        if tag == "replace":
            for one, other in zip(old[start:end], new[other_start:other_end], strict=False):
                if one not in new and other not in old:
                    yield one, other


def enum_labels(enum: CatalogObject) -> list[str]:
    """Return the labels of an enum as literals, in order."""
    return plain_literals(enum.fact("values"))
