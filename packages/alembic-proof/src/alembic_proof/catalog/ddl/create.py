"""A record -> the statements that make the object and everything that it carries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from alembic_proof.catalog.ddl import attached, columns, spaces, tables, types
from alembic_proof.catalog.ddl.alteration import Alteration
from alembic_proof.catalog.ddl.order import creation_order
from alembic_proof.catalog.ddl.setters import setter_of
from alembic_proof.catalog.model import Catalog, CatalogObject, Key

_Creator = Callable[[CatalogObject, Catalog], str]

_CREATORS: dict[str, _Creator] = {
    "schema": spaces.create_schema,
    "extension": spaces.create_extension,
    "table": tables.create_table,
    "foreign table": tables.create_table,
    "view": tables.create_view,
    "materialized view": tables.create_view,
    "column": lambda record, _catalog: columns.add_column(record),
    "attribute": lambda record, _catalog: columns.add_attribute(record),
    "sequence": types.create_sequence,
    "enum": types.create_enum,
    "domain": types.create_domain,
    "composite type": types.create_composite,
    "range": types.create_range,
    "constraint": attached.create_constraint,
    "index": attached.create_index,
    "trigger": attached.create_defined,
    "rule": attached.create_defined,
    "function": attached.create_defined,
    "procedure": attached.create_defined,
    "statistics": attached.create_defined,
    "policy": attached.create_policy,
    "event trigger": attached.create_event_trigger,
}

_SET_APART = frozenset(
    {
        "owner",
        "comment",
        "enabled",
        "owned by",
        "row security",
        "force row security",
        "replica identity",
        "storage",
        "statistics target",
        "statistics targets",
        "clustered",
    }
)
"""The attributes that no CREATE states; `options` of a column is the one that depends."""

_HOLDS_COLUMNS = frozenset(
    {"table", "foreign table", "view", "materialized view", "composite type"}
)
_OWNER_HAS = {
    **dict.fromkeys(("function", "procedure", "aggregate"), "EXECUTE"),
    **dict.fromkeys(("enum", "domain", "range", "composite type", "type"), "USAGE"),
    **dict.fromkeys(("language", "foreign-data wrapper", "server"), "USAGE"),
    **dict.fromkeys(("table", "view", "materialized view", "foreign table"), "ALL"),
    **dict.fromkeys(("sequence", "schema"), "ALL"),
}
"""What acldefault() gives to an owner.  Source: ddl-priv, "Summary of Access Privileges"."""
_NOT_PUBLIC = frozenset(
    {"foreign-data wrapper", "server", "sequence", "schema"}
    | {"table", "view", "materialized view", "foreign table"}
)


def create_sql(record: CatalogObject, catalog: Catalog) -> str:
    """The CREATE (or ALTER … ADD) statement; empty where none is offered for the kind."""
    creator = _CREATORS.get(record.kind)
    return "" if creator is None else creator(record, catalog)


def build_sql(record: CatalogObject, catalog: Catalog) -> tuple[str, ...]:
    """Everything that makes the object as `catalog` has it, what it carries included."""
    return tuple(_Builder.of(catalog).build(record))


@dataclass(frozen=True, slots=True)
class _Builder:
    """A catalog with what is asked of it again and again."""

    catalog: Catalog
    carried: Mapping[Key, tuple[CatalogObject, ...]]
    """The objects by the nearest of their parents, in the order in which they are made."""
    usual_owner: str | None
    """Who owns most objects: whoever runs the statements, so that nobody need be told."""

    @classmethod
    def of(cls, catalog: Catalog) -> _Builder:
        carried: dict[Key, list[CatalogObject]] = {}
        for record in sorted(catalog.objects, key=lambda one: creation_order(one.kind)):
            if record.parents:
                carried.setdefault(record.parents[-1], []).append(record)
        owners = Counter(
            owner for record in catalog.objects if (owner := record.fact("owner")) is not None
        )
        return cls(
            catalog,
            {key: tuple(records) for key, records in carried.items()},
            owners.most_common(1)[0][0] if owners else None,
        )

    def build(self, record: CatalogObject) -> Iterator[str]:
        """The object, then what it carries, each with what its CREATE leaves unsaid."""
        carried = self.carried.get(record.key, ())
        if record.kind in _HOLDS_COLUMNS:
            columns_ = [child for child in carried if child.kind in ("column", "attribute")]
            yield from self._sequences(columns_)
            yield from self._itself(record)
            for column in columns_:
                yield from self._attributes(column)
                yield from self._after_column(column)
            carried = tuple(child for child in carried if child not in columns_)
        elif record.kind == "column":
            yield from self._sequences([record])
            yield from self._itself(record)
            yield from self._after_column(record)
            return
        else:
            yield from self._itself(record)
        for child in carried:
            yield from self._attributes(child) if _follows(child) else self.build(child)

    def _itself(self, record: CatalogObject) -> Iterator[str]:
        if not record.is_implicit:
            yield create_sql(record, self.catalog)
        yield from self._attributes(record)

    def _sequences(self, columns_: list[CatalogObject]) -> Iterator[str]:
        """What the defaults of the columns draw from, before the columns are there."""
        for column in columns_:
            for sequence in self.carried.get(column.key, ()):
                if not sequence.is_implicit:
                    yield create_sql(sequence, self.catalog)

    def _after_column(self, column: CatalogObject) -> Iterator[str]:
        for sequence in self.carried.get(column.key, ()):
            yield from self._attributes(sequence)

    def _attributes(self, record: CatalogObject) -> Iterator[str]:
        """What CREATE leaves unsaid."""
        given = self._given(record)
        found = {name: value for name, value in record.facts if _is_apart(name, record)}
        for attribute in sorted(given.keys() | found.keys(), key=_owner_first):
            before, after = given.get(attribute), found.get(attribute)
            setter = setter_of(record.kind, attribute)
            if before == after or setter is None:
                continue
            yield from setter(
                Alteration(
                    record=record,
                    catalog=self.catalog,
                    attribute=attribute,
                    before=before,
                    after=after,
                )
            )

    def _given(self, record: CatalogObject) -> dict[str, str]:
        """What an object has when CREATE is done."""
        if record.kind not in _OWNER_HAS:
            return {}
        if record.is_implicit and not any(name.startswith("grant") for name, _ in record.facts):
            return {}
        given = {"grant to (owner)": _OWNER_HAS[record.kind]}
        if record.kind not in _NOT_PUBLIC:
            given["grant to PUBLIC"] = _OWNER_HAS[record.kind]
        if self.usual_owner is not None and record.fact("owner") is not None:
            given["owner"] = self.usual_owner
        return given


def _follows(record: CatalogObject) -> bool:
    """Made by the command that made what it follows: a partition's index, an inherited check."""
    return record.origin is not None and not record.is_implicit and record.kind != "table"


def _owner_first(attribute: str) -> tuple[bool, str]:
    return attribute != "owner", attribute


def _is_apart(name: str, record: CatalogObject) -> bool:
    if name == "options":
        return record.kind == "column" or record.is_implicit
    return name in _SET_APART or name.startswith("grant to ")
