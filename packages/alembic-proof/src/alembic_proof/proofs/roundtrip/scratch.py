"""A scratch database of the round trip, and what is known of it between two steps."""

from __future__ import annotations

from dataclasses import dataclass, field

from alembic_deploy.errors import DatabaseError
from alembic_proof.catalog import Catalog, CatalogReader
from alembic_proof.history.revisions import ChainRevision, heads_of
from alembic_proof.history.steps import WalkContext, commit_outer_transaction
from alembic_proof.proofs.roundtrip.observation import State
from alembic_proof.proofs.roundtrip.offending_rows import OffendingRows
from alembic_proof.proofs.roundtrip.row_plan import UnmatchedNames
from alembic_proof.proofs.roundtrip.session_leaks import (
    LeakedSetting,
    discard_temporary_tables,
    restore_settings,
    restore_settings_after_error,
    restore_settings_in_transaction,
)
from alembic_proof.proofs.roundtrip.synthetic_rows import SyntheticRows, remove_duplicates
from alembic_proof.rows import Digests, FillReport, UserTables
from alembic_proof.rows.duplicates import DuplicateRows

_ROUTINES = frozenset({"function", "procedure"})


@dataclass(frozen=True, slots=True)
class RowsToRemove:
    """Rows that a revision failed on: it runs again without them."""

    offending_rows: OffendingRows = OffendingRows()  # noqa: RUF009  # frozen
    duplicates: tuple[DuplicateRows, ...] = ()


@dataclass(slots=True)
class Database:
    """A scratch database, with the history that is applied to it and the rows in it."""

    url: str
    synthetic_rows: SyntheticRows
    unmatched: UnmatchedNames
    applied: list[str] = field(default_factory=list)
    """The revisions that are applied, in order."""
    catalog: Catalog | None = None
    """The catalog now; None if it was not read since the last step."""
    reads_changes_only: bool = True
    """Whether the catalog reader reads only what a step has changed."""
    is_fresh: bool = True
    """Whether no step has run in it."""
    is_usable: bool = True
    """Whether the walk can go on in it; False after a revision that left it different."""
    is_populated: bool = False
    """Whether synthetic rows are in it, or were."""
    leaked: tuple[LeakedSetting, ...] = ()
    """The session settings that the last step changed; they are reset."""
    below: dict[str, Catalog] = field(default_factory=dict)
    """The catalog before the upgrade of each revision, by id."""
    _recent: tuple[Catalog, ...] = ()
    _reader: CatalogReader | None = None

    def read(self, context: WalkContext) -> Catalog:
        """Read the catalog; after the first time only what has changed. Settings that leaked are reset."""
        if self._reader is None:
            self._reader = CatalogReader(
                version_table=context.version_table,
                version_schema=context.version_schema,
                is_incremental=self.reads_changes_only,
            )
        try:
            catalog = self._reader.read(context.connection)
        except DatabaseError:
            self.leaked = restore_settings_after_error(context.connection)
            if not self.leaked:
                raise
            return self._reader.read(context.connection)
        values = self._reader.session_settings
        self.leaked = (
            restore_settings_in_transaction(context.connection)
            if values is None
            else restore_settings(context.connection, values)
        )
        if self._reader.has_temporary_objects:
            discard_temporary_tables(context.connection)
        return catalog

    def is_as_known(self, context: WalkContext, chain: tuple[ChainRevision, ...]) -> bool:
        """Return whether a database that was used before still is as it was left.

        A step that fails leaves what it has committed, in catalog and rows.
        """
        if self.is_fresh:
            return True
        self.synthetic_rows.cache.forget_counts()
        is_there = frozenset(context.heads) == heads_of(chain, self.applied)
        is_known = is_there and self.catalog is not None and self.catalog == self.read(context)
        return is_known and not (self.has_known_rows and self.synthetic_rows.have_changed(context))

    def new_columns(self, revision: ChainRevision) -> frozenset[str]:
        """Return the columns that the revisions directly before have added to existing tables.

        They are qualified and quoted, and exist when the revision itself begins.
        """
        now = self.below.get(revision.revision_id, Catalog())
        return frozenset(
            column.identity
            for before in (self.below[need] for need in revision.needs if need in self.below)
            for column in now.of_kind("column")
            if before.find(column.key) is None
            and any(before.find(parent) is not None for parent in column.parents)
        )

    def skip_observation(self) -> None:
        """Forget the catalog: a revision is applied that is not observed."""
        self.catalog = None
        self.synthetic_rows.needs_rescan = True

    def verify(self, context: WalkContext) -> None:
        """Check that reading only what has changed has missed nothing.

        :raises DatabaseError: it has.
        """
        if self._reader is not None:
            self._reader.verify(context.connection)

    def look(self, context: WalkContext) -> Catalog:
        """Read the catalog; one that equals a recent catalog is returned as the same value."""
        catalog = self.read(context)
        self.catalog = next((known for known in self._recent if known == catalog), catalog)
        self.unmatched.observe(self.catalog)
        self._recent = (self.catalog, *(c for c in self._recent if c is not self.catalog))[:3]
        return self.catalog

    def state(self, context: WalkContext, *, has_rows: bool) -> State:
        """Return the database as it is observed between two steps."""
        catalog = self.catalog or self.look(context)
        if not has_rows:
            self.synthetic_rows.needs_rescan = True
            return State(catalog, Digests(), self.synthetic_rows.user_tables)
        self.synthetic_rows.follow(context, catalog)
        rows = self.synthetic_rows.read(context)
        return State(catalog, rows, self.synthetic_rows.user_tables)

    def fill(self, context: WalkContext) -> FillReport:
        """Insert rows into new and changed tables."""
        self.synthetic_rows.follow(context, self.catalog or self.look(context))
        self.is_populated = True
        report = self.synthetic_rows.fill(context)
        self.end_writing(context)
        return report

    def insert_newly_valid(self, context: WalkContext, older: UserTables) -> FillReport:
        """Insert rows that the older tables did not permit."""
        report = self.synthetic_rows.insert_newly_valid(context, older)
        self.end_writing(context)
        return report

    def end_writing(self, context: WalkContext) -> None:
        """Commit inserted rows, so that a revision meets them as committed ones.

        The catalog is read again where a function, called by a trigger or a default, may have changed it.
        """
        commit_outer_transaction(context.connection)
        if self.catalog is not None and any(o.kind in _ROUTINES for o in self.catalog.objects):
            self.synthetic_rows.follow(context, self.look(context))

    def remove_rows(self, context: WalkContext, removal: RowsToRemove) -> bool:
        """Remove rows that a revision failed on; return whether all of them are gone."""
        rows, offending = self.synthetic_rows, removal.offending_rows
        is_removed = offending.table is None or rows.remove_rows(
            context, offending.table, condition=offending.condition
        )
        if is_removed and removal.duplicates:
            is_removed = remove_duplicates(rows, context, removal.duplicates)
        if removal != RowsToRemove():
            self.end_writing(context)
        return is_removed

    def has_unseen_changes(self, context: WalkContext) -> bool:
        """Return whether rows differ from the digests, where these are known."""
        return self.has_known_rows and self.synthetic_rows.have_unseen_changes(context)

    @property
    def has_known_rows(self) -> bool:
        """Whether the rows were read together with the catalog."""
        return self.catalog is not None and self.catalog is self.synthetic_rows.catalog
