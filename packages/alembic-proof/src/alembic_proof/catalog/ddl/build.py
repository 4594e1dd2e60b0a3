"""A record -> all statements that make the object with everything that it carries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from alembic_proof.catalog.ddl.alteration import Alteration
from alembic_proof.catalog.ddl.create import create_sql
from alembic_proof.catalog.ddl.given import given
from alembic_proof.catalog.ddl.order import creation_order
from alembic_proof.catalog.ddl.setters import setter_of
from alembic_proof.catalog.model import Catalog, CatalogObject, Key

_HOLDS_COLUMNS = frozenset(
    {"table", "foreign table", "view", "materialized view", "composite type"}
)
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
        "target",
        "clustered",
    }
)
"""The attributes that no CREATE states; `options` and `tablespace` depend on the kind."""


def build_sql(
    record: CatalogObject, catalog: Catalog, *, standing: Catalog | None = None
) -> tuple[str, ...]:
    """Everything that makes the object as `catalog` has it, what it carries included.

    `standing` is what is there when the statements run; its default privileges count.
    """
    return tuple(_Builder.of(catalog, standing=standing or catalog).build(record))


@dataclass(frozen=True, slots=True)
class _Builder:
    """A catalog with what is asked of it again and again."""

    catalog: Catalog
    standing: Catalog
    carried: Mapping[Key, tuple[CatalogObject, ...]]
    """The objects by the nearest of their parents, in the order in which they are made."""
    usual_owner: str | None
    """Who owns most objects: whoever runs the statements, so that nobody need be told."""

    @classmethod
    def of(cls, catalog: Catalog, *, standing: Catalog) -> _Builder:
        carried: dict[Key, list[CatalogObject]] = {}
        for record in sorted(catalog.objects, key=lambda one: creation_order(one.kind)):
            for holder in _holders(record):
                carried.setdefault(holder, []).append(record)
        owners = Counter(
            owner
            for record in (*catalog.objects, *standing.objects)
            if (owner := record.fact("owner")) is not None
        )
        return cls(
            catalog,
            standing,
            {key: tuple(records) for key, records in carried.items()},
            owners.most_common(1)[0][0] if owners else None,
        )

    def build(self, record: CatalogObject) -> Iterator[str]:
        """The object, then what it carries, each with what its CREATE leaves unsaid."""
        carried = self.carried.get(record.key, ())
        columns = [child for child in carried if child.kind in ("column", "attribute")]
        own = columns if record.kind in _HOLDS_COLUMNS else []
        holders = [record] if record.kind == "column" else own
        yield from self._sequences(holders)
        if not record.is_implicit:
            yield create_sql(record, self.catalog)
        yield from self._unsaid(record)
        for column in own:
            yield from self._unsaid(column)
        for column in holders:
            yield from self._after_column(column)
        if record.kind != "column":
            for child in carried:
                if child not in own and not self._is_too_early(child, under=record):
                    yield from self._unsaid(child) if _follows(child) else self.build(child)

    def _is_too_early(self, child: CatalogObject, *, under: CatalogObject) -> bool:
        """A table is published by the statements of a publication that is yet to be made."""
        if not child.kind.startswith("published") or under.kind == "publication":
            return False
        return any(
            self.standing.find(at) is None for at in child.parents if at.kind == "publication"
        )

    def _sequences(self, columns: list[CatalogObject]) -> Iterator[str]:
        """What the defaults of the columns draw from, before the columns are there."""
        for column in columns:
            for child in self.carried.get(column.key, ()):
                if child.kind == "sequence":
                    yield create_sql(child, self.catalog)

    def _after_column(self, column: CatalogObject) -> Iterator[str]:
        """Its identity, and what is to be said of its sequence."""
        for child in self.carried.get(column.key, ()):
            if child.kind == "identity" and column.origin is None:
                yield create_sql(child, self.catalog)
            yield from self._unsaid(child)

    def _unsaid(self, record: CatalogObject) -> Iterator[str]:
        """What CREATE does not say."""
        before = given(record, by=self.usual_owner, standing=self.standing)
        after = {name: text for name, text in record.facts if _is_apart(name, record)}
        for attribute in sorted(before.keys() | after.keys(), key=_owner_first):
            setter = setter_of(record.kind, attribute)
            if before.get(attribute) == after.get(attribute) or setter is None:
                continue
            yield from setter(
                Alteration(
                    record=record,
                    catalog=self.catalog,
                    attribute=attribute,
                    before=before.get(attribute),
                    after=after.get(attribute),
                )
            )


def _holders(record: CatalogObject) -> tuple[Key, ...]:
    """The nearest parent; of what is published, the publication as well as what it publishes."""
    return record.parents if record.kind.startswith("published") else record.parents[-1:]


def _follows(record: CatalogObject) -> bool:
    """Made by the command that made what it follows: a partition's index, an inherited check."""
    return record.origin is not None and not record.is_implicit and record.kind != "table"


def _owner_first(attribute: str) -> tuple[bool, str]:
    return attribute != "owner", attribute


def _is_apart(name: str, record: CatalogObject) -> bool:
    """Whether CREATE leaves the attribute unsaid."""
    if name == "options":
        return record.kind == "column" or record.is_implicit
    if name == "tablespace":
        return record.kind == "index"
    if name == "default":
        return record.is_implicit
    return name in _SET_APART or name.startswith("grant to ")
