"""What of an object others can show: where it is the same, what depends on it is told the same.

A definition names relations, columns, types and functions, and chooses what it writes by the types
and collations of columns; where a relation has other columns, a query's column names may have to
be told apart in another way. A constraint tells from which parent it comes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from alembic_proof.catalog.rows import Address, Reading, Row

_SHOWN_OF_COLUMNS = ("type", "collation")

Face = frozenset[tuple[object, ...]]
"""One member for each column, with its number first, and for the object itself, which has 0."""


def faces(reading: Reading, addresses: Iterable[Address]) -> dict[Address, Face]:
    """The faces of the objects among these that the reading knows."""
    found = ((address, frozenset(_of(reading, address))) for address in addresses)
    return {address: face for address, face in found if face}


def reshaped(
    reading: Reading, before: dict[Address, Face], *, written: Iterable[Address]
) -> frozenset[Address]:
    """The objects among those written that look otherwise now, and those that show no face.

    A range's constructors have none: they go with the range, and have names of their own.
    """
    now = faces(reading, written)
    faceless = (one for one in written if one[0] == "pg_proc" and one not in now)
    others = (address for address, face in before.items() if now.get(address) != face)
    return frozenset((*others, *faceless))


def differs_in_columns(before: Face | None, now: Face | None) -> bool:
    """Whether columns came or went, and nothing else looks otherwise."""
    others = (before or frozenset()) ^ (now or frozenset())
    numbers = {one[0] for one in others}
    is_each_one = before is not None and now is not None and len(numbers) == len(others)
    return is_each_one and all(isinstance(number, int) and number > 0 for number in numbers)


def _of(reading: Reading, address: Address) -> Iterator[tuple[object, ...]]:
    """What is shown of the object and of its columns, and whose heir it is."""
    catalog, oid, _ = address
    if catalog == "pg_class" and (parents := reading.inherited.get(oid)):
        yield tuple(parents)
    for one in reading.at.get(oid, ()):
        if one[0] == catalog and (row := reading.rows.get(one)) is not None:
            yield (one[2], row.kind, row.name, row.links, *_shown(row))


def _shown(row: Row) -> Iterator[object]:
    catalog, _, sub = row.address
    if catalog == "pg_type":
        yield from sorted(row.facts.items())
    elif sub:
        yield from (row.facts.get(name) for name in _SHOWN_OF_COLUMNS)
