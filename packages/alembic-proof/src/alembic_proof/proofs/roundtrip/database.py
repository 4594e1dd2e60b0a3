"""A scratch database, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from alembic_proof.catalog import Catalog, CatalogReader
from alembic_proof.errors import DatabaseError
from alembic_proof.history.chain import ChainRevision, heads_of
from alembic_proof.history.walk import Ground, commit_outer_transaction
from alembic_proof.proofs.roundtrip.culprit import Culprit
from alembic_proof.proofs.roundtrip.duplicates import take_duplicates_back
from alembic_proof.proofs.roundtrip.left import (
    LeftSetting,
    discard_temporary,
    take_back,
    take_back_unread,
    take_back_untold,
)
from alembic_proof.proofs.roundtrip.population import Population
from alembic_proof.proofs.roundtrip.unmet import Unmet
from alembic_proof.rows import Digests, FillReport, Shapes
from alembic_proof.rows.twins import Twins

_ROUTINES = frozenset({"function", "procedure"})


@dataclass(frozen=True, slots=True)
class State:
    """What a database is at one moment of the walk."""

    catalog: Catalog
    rows: Digests
    """Empty where rows are not looked at."""


@dataclass(slots=True)
class Database:
    """Where the walk is, and what it knows of that place."""

    url: str
    population: Population
    unmet: Unmet
    applied: list[str] = field(default_factory=list)
    catalog: Catalog | None = None
    """What it holds; None where that was not read."""
    is_followed: bool = True
    """Whether readings follow what was touched."""
    is_fresh: bool = True
    is_populated: bool = False
    """Whether rows of ours are in it, or were."""
    in_the_way: Culprit | None = None
    """The rows that a revision does not cope with: it is tried again without them."""
    left: tuple[LeftSetting, ...] = ()
    """What was otherwise in the session at the last look, and was put back."""
    twins: tuple[Twins, ...] = ()
    """Rows that a revision does not cope with: they are taken back before it is applied."""
    below: dict[str, Catalog] = field(default_factory=dict)
    """What revisions met: their ids, and the catalog before their upgrade."""
    _recent: tuple[Catalog, ...] = ()
    _reader: CatalogReader | None = None

    def read(self, ground: Ground) -> Catalog:
        """The catalog as it is now; after the first time only what was touched is read."""
        if self._reader is None:
            self._reader = CatalogReader(
                version_table=ground.version_table,
                version_schema=ground.version_schema,
                is_following=self.is_followed,
            )
        try:
            catalog = self._reader.read(ground.connection)
        except DatabaseError:
            self.left = take_back_unread(ground.connection)
            if not self.left:
                raise
            return self._reader.read(ground.connection)
        values = self._reader.lasting
        self.left = (
            take_back_untold(ground.connection)
            if values is None
            else take_back(ground.connection, values)
        )
        if self._reader.has_temporary:
            discard_temporary(ground.connection)
        return catalog

    def is_as_known(self, ground: Ground, chain: tuple[ChainRevision, ...]) -> bool:
        """Whether a database that was worked on before is what that work left.

        A step that fails leaves what it has committed before, in rows as well.
        """
        if self.is_fresh:
            return True
        self.population.held.forget_counts()
        is_there = frozenset(ground.heads) == heads_of(chain, self.applied)
        is_known = is_there and self.catalog is not None and self.catalog == self.read(ground)
        return is_known and not (self.has_known_rows and self.population.has_moved(ground))

    def new_columns(self, revision: ChainRevision) -> frozenset[str]:
        """Return the columns that the revisions directly before have added to tables of others.

        They are qualified and quoted, and there when the revision itself begins.
        """
        now = self.below.get(revision.revision_id, Catalog())
        return frozenset(
            column.identity
            for before in (self.below[need] for need in revision.needs if need in self.below)
            for column in now.of_kind("column")
            if before.find(column.key) is None
            and any(before.find(parent) is not None for parent in column.parents)
        )

    def pass_by(self) -> None:
        """Ensures that a revision may be applied without being looked at."""
        self.catalog = None
        self.population.is_passed = True

    def verify(self, ground: Ground) -> None:
        """Ensures that the readings that followed what was touched have missed nothing.

        Raises:
            DatabaseError: they have.
        """
        if self._reader is not None:
            self._reader.verify(ground.connection)

    def look(self, ground: Ground) -> Catalog:
        """The catalog as it is now; one that was there a step or two before is the same value."""
        catalog = self.read(ground)
        self.catalog = next((known for known in self._recent if known == catalog), catalog)
        self.unmet.meet(self.catalog)
        self._recent = (self.catalog, *(c for c in self._recent if c is not self.catalog))[:3]
        return self.catalog

    def state(self, ground: Ground, *, has_rows: bool) -> State:
        """What it is now, as far as it is to be looked at; the catalog is known already."""
        catalog = self.catalog or self.look(ground)
        if not has_rows:
            self.population.is_passed = True
            return State(catalog, Digests())
        self.population.follow(ground, catalog)
        return State(catalog, self.population.read(ground))

    def fill(self, ground: Ground) -> FillReport:
        """Ensures that new and changed tables have fresh rows."""
        self.population.follow(ground, self.catalog or self.look(ground))
        self.is_populated = True
        report = self.population.fill(ground)
        self.end_writing(ground)
        return report

    def allow(self, ground: Ground, older: Shapes) -> FillReport:
        """Ensures that there are rows that the older shapes did not allow."""
        report = self.population.allow(ground, older)
        self.end_writing(ground)
        return report

    def end_writing(self, ground: Ground) -> None:
        """Have rows of ours be what a revision meets: committed, and no change of the catalog.

        Triggers, rules, defaults and checks change one through functions alone.
        """
        commit_outer_transaction(ground.connection)
        if self.catalog is not None and any(o.kind in _ROUTINES for o in self.catalog.objects):
            self.population.follow(ground, self.look(ground))

    def make_way(self, ground: Ground) -> bool:
        """Whether the rows that are in the way, if any, could be taken away."""
        culprit, self.in_the_way = self.in_the_way, None
        twins, self.twins = self.twins, ()
        is_done = (
            culprit is None
            or culprit.table is None
            or self.population.take_away(ground, culprit.table, condition=culprit.condition)
        ) and (not twins or take_duplicates_back(self.population, ground, twins))
        if culprit is not None or twins:
            self.end_writing(ground)
        return is_done

    def has_missed(self, ground: Ground) -> bool:
        """Whether its rows are not what the readings say; False where they were not followed."""
        return self.has_known_rows and self.population.has_missed(ground)

    @property
    def has_known_rows(self) -> bool:
        """Whether the rows were read when the catalog was."""
        return self.catalog is not None and self.catalog is self.population.catalog
