"""The history applied once more as `alembic upgrade heads` applies it, and compared with the walk.

The walk gives every revision a transaction of its own. env.py may use one for all of them, which is
Alembic's default, or one that nobody commits: only a run of its own shows what a deployment does.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator
from dataclasses import dataclass, replace

from sqlalchemy.engine import Connection

from alembic_deploy.connect import run_on
from alembic_deploy.server_message import first_cause, server_message
from alembic_proof.catalog import Catalog, read_catalog
from alembic_proof.finding import Finding
from alembic_proof.history.alembic_config import alembic_config
from alembic_proof.history.project import Project
from alembic_proof.history.revisions import ChainRevision, heads_of, reached
from alembic_proof.history.steps import StepRequest, WalkContext, walk
from alembic_proof.history.upgrade import UpgradeRun, is_rolled_back, try_upgrade, uncommitted
from alembic_proof.proofs.exclusions import CatalogComparison, IgnorePatterns
from alembic_proof.proofs.roundtrip.findings import (
    nothing_committed,
    upgrade_differs,
    upgrade_fails,
)
from alembic_proof.proofs.roundtrip.observation import Observation
from alembic_proof.proofs.roundtrip.row_changes import row_changes
from alembic_proof.proofs.roundtrip.row_plan import RowPlan
from alembic_proof.proofs.roundtrip.synthetic_rows import SyntheticRows
from alembic_proof.sql import Sqlstate

_ONLY_IN_ONE_TRANSACTION = (Sqlstate.OBJECT_IN_USE, Sqlstate.UNSAFE_NEW_ENUM_VALUE_USAGE)
"""SQLSTATEs that another revision in the same transaction causes, also with rows: pending trigger
events, an enum value that is not committed (errcodes-appendix).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A revision whose effects other revisions can use only after a commit.

    It adds a value to an enum type, or writes rows of a table with deferred constraints; the type or the
    table was committed before.
    """

    revision_id: str
    needs: frozenset[str]
    """The enum types that get a value, and the tables that get rows."""
    there: frozenset[str]
    """All enum types and tables that existed before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentRuns:
    """The revisions that are applied once more, and the catalog to compare with."""

    project: Project
    open_database: Callable[[], str]
    chain: tuple[ChainRevision, ...]
    applied: frozenset[str]
    """The revisions that the walk could apply."""
    wanted: Collection[str]
    """The revisions that are proved: findings on others are not reported."""
    failed: frozenset[str]
    """The revisions whose upgrade is known to fail on rows: that is not reported twice."""
    pending: tuple[Pending, ...]
    """In the order in which they were proved."""
    row_plan: RowPlan
    catalog: Catalog | None
    """The catalog at the end of the walk; None where it is not known."""
    patterns: IgnorePatterns

    def go_on(self, url: str, stop: str) -> UpgradeRun:
        """Upgrade a database further: one run up to the stop, and one to the heads."""
        ids = self._ids()
        run = UpgradeRun()
        for end in (ids[: ids.index(stop)], ids):
            run = try_upgrade(alembic_config(self.project, url=url), heads_of(self.chain, end))
            if run.error is not None:
                break
        return run

    def upgrade(self, stops: Collection[str], *, rows_at: str = "") -> tuple[str, UpgradeRun]:
        """Upgrade a fresh database: one run up to each of the stops, and one to the heads.

        :param stops: revisions before which everything is committed.
        :param rows_at: the stop at which rows are inserted as well; empty for none.
        """
        url = self.open_database()
        ids = self._ids()
        run = UpgradeRun()
        for stop in (*sorted(stops, key=ids.index), ""):
            end = ids[: ids.index(stop)] if stop else ids
            run = try_upgrade(alembic_config(self.project, url=url), heads_of(self.chain, end))
            if run.error is not None:
                break
            if stop and stop == rows_at:
                self._fill(url, run)
        return url, run

    def starts(self) -> tuple[Pending, ...]:
        """Return the revisions from whose parents a deployment is tried as well, as few as possible.

        In a run from base a type is as new as its values, and a table has no rows. A start also serves
        every later revision whose types and tables exist there.
        """
        ids, chosen = self._ids(), list[Pending]()
        for one in sorted(self.pending, key=lambda one: ids.index(one.revision_id)):
            is_last = one.revision_id == ids[-1]
            if not is_last and not any(one.needs <= start.there for start in chosen):
                chosen.append(one)
        return tuple(chosen)

    def _ids(self) -> list[str]:
        return [one.revision_id for one in self.chain if one.revision_id in self.applied]

    def _fill(self, url: str, run: UpgradeRun) -> None:
        """Insert rows into all tables, and commit them."""
        synthetic_rows = SyntheticRows(self.row_plan)

        def fill(connection: Connection) -> None:
            context = WalkContext(
                connection=connection,
                heads=run.start if run.heads is None else tuple(sorted(run.heads)),
                version_table=run.version_table,
                version_schema=run.version_schema,
            )
            synthetic_rows.follow(context, _catalog(connection, run))
            synthetic_rows.fill(context)

        if self.row_plan.rows:
            run_on(url, fill)

    def find(self, revision_id: str) -> ChainRevision | None:
        """Return the revision; None for an empty id."""
        return next((one for one in self.chain if one.revision_id == revision_id), None)

    def compare(self, url: str, run: UpgradeRun) -> CatalogComparison:
        """Return the differences of the run from the walk, which had rows in the tables.

        A revision may depend on rows, and create a partition for them: only what also differs from
        revisions that were applied one by one without rows is returned.
        """
        found = _read(url, run)
        if self.catalog is None:
            return CatalogComparison()
        with_rows = self.patterns.compare(self.catalog, found)
        if not with_rows.changes:
            return with_rows
        url = self.open_database()
        failure = walk(alembic_config(self.project, url=url), self._requests)
        if failure is not None:
            return replace(with_rows, changes=())
        without_rows = self.patterns.compare(_read(url, run), found)
        return replace(
            without_rows,
            matched_patterns=with_rows.matched_patterns | without_rows.matched_patterns,
        )

    def _requests(self, context: WalkContext) -> Iterator[StepRequest]:
        there = reached(self.chain, context.heads)
        for one in self.chain:
            if one.revision_id in self.applied and one.revision_id not in there:
                yield StepRequest(one.revision_id, is_upgrade=True, is_in_one_run=True)


