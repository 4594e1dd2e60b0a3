"""What a reading holds and the server does not have any more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from alembic_proof.catalog.queries.columns import NOT_NULL_COMMENT
from alembic_proof.catalog.queries.frame import FIRST_USER_OID
from alembic_proof.catalog.queries.relations import REPLICA_INDEX
from alembic_proof.catalog.queries.sayings import COMMENTS
from alembic_proof.catalog.rows import Address, Reading


@dataclass(frozen=True, slots=True)
class Lost:
    """What is gone, and what is to be told again for it."""

    objects: frozenset[Address] = frozenset()
    """In the catalogs that are followed row by row."""
    others: frozenset[Address] = frozenset()
    """Objects that something is no longer said of."""
    is_beyond: bool = False
    """Whether it cannot be said of what something is gone."""


def lost(reading: Reading, live: Mapping[str, frozenset[str]]) -> Lost:
    """What is gone of the reading; a catalog that is not in `live` has lost nothing."""
    if not live:
        return Lost()
    # Of a composite type's relation there are only the attributes.
    objects = frozenset(
        (catalog, oid, 0)
        for catalog, oid, _ in reading.rows
        if (there := live.get(catalog)) is not None and str(oid) not in there
    )
    others = {*_uncommented(reading, live), *_disinherited(reading, live)}
    others.update(_replicas(reading, objects))
    return Lost(
        objects=objects,
        others=frozenset(one for one in others if one not in objects),
        is_beyond="pg_description" in live and _has_hidden_comments(reading),
    )


def _uncommented(reading: Reading, live: Mapping[str, frozenset[str]]) -> Iterator[Address]:
    """The objects whose comment is gone."""
    there = live.get("pg_description")
    if there is None:
        return
    for address, said in reading.sayings.items():
        catalog, oid, sub = address
        is_known = COMMENTS.attribute in said and oid >= FIRST_USER_OID
        if is_known and f"{catalog}:{oid}:{sub}" not in there:
            yield (catalog, oid, 0)


def _has_hidden_comments(reading: Reading) -> bool:
    """Whether there are comments that are not said of the object that has them."""
    return any(NOT_NULL_COMMENT.attribute in said for said in reading.sayings.values())


def _disinherited(reading: Reading, live: Mapping[str, frozenset[str]]) -> Iterator[Address]:
    """The tables and indexes of which a parent is gone."""
    there = live.get("pg_inherits")
    if there is None:
        return
    for child, parents in reading.inherited.items():
        if any(f"{child}:{parent}" not in there for _, parent in parents):
            yield ("pg_class", child, 0)


def _replicas(reading: Reading, indexes: Iterable[Address]) -> Iterator[Address]:
    """The tables that name one of these indexes, or may do so, as their replica identity."""
    for address in indexes:
        row = reading.rows.get(address)
        for role, table in row.links if row is not None else ():
            if role == "holder" and REPLICA_INDEX.attribute in reading.sayings.get(table, {}):
                yield table
