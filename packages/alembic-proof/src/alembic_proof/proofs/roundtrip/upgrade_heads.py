"""The history applied once more as `alembic upgrade heads` applies it, and read by a new connection.

The walk gives every revision a transaction of its own. env.py may give all of them one, which is
Alembic's default, or one that nobody commits: what then happens to a deployment, only its own run
shows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from alembic_proof.catalog import Catalog, Change, read_catalog
from alembic_proof.env.server_message import first_cause, server_message
from alembic_proof.finding import Finding
from alembic_proof.history.chain import ChainRevision, heads_of, reached
from alembic_proof.history.project import AlembicProject
from alembic_proof.history.script import alembic_config
from alembic_proof.history.upgrade import UpgradeRun, is_rolled_back, try_upgrade, uncommitted
from alembic_proof.history.walk import Ground, Move, walk
from alembic_proof.postgres.connect import run_on
from alembic_proof.proofs.ignored import Ignored
from alembic_proof.proofs.roundtrip.database import State
from alembic_proof.proofs.roundtrip.plan import RowPlan
from alembic_proof.proofs.roundtrip.population import Population
from alembic_proof.proofs.roundtrip.row_changes import row_changes
from alembic_proof.proofs.roundtrip.verdict import (
    nothing_committed,
    upgrade_differs,
    upgrade_fails,
)
from alembic_proof.rows import Shapes

_ONLY_IN_ONE_TRANSACTION = ("55006", "55P04")
"""What a revision meets that another one has done before it in its transaction, and over rows as well:
pending trigger events, an enum value that is not committed (errcodes-appendix).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A revision that leaves something which is over with its commit only.

    That is a new value of an enum type, or rows of a table with deferred constraints, of a type or
    a table that had been committed before.
    """

    revision_id: str
    needs: frozenset[str]
    """The enum types and tables that it is about."""
    there: frozenset[str]
    """All enum types and tables that were there before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentRuns:
    """What is applied once more, and what it is compared with."""

    project: AlembicProject
    open_database: Callable[[], str]
    chain: tuple[ChainRevision, ...]
    applied: frozenset[str]
    """The revisions that the walk could apply."""
    wanted: Collection[str]
    """Those that are proved: what another one does is not reported."""
    failed: frozenset[str]
    """Those whose upgrade is known to fail over rows: what fails again is not reported twice."""
    pending: tuple[Pending, ...]
    """In the order in which they were proved."""
    row_plan: RowPlan
    catalog: Catalog | None
    """What the walk ended with; None where it is not known."""
    ignored: Ignored

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
        :param rows_at: the one before which rows are written as well; none without it.
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
        """Return the revisions from whose parents a deployment is tried as well, as few as will do.

        From base alone a type is as new as its values, and a table has no rows. A start is good for
        every later revision whose types and tables are there already.
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
        """Write rows into all tables, and commit them."""
        population = Population(self.row_plan)

        def fill(connection: Connection) -> None:
            ground = Ground(
                connection=connection,
                heads=run.start if run.heads is None else tuple(sorted(run.heads)),
                version_table=run.version_table,
                version_schema=run.version_schema,
            )
            population.follow(ground, _catalog(connection, run))
            population.fill(ground)

        if self.row_plan.rows:
            run_on(url, fill)

    def find(self, revision_id: str) -> ChainRevision | None:
        """Return the revision; None for an empty id."""
        return next((one for one in self.chain if one.revision_id == revision_id), None)

    def changes(self, url: str, run: UpgradeRun) -> tuple[Change, ...]:
        """Return what the run made otherwise than the walk, which had rows in its way.

        A revision may look at rows, and make a partition for them: what differs is compared with
        revisions that were applied one by one to a database without rows as well.
        """
        found = _read(url, run)
        if self.catalog is None or not self._diff(self.catalog, found):
            return ()
        url = self.open_database()
        failure = walk(alembic_config(self.project, url=url), self._moves)
        return () if failure is not None else self._diff(_read(url, run), found)

    def _moves(self, ground: Ground) -> Iterator[Move]:
        there = reached(self.chain, ground.heads)
        for one in self.chain:
            if one.revision_id in self.applied and one.revision_id not in there:
                yield Move(one.revision_id, is_upgrade=True, is_in_one_run=True)

    def _diff(self, before: Catalog, after: Catalog) -> tuple[Change, ...]:
        return self.ignored.changes(before, after)


def upgrade_heads(upgraded: DeploymentRuns) -> Iterator[Finding]:
    """Upgrade fresh databases, from base and from where a deployment may start, and look at them."""
    if not upgraded.applied:
        return
    reported = set(upgraded.failed)
    url, run = yield from _from_base(upgraded, reported)
    if run.error is not None:
        return
    if missing := uncommitted(run, url=url):
        yield nothing_committed(run, missing)
        return
    yield from (upgrade_differs(run, change) for change in upgraded.changes(url, run))
    if run.is_one_transaction:
        for start in upgraded.starts():
            yield from _from(upgraded, start, reported)


def _from_base(
    upgraded: DeploymentRuns, reported: set[str]
) -> Generator[Finding, None, tuple[str, UpgradeRun]]:
    """Report what fails; where a revision does, all before it is committed, and the next run goes on."""
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
    """Report failures that only the shared transaction causes; the walk has found all others."""
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
    """Report the run's failure, unless it was reported or nobody asked for its revision."""
    failed = upgraded.find(run.running)
    is_asked_for = failed is None or failed.revision_id in upgraded.wanted
    if run.error is not None and is_asked_for and run.running not in reported:
        reported.add(run.running)
        yield upgrade_fails(run, failed, first_cause(run.error))


def pending_until_commit(before: State, after: State, shapes: Shapes) -> frozenset[str]:
    """Return the enum types that have other values after an upgrade, and the tables with other rows.

    Tables count only where a constraint is deferred: nothing else of a row waits for the commit.
    :param shapes: those after the upgrade.
    """
    found: set[str] = set()
    if before.catalog is not after.catalog:
        for one in before.catalog.of_kind("enum"):
            now = after.catalog.find(one.key)
            if now is not None and now is not one and now != one:
                found.add(str(one.key))
    if any(table.deferred for table in shapes):
        found |= {str(change.table) for change in row_changes(before.rows, after.rows)}
    return frozenset(found)


def enums_and_tables(state: State) -> frozenset[str]:
    """Return the names of all enum types and of all tables with rows that are looked at."""
    types = (str(one.key) for one in state.catalog.of_kind("enum"))
    return frozenset((*types, *(str(one.table) for one in state.rows.tables)))


def _read(url: str, run: UpgradeRun) -> Catalog:
    """Return the catalog as a connection of ours sees it, without Alembic's version table."""
    return run_on(url, lambda connection: _catalog(connection, run))


def _catalog(connection: Connection, run: UpgradeRun) -> Catalog:
    return read_catalog(
        connection, version_table=run.version_table, version_schema=run.version_schema
    )
