"""A reading that is kept, and mended where the server says that it was touched; no I/O."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from operator import attrgetter

from alembic_proof.catalog.assemble import Assembly, without_collection
from alembic_proof.catalog.model import Catalog, CatalogObject
from alembic_proof.catalog.names import Names
from alembic_proof.catalog.queries.live import LIVE
from alembic_proof.catalog.rows import Address, add, parse

_KEY = attrgetter("key")


@dataclass(slots=True, kw_only=True)
class Kept:
    """The rows of the last reading and the records that they made."""

    major: int
    version_table: str
    version_schema: str | None
    names: Names
    records: dict[Address, CatalogObject] = field(default_factory=dict)
    objects: list[CatalogObject] = field(default_factory=list)
    """The records, sorted by key."""

    @classmethod
    def of(cls, text: str, *, major: int, version_table: str, version_schema: str | None) -> Kept:
        """What is kept of a whole reading."""
        with without_collection():
            kept = cls(
                major=major,
                version_table=version_table,
                version_schema=version_schema,
                names=Names(parse(text)),
            )
            kept._assemble(tuple(kept.names.reading.rows))
            kept.objects = sorted(kept.records.values(), key=_KEY)
        return kept

    def catalog(self) -> Catalog:
        """The catalog as it is known now."""
        return Catalog(tuple(self.objects), self.major)

    def drop(self, addresses: Iterable[Address]) -> None:
        """Forget the objects at these addresses and their columns."""
        at = self.names.reading.at
        wanted = {(catalog, oid) for catalog, oid, _ in addresses}
        self._replace(
            [one for _, oid in wanted for one in at.get(oid, ()) if one[:2] in wanted], text="[]"
        )

    def renew(self, oids: Iterable[int], *, catalogs: Collection[str], text: str) -> None:
        """Replace what is known of the objects with these OIDs in these catalogs."""
        at = self.names.reading.at
        self._replace(
            [one for oid in oids for one in at.get(oid, ()) if one[0] in catalogs], text=text
        )

    def renew_small(self, text: str) -> None:
        """Replace what is known of the small catalogs."""
        known = (one for some in self.names.reading.at.values() for one in some)
        self._replace(
            [one for one in known if one[0] not in LIVE and one[0] != "pg_init_privs"], text=text
        )

    def _replace(self, old: list[Address], *, text: str) -> None:
        reading = self.names.reading
        told = {*old, *self._of_columns(old)}
        reading.forget(old)
        told.update(add(reading, text))
        told.update(self._of_columns(told))
        before = {address: self.records.pop(address, None) for address in told}
        for address in told:
            self.names.known.pop(address, None)
        self._assemble(told)
        for address, record in before.items():
            self._sort_in(address, record)

    def _of_columns(self, addresses: Iterable[Address]) -> list[Address]:
        """What tells the order of the columns at these addresses."""
        rows = self.names.reading.rows
        return [rows[one].links[0][1] for one in addresses if one[2] and one in rows]

    def _assemble(self, addresses: Iterable[Address]) -> None:
        """Make the records of what is told at these addresses."""
        rows = self.names.reading.rows
        self.names.leave_out(self.version_table, schema=self.version_schema, among=addresses)
        assembly = Assembly(self.names, self.major)
        for address in addresses:
            row = rows.get(address)
            if row is not None and (record := assembly.object(row)) is not None:
                self.records[address] = record

    def _sort_in(self, address: Address, before: CatalogObject | None) -> None:
        """Ensure that the new record takes the old one's place; an equal old one stays."""
        record = self.records.get(address)
        if before is not None and record == before:
            self.records[address] = before
            return
        if before is not None:
            place = bisect_left(self.objects, before.key, key=_KEY)
            while self.objects[place] is not before:
                place += 1
            del self.objects[place]
        if record is not None:
            insort(self.objects, record, key=_KEY)