def upgrade_heads(
    upgraded: DeploymentRuns,
) -> Generator[Finding, None, frozenset[str]]:
    """Upgrade fresh databases, from base and from where a deployment may start, and yield the findings.

    :return: the patterns that matched a change.
    """
    if not upgraded.applied:
        return frozenset()
    reported = set(upgraded.failed)
    url, run = yield from _from_base(upgraded, reported)
    if run.error is not None:
        return frozenset()
    if missing := uncommitted(run, url=url):
        yield nothing_committed(run, missing)
        return frozenset()
    compared = upgraded.compare(url, run)
    yield from (upgrade_differs(run, change) for change in compared.changes)
    if run.is_one_transaction:
        for start in upgraded.starts():
            yield from _from(upgraded, start, reported)
    return compared.matched_patterns


def _from_base(
    upgraded: DeploymentRuns, reported: set[str]
) -> Generator[Finding, None, tuple[str, UpgradeRun]]:
    """Yield each failure; the next run commits everything before the revision that failed."""
    stops: list[str] = []
    url, run = upgraded.upgrade(stops)
    while run.error is not None:
        yield from _report_failure(upgraded, run, reported)
        if not run.running or not run.done or run.running in stops:
            break
        stops.append(run.running)
        if is_rolled_back(run, url=url):
            run = upgraded.go_on(url, run.running)
        else:
            url, run = upgraded.upgrade(stops)
    return url, run


def _from(upgraded: DeploymentRuns, start: Pending, reported: set[str]) -> Iterator[Finding]:
    """Yield failures that only the shared transaction causes; the walk has found all others."""
    stops, rows_at = [start.revision_id], start.revision_id
    while True:
        _, run = upgraded.upgrade(stops, rows_at=rows_at)
        if run.error is None:
            return
        message = server_message(first_cause(run.error))
        if message is not None and message.sqlstate in _ONLY_IN_ONE_TRANSACTION:
            yield from _report_failure(upgraded, run, reported)
            if not run.done or run.running in stops:
                return
            stops.append(run.running)
        elif rows_at:
            rows_at = ""
        else:
            return


def _report_failure(
    upgraded: DeploymentRuns, run: UpgradeRun, reported: set[str]
) -> Iterator[Finding]:
    """Yield the run's failure, unless it was reported or its revision was not selected."""
    failed = upgraded.find(run.running)
    is_asked_for = failed is None or failed.revision_id in upgraded.wanted
    if run.error is not None and is_asked_for and run.running not in reported:
        reported.add(run.running)
        yield upgrade_fails(run, failed, first_cause(run.error))


def pending_until_commit(seen: Observation) -> Pending | None:
    """Return the effects that others can use only after a commit; None if there are none.

    Rows wait for the commit only if constraints on them are deferred.
    """
    before, after = seen.before, seen.upgraded
    needs: set[str] = set()
    if before.catalog is not after.catalog:
        for one in before.catalog.of_kind("enum"):
            now = after.catalog.find(one.key)
            if now is not None and now is not one and now != one:
                needs.add(str(one.key))
    if any(table.deferred_constraints for table in after.tables):
        needs |= {str(change.table) for change in row_changes(before.rows, after.rows)}
    if not needs:
        return None
    types = (str(one.key) for one in before.catalog.of_kind("enum"))
    there = frozenset((*types, *(str(one.table) for one in before.rows.tables)))
    return Pending(revision_id=seen.revision.revision_id, needs=frozenset(needs), there=there)


def _read(url: str, run: UpgradeRun) -> Catalog:
    """Return the catalog as a new connection sees it, without Alembic's version table."""
    return run_on(url, lambda connection: _catalog(connection, run))


def _catalog(connection: Connection, run: UpgradeRun) -> Catalog:
    return read_catalog(
        connection, version_table=run.version_table, version_schema=run.version_schema
    )
